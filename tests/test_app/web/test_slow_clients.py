"""Whoever is slow, silent or many closes the page to nobody, over real sockets with shortened limits."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio
import httpx
import pytest

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.security import connections, queue_share
from app.web.service_limits import Limits
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, look, running_page, upload
from tests.support.slow_clients import connected, crowd, form, head, rest_of, trickle, until

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

SHORT = Limits(
    connections=60,
    head=0.7,
    drain=0.7,
    gap=0.7,
    grace=0.7,
    bytes_per_second=2_000,
    open_forms=4,
    waiting_forms=120,
    wait=20.0,
)
UPLOAD = "/gradio_api/upload"
KIND, PHOTO = form(encoded(skin()))
API_KIND, API_PHOTO = form(encoded(skin()), field="photo")
STRANGER = "127.0.0.2"


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home", limits=SHORT) as running:
        yield running


def assert_visitor_is_answered(page: RunningPage) -> None:
    """An ordinary visitor opens the page, uploads a photo and reads the answer; so does a program."""
    with httpx.Client(base_url=page.url, timeout=20) as web:
        assert page.words.page["tagline"] in web.get("/").raise_for_status().text
        (event,) = look(web, upload(web, encoded(skin())))
        assert event["event"] == "complete"
        answer = web.post("/api/v1/answers", files={"photo": encoded(skin())}).raise_for_status().json()
        assert answer["referral"]


def test_a_head_that_does_not_end_is_closed(page: RunningPage) -> None:
    with connected(page.url) as silent, connected(page.url, b"GET / HTTP/1.1\r\nHost: page\r\nX-") as slow:
        with suppress(OSError):  # Closed at some byte.
            for _ in range(20):
                time.sleep(0.1)
                slow.sendall(b"a")
        assert rest_of(slow) == b""
        assert rest_of(silent) == b""


def test_a_kept_alive_connection_has_no_longer_for_its_next_head(page: RunningPage) -> None:
    with connected(page.url, b"GET /healthz HTTP/1.1\r\nHost: page\r\n\r\n") as client:
        until(client, b"model_version")
        time.sleep(1.5)  # Idle, which is allowed.
        client.sendall(b"GET /healthz HTTP/1.1\r\nHost: page\r\n\r\n")
        until(client, b"model_version")
        client.sendall(b"GET /hea")
        assert rest_of(client) == b""


@pytest.mark.parametrize(
    ("path", "kind", "body"),
    [
        (UPLOAD, KIND, PHOTO[:0]),
        ("/es" + UPLOAD, KIND, PHOTO[:5000]),
        ("/api/v1/answers", API_KIND, API_PHOTO[:5000]),
        ("/gradio_api/queue/join", b"application/json", b'{"data": '),
    ],
    ids=["upload", "Spanish upload", "API", "queue"],
)
def test_a_body_that_stops_is_refused_with_the_referral(page: RunningPage, path: str, kind: bytes, body: bytes) -> None:
    with connected(page.url, head(path, kind, 10_000), body) as client:
        told = rest_of(client).decode()
    assert told.startswith("HTTP/1.1 408 ")
    said = page.words.entries["could_not_read"].referral
    assert (said if not path.startswith("/es") else "médico") in told
    assert_visitor_is_answered(page)


def test_a_body_that_drips_is_refused_though_it_never_stops(page: RunningPage) -> None:
    with connected(page.url, head(UPLOAD, KIND, len(PHOTO)), PHOTO[:200]) as client:
        stop = threading.Event()

        def drip() -> None:
            try:
                while not stop.wait(0.1):
                    client.sendall(b"a")
            except OSError:
                pass

        dripping = threading.Thread(target=drip)
        dripping.start()
        told = rest_of(client)
        stop.set()
        dripping.join()
    assert told.startswith(b"HTTP/1.1 408 ")


def test_a_slow_but_steady_upload_gets_through(page: RunningPage) -> None:
    kind, body = form(bytes(12_000))
    with connected(page.url, head(UPLOAD, kind, len(body))) as client:
        # Twice the least, and for longer than anything may stand still.
        assert len(body) / (2 * SHORT.bytes_per_second) > 2 * SHORT.gap
        trickle(client, body, bytes_per_second=2 * SHORT.bytes_per_second)
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK")


def test_forms_that_only_begin_keep_nobody_out(page: RunningPage) -> None:
    with crowd(page.url, 40, head(UPLOAD, KIND, len(PHOTO)), source=STRANGER):
        assert_visitor_is_answered(page)


def test_200_idle_connections_keep_nobody_out(page: RunningPage) -> None:
    with crowd(page.url, 200, source=STRANGER):
        assert_visitor_is_answered(page)


def test_200_open_streams_from_one_address_keep_nobody_else_out(page: RunningPage) -> None:
    stream = b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: page\r\n\r\n"
    with crowd(page.url, 200, stream, source=STRANGER):
        assert_visitor_is_answered(page)


def test_who_comes_when_all_are_busy_is_told_with_the_referral(page: RunningPage) -> None:
    stream = b"GET /gradio_api/heartbeat/abc HTTP/1.1\r\nHost: page\r\n\r\n"
    with crowd(page.url, SHORT.connections, stream) as streams:
        for client in streams:
            assert b"200 OK" in client.recv(1024)
        with connected(page.url, b"GET /es/ HTTP/1.1\r\nHost: page\r\n\r\n") as late:
            told = rest_of(late).decode()
    assert told.startswith("HTTP/1.1 503 ")
    assert "médico" in told
    assert "X-Frame-Options: DENY" in told.replace("x-frame-options", "X-Frame-Options")


def test_who_takes_in_nothing_of_the_answer_is_not_held(tiny_model: Path, tmp_path: Path, page: RunningPage) -> None:
    limits = replace(SHORT, write=0.5, keep_alive=1)
    with running_page(tiny_model, tmp_path / "home", classifier=page.classifier, limits=limits) as running:
        asset = max(
            (Path(gradio.__file__).parent / "templates/frontend/assets").iterdir(), key=lambda p: p.stat().st_size
        )
        asked = b"GET /assets/%s HTTP/1.1\r\nHost: page\r\n\r\n" % asset.name.encode() * 12
        with connected(running.url) as client:
            client.sendall(asked)
            time.sleep(2)
            received = len(rest_of(client))
        assert 0 < received < 12 * asset.stat().st_size


@pytest.mark.parametrize(
    "request_",
    [
        b"no http at all\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: page\r\nbroken header\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: page\r\nX: " + b"a" * 70_000,
        b"POST /gradio_api/upload HTTP/1.1\r\nHost: page\r\nContent-Length: -5\r\n\r\n",
        b"POST /gradio_api/upload HTTP/1.1\r\nHost: page\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_http_is_refused_with_the_referral_in_all_languages(page: RunningPage, request_: bytes) -> None:
    with connected(page.url, request_) as client:
        told = rest_of(client).decode()
    assert told.startswith("HTTP/1.1 400 ")
    assert page.words.entries["could_not_read"].referral in told
    assert "médico" in told
    assert_visitor_is_answered(page)


def test_an_upgrade_to_a_websocket_is_answered_as_what_it_is_without(page: RunningPage) -> None:
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": "a", "Sec-WebSocket-Version": "13"}
    response = httpx.get(f"{page.url}/gradio_api/queue/join", headers=upgrade)
    assert response.status_code == 405
    assert page.words.entries["could_not_read"].referral in response.text


def test_fifty_people_at_once_are_all_answered_and_see_their_place_in_line(page: RunningPage) -> None:
    gate = threading.Barrier(51)
    places: list[int] = []

    def visit(number: int) -> bool:
        with httpx.Client(base_url=page.url, timeout=60) as web:
            gate.wait()
            sent = web.post(f"{UPLOAD}?upload_id=visitor{number}", files={"files": ("photo.jpg", encoded(skin()))})
            (path,) = sent.raise_for_status().json()
            (event,) = look(web, path)
            return event["event"] == "complete"

    with crowd(page.url, 2, head(UPLOAD, KIND, len(PHOTO))), ThreadPoolExecutor(50) as pool:
        # Two forms that only begin leave their address no turn for a while: everybody has to wait.
        answers = [pool.submit(visit, number) for number in range(50)]
        gate.wait()
        with httpx.Client(base_url=page.url, timeout=20) as web:
            while not all(answer.done() for answer in answers):
                number = len(places) % 50
                places.append(web.get(f"/gradio_api/waiting?upload_id=visitor{number}").json()["place"])
        assert [answer.result() for answer in answers] == [True] * 50
    assert max(places) > 1
    assert httpx.get(f"{page.url}/gradio_api/waiting").json() == {"place": 0}


def test_no_temporary_file_holds_an_upload(page: RunningPage) -> None:
    def temporary_files() -> set[str]:
        links = []
        for link in Path("/proc/self/fd").iterdir():
            try:
                links.append(str(link.readlink()))
            except OSError:  # Closed in the meantime.
                continue
        return {link for link in links if link.startswith(tempfile.gettempdir()) and "(deleted)" in link}

    if not Path("/proc/self/fd").is_dir():
        pytest.skip("only Linux tells which files are open")
    before = temporary_files()
    with tempfile.TemporaryFile():
        assert temporary_files() - before, "such a file would be found"
    kind, body = form(os.urandom(10_000_000))
    with connected(page.url, head(UPLOAD, kind, len(body)), body[:-1000]) as client:
        time.sleep(0.5)
        assert temporary_files() <= before
        client.sendall(body[-1000:])
        assert client.recv(65_536).startswith(b"HTTP/1.1 200 OK")
    assert temporary_files() <= before


def test_no_part_of_an_answer_waits_until_the_one_before_it_is_confirmed(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = []
    made = connections._Connection.connection_made

    def connection_made(connection: Any, transport: Any) -> None:
        made(connection, transport)
        at_once.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    monkeypatch.setattr(connections._Connection, "connection_made", connection_made)
    assert httpx.get(f"{page.url}/healthz").status_code == 200
    assert at_once and all(at_once)


def join(url: str, source: str, prefix: str = "") -> httpx.Response:
    with httpx.Client(base_url=url, timeout=30, transport=httpx.HTTPTransport(local_address=source)) as web:
        return web.post(f"{prefix}/gradio_api/call/look", json={"data": [None, [], *[None] * 5]})


def test_one_address_cannot_fill_the_queue_of_looks(page: RunningPage, monkeypatch: pytest.MonkeyPatch) -> None:
    """All looks wait until the end; half of the places are for others, on whichever page the first ones are."""
    monkeypatch.setattr(queue_share, "QUEUE", 8)
    go_on = threading.Event()
    monkeypatch.setattr("app.web.page.page.no_photo_html", lambda words, ticked: go_on.wait(20) and "")
    crowd_of_one = "127.0.0.3"
    try:
        prefixes = ["", "/es", "/pt"] * 8
        with ThreadPoolExecutor(len(prefixes)) as pool:
            sent = list(pool.map(lambda prefix: join(page.url, crowd_of_one, prefix), prefixes))
        statuses = [response.status_code for response in sent]
        # Two per page are looked at, and wait no longer.
        assert 4 <= statuses.count(200) <= 4 + 2 * 3 and statuses.count(503) == len(sent) - statuses.count(200)
        for response, prefix in zip(sent, prefixes, strict=True):
            if response.status_code == 503:
                words = Words.read(shipped_words(Language(prefix[1:] or "en")))
                assert words.page["busy"] in response.json()["detail"]
                assert words.entries["could_not_read"].referral in response.json()["detail"]
                assert response.headers["content-language"] == words.language
        # Some may have left the line to be looked at since: it fills up again, and no further.
        assert 503 in [join(page.url, crowd_of_one, prefix).status_code for prefix in prefixes]
        assert join(page.url, STRANGER).status_code == 200
    finally:
        go_on.set()
    while join(page.url, crowd_of_one).status_code != 200:
        time.sleep(0.05)
