"""The guard answers what the page never asks, caps sizes, and marks every response."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.security.queue_share import QUEUE, QueueShare
from app.web.security.refusals import refusals_of
from app.web.security.request_filter import HEADERS, MAX_FILE_BYTES, Guard
from app.web.service_limits import Limits

REFUSALS = refusals_of([Words.read(shipped_words(language)) for language in Language])


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("behind")(scope, receive, send)


async def ask(method: str, path: str, *, busy: bool = False, app: ASGIApp = behind, **request: Any) -> httpx.Response:
    guard = Guard(
        app, refusals=REFUSALS, queue=QueueShare(lambda: ["192.0.2.1"] * (QUEUE if busy else 0)), limits=Limits()
    )
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return await client.request(method, path, **request)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/", "/config", "/healthz", "/theme.css", "/assets/a.js", "/gradio_api/file=/a.png", "/es/", "/es/config"]
)
async def test_what_the_page_asks_goes_through_and_is_marked(path: str) -> None:
    response = await ask("GET", path)
    assert response.text == "behind"
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/docs"),
        ("GET", "/monitoring"),
        ("GET", "/monitoring/summary"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/run-history/records"),
        ("GET", "/gradio_api/file=http://example.org/a.png"),
        ("GET", "/gradio_api/file=relative.png"),
        ("GET", "/gradio_api/proxy=http://example.org/a.png"),
        ("GET", "/gradio_api/dev/reload"),
        ("POST", "/gradio_api/run/look"),
        ("POST", "/gradio_api/api/look"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("GET", "/es/monitoring"),
        ("GET", "/fr/"),
        ("GET", "/estonia"),
    ],
)
async def test_what_the_page_never_asks_does_not_exist(method: str, path: str) -> None:
    response = await ask(method, path)
    assert response.status_code == 404
    assert response.headers["x-frame-options"] == "DENY"
    assert response.text == REFUSALS["/es" if path.startswith("/es/") else ""].say("not_found")


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/", "GET, HEAD"),
        ("POST", "/healthz", "GET, HEAD"),
        ("OPTIONS", "/gradio_api/upload", "POST"),
        ("HEAD", "/gradio_api/heartbeat/a", "GET"),
        ("HEAD", "/es/gradio_api/queue/data", "GET"),
        ("GET", "/gradio_api/queue/join", "POST"),
    ],
)
async def test_a_method_that_an_address_does_not_take_is_told_which_it_takes(
    method: str, path: str, allowed: str
) -> None:
    response = await ask(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert method == "HEAD" or response.text == REFUSALS["/es" if path.startswith("/es/") else ""].say(
        "method_not_allowed"
    )


@pytest.mark.anyio
async def test_head_is_answered_like_get_without_the_body() -> None:
    for path in ("/", "/healthz", "/config", "/es/"):
        head, get = await ask("HEAD", path), await ask("GET", path)
        assert (head.status_code, head.headers, head.content) == (200, get.headers, b"")


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "code"), [(403, "not_found"), (422, "malformed"), (500, "failed")])
async def test_a_refusal_behind_it_is_said_anew_with_the_referral(status: int, code: str) -> None:
    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await JSONResponse({"detail": "secret"}, status_code=status)(scope, receive, send)

    response = await ask("GET", "/es/config", app=refusing)
    assert response.status_code == status
    assert response.json() == {"detail": REFUSALS["/es"].say(code)}
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.anyio
async def test_what_fails_behind_it_is_answered_with_the_referral_and_told_to_the_server() -> None:
    async def failing(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError

    guard = Guard(failing, refusals=REFUSALS, queue=QueueShare(list), limits=Limits())
    transport = httpx.ASGITransport(guard, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        response = await client.get("/")
    assert (response.status_code, response.text) == (500, REFUSALS[""].say("failed"))
    with pytest.raises(ZeroDivisionError):
        await ask("GET", "/", app=failing)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/gradio_api/upload", str(MAX_FILE_BYTES), 200),
        ("/gradio_api/upload", str(MAX_FILE_BYTES + 100_000), 413),
        ("/gradio_api/upload", "-1", 413),
        ("/gradio_api/upload", "²", 413),
        ("/gradio_api/queue/join", "1000", 200),
        ("/gradio_api/queue/join", "1000000", 413),
        ("/es/gradio_api/upload", str(MAX_FILE_BYTES + 100_000), 413),
    ],
)
async def test_bodies_are_capped_before_they_are_read(path: str, length: str, status: int) -> None:
    guard = Guard(behind, refusals=REFUSALS, queue=QueueShare(list), limits=Limits())
    sent: list[dict[str, object]] = []
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-length", length.encode("latin-1"))]}

    async def receive() -> dict[str, object]:
        assert status == 200, "the body was read"
        return {"type": "http.request"}

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await guard(scope, receive, send)
    assert sent[0]["status"] == status
    said = REFUSALS["/es" if path.startswith("/es/") else ""].say("file_too_large")
    assert status != 413 or sent[1]["body"] == said.encode()


@pytest.mark.anyio
async def test_a_body_of_unknown_length_is_read_up_to_the_cap() -> None:
    async def pieces(size: int) -> AsyncIterator[bytes]:
        for _ in range(size):
            yield bytes(1024)

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse(str(len(await Request(scope, receive).body())))(scope, receive, send)

    small = await ask("POST", "/gradio_api/queue/join", app=echo, content=pieces(200))
    assert (small.status_code, small.text) == (200, str(200 * 1024))
    large = await ask("POST", "/es/gradio_api/queue/join", app=echo, content=pieces(300))
    assert (large.status_code, large.text) == (413, REFUSALS["/es"].say("file_too_large"))


@pytest.mark.anyio
async def test_a_full_queue_says_so_with_the_referral() -> None:
    response = await ask("POST", "/gradio_api/queue/join", busy=True)
    assert response.status_code == 503
    assert response.json() == {"detail": REFUSALS[""].say("busy")}
    assert (await ask("GET", "/", busy=True)).status_code == 200
