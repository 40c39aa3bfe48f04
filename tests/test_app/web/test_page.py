"""The running page over HTTP: its settings, its limits, its privacy, and the referral on whatever comes back."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import httpx
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from app.answers.aggregate import MOST
from app.answers.languages import Language, shipped_words
from app.answers.red_flags import BOXES, RedFlag
from app.answers.words import Words
from app.views.markup import paragraphs
from app.web.gradio_setup import SILENCE, gr
from app.web.page.page import DRAWINGS, EXAMPLES
from app.web.security.queue_share import QUEUE
from app.web.security.request_filter import HEADERS, MAX_FILE_BYTES
from app.web.uploads.store import UploadedPhoto
from model.errors import InputError
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, look, running_page, upload

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def client(page: RunningPage) -> Iterator[Client]:
    client = Client(page.url, verbose=False, download_files=False)
    yield client
    client.close()


@pytest.fixture
def web(page: RunningPage) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, timeout=30) as web:
        yield web


def blocks_of(page: RunningPage) -> gr.Blocks:
    mounted = next(route for route in page.app.routes if hasattr(getattr(route, "app", None), "get_blocks"))
    return mounted.app.get_blocks()  # type: ignore[attr-defined]


def test_every_privacy_setting_is_in_force(page: RunningPage, web: httpx.Client) -> None:
    assert {name: os.environ[name].replace("True", "1") for name in SILENCE} == SILENCE  # Gradio writes True for 1.
    blocks = blocks_of(page)
    assert str(page.folder) == blocks.GRADIO_CACHE
    assert not blocks.run_history
    assert blocks.footer_links == []
    assert blocks.enable_monitoring is False
    assert blocks.show_error is False
    assert blocks.ssr_mode is False
    assert blocks.mcp_server_obj is None
    assert blocks.max_file_size == MAX_FILE_BYTES
    assert blocks.delete_cache == (60, 300)
    assert blocks.allowed_paths == []
    assert blocks.analytics_enabled is False
    assert blocks.has_launched
    assert not blocks.share
    assert blocks._queue.max_size == QUEUE
    looks = [function for function in blocks.fns.values() if function.api_name == "look"]
    assert [function.concurrency_limit for function in looks] == [2]
    config = web.get("/config").json()
    assert config["analytics_enabled"] is False
    assert config["run_history"] is False
    assert "githubusercontent" not in json.dumps(config)
    photos = [component for component in blocks.blocks.values() if isinstance(component, gr.Image)]
    assert len(photos) == MOST
    for photo in photos:
        assert isinstance(photo, UploadedPhoto)
        assert (photo.get_block_name(), photo.type, photo.image_mode) == ("image", "filepath", None)


def test_every_response_carries_the_headers(web: httpx.Client) -> None:
    for path in ("/", "/healthz", "/config", "/nowhere"):
        response = web.get(path)
        assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
        assert response.headers["cache-control"] == "no-store"


def test_health_is_told(page: RunningPage, web: httpx.Client) -> None:
    assert web.get("/healthz").json() == {"status": "ok", "model_version": page.classifier.card.version}


def test_a_file_over_15_mb_is_refused_with_the_referral(page: RunningPage, web: httpx.Client) -> None:
    before = list(page.folder.rglob("*"))
    for size in (MAX_FILE_BYTES + 1, MAX_FILE_BYTES + 1_000_000):
        response = web.post("/gradio_api/upload", files={"files": ("photo.jpg", bytes(size))})
        assert response.status_code == 413
        assert page.words.page["too_large"] in response.text
        assert "doctor" in response.text
    assert list(page.folder.rglob("*")) == before


def test_what_is_no_upload_is_refused(web: httpx.Client) -> None:
    two = [("files", ("a.jpg", b"a")), ("files", ("b.jpg", b"b"))]
    assert web.post("/gradio_api/upload", files=two).status_code == 400
    assert web.post("/gradio_api/upload", content=b"a").status_code == 400
    assert web.post("/gradio_api/upload", files={"other": ("a.jpg", b"a")}).status_code == 400
    broken = {"content-type": "multipart/form-data; boundary=x"}
    assert web.post("/gradio_api/upload", content=b"no boundary in here", headers=broken).status_code == 400


def test_the_photo_that_is_served_back_has_no_exif_and_no_name(page: RunningPage, web: httpx.Client) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe, 51.4778 N"
    data = BytesIO()
    Image.fromarray(skin()).save(data, "JPEG", exif=exif)
    path = upload(web, data.getvalue(), "Jane Doe.jpg")
    assert "Jane" not in path
    served = web.get(f"/gradio_api/file={path}").raise_for_status()
    assert b"Jane" not in served.content
    with Image.open(BytesIO(served.content)) as photo:
        assert photo.info == {}
    assert not [file for file in page.folder.rglob("*") if file.is_file() and b"Jane" in file.read_bytes()]


def test_a_photo_gets_its_answer_through_the_client(page: RunningPage, client: Client, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(encoded(skin()))
    html = client.predict(handle_file(photo), [], api_name="/look")
    (prediction,) = page.classifier.classify([page.classifier.read(photo)])
    answer = page.words.answer(prediction)
    assert f"<h2>{answer.title}</h2>" in html and answer.headline in html
    assert html.index(paragraphs(answer.referral)) < html.index('class="bar"')


def test_a_red_flag_overrides_the_model(page: RunningPage, web: httpx.Client) -> None:
    (event,) = look(web, upload(web, encoded(skin())), RedFlag.SPREADING)
    assert f"<h2>{page.words.red_flag_headline}</h2>" in json.loads(event["data"])[0]


@pytest.mark.parametrize("data", [b"", b"<svg onload=alert(1)>", encoded(skin())[:900], encoded(skin()[:8, :8], "PNG")])
def test_a_bad_file_gets_an_answer_with_the_referral(page: RunningPage, web: httpx.Client, data: bytes) -> None:
    (event,) = look(web, upload(web, data, "<img src=x>.jpg"))
    assert event["event"] == "complete"
    (html,) = json.loads(event["data"])
    assert paragraphs(page.words.answer_error(InputError("nothing_found", "-")).referral) in html
    assert paragraphs(page.words.emergency) in html
    assert "<svg onload" not in html
    assert "<img src=x" not in html


def test_no_photo_at_all_gets_the_referral(page: RunningPage, client: Client) -> None:
    html = client.predict(None, [], api_name="/look")
    assert page.words.page["no_photo"] in html
    assert page.words.answer_error(InputError("nothing_found", "-")).referral in html


def test_a_file_of_the_server_is_neither_served_nor_scored_nor_deleted(
    page: RunningPage, web: httpx.Client, tmp_path: Path
) -> None:
    canary = tmp_path / "canary.jpg"
    canary.write_bytes(encoded(skin()))
    in_folder = page.folder / "canary.jpg"
    in_folder.write_bytes(encoded(skin()))
    for path in (str(canary), str(in_folder), f"{page.folder}/photos/../../../{canary.name}", "/etc/passwd"):
        (event,) = look(web, path)
        assert event["event"] == "error", path
        assert "passwd" not in event["data"]
    assert web.get(f"/gradio_api/file={canary}").status_code == 403
    assert web.get("/gradio_api/file=/etc/passwd").status_code == 403
    assert canary.exists()
    assert in_folder.exists()


def test_an_address_is_never_fetched(web: httpx.Client) -> None:
    asked: list[str] = []

    class Listener(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

    with http.server.HTTPServer(("127.0.0.1", 0), Listener) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        address = f"http://127.0.0.1:{listener.server_port}/photo.jpg"
        (event,) = look(web, address)
        assert event["event"] == "error"
        assert web.get(f"/gradio_api/file={address}").status_code == 404
        listener.shutdown()
        thread.join()
    assert asked == []


@pytest.mark.parametrize(
    ("path", "accepted", "status", "location"),
    [
        ("/", "es-MX,es;q=0.9,en;q=0.5", 307, "./es/"),
        ("/?__theme=dark", "es", 307, "./es/?__theme=dark"),
        ("/", "pt-BR,pt;q=0.9,en;q=0.5", 307, "./pt/"),
        ("/pt", "en", 307, "./pt/"),
        ("/pt/", "en", 200, None),
        ("/", "en-GB,es;q=0.5", 200, None),
        ("/", "", 200, None),
        ("/?lang=en", "es", 200, None),
        ("/es", "en", 307, "./es/"),
        ("/es/", "en", 200, None),
        ("/healthz", "es", 200, None),
        ("/config", "es", 200, None),
    ],
)
def test_the_browser_chooses_the_language_unless_a_person_did(
    web: httpx.Client, path: str, accepted: str, status: int, location: str | None
) -> None:
    response = web.get(path, headers={"Accept-Language": accepted})
    assert (response.status_code, response.headers.get("location")) == (status, location)
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)


def test_each_page_speaks_its_language_and_leads_to_the_others(page: RunningPage, web: httpx.Client) -> None:
    links = {"en": ["./es/", "./pt/"], "es": ["../?lang=en", "../pt/"], "pt": ["../?lang=en", "../es/"]}
    for language in Language:
        path = "/" if language is Language.ENGLISH else f"/{language}/"
        words = Words.read(shipped_words(language))
        html = web.get(path, follow_redirects=True).text
        assert words.page["tagline"] in html
        assert f'lang="{words.language}"' in html[:100]
        config = web.get(f"{path}config").json()
        told = json.dumps(config["components"], ensure_ascii=False)
        for key in ("photo_label", "photo_prompt", "photo_hint", "red_flags_title", "red_flags_hint", "button"):
            assert json.dumps(words.page[key], ensure_ascii=False)[1:-1] in told
        assert all(link in told for link in links[language])
        (boxes,) = [one["props"] for one in config["components"] if one["props"].get("elem_id") == "red-flags"]
        assert boxes["choices"] == [[words.red_flags[flag], flag] for flag in BOXES]


def test_the_command_line_can_put_a_language_first(tiny_model: Path, tmp_path: Path) -> None:
    with running_page(tiny_model, tmp_path / "home", by_browser=False) as running:
        asked = httpx.get(running.url, headers={"Accept-Language": "es"})
        assert asked.status_code == 200
        assert running.words.page["tagline"] in asked.text


def test_what_is_ticked_is_written_nowhere(
    page: RunningPage, web: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    (event,) = look(web, upload(web, encoded(skin())), RedFlag.PREGNANCY)
    assert page.words.same_day_headline in json.loads(event["data"])[0]
    told = capfd.readouterr()
    assert "pregnan" not in (told.out + told.err).lower()
    assert not [file for file in page.folder.rglob("*") if file.is_file() and b"pregnan" in file.read_bytes().lower()]


def test_the_drawings_are_small_and_readable(page: RunningPage) -> None:
    for name in DRAWINGS:
        data = (EXAMPLES / f"{name}.jpg").read_bytes()
        assert len(data) < 60_000
        assert min(page.classifier.read(data).size) >= 384
        assert page.words.page[f"example_{name}"].startswith("Drawing")
