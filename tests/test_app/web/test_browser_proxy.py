"""The page behind a proxy, and in a frame of another page, in a real Chromium."""

from __future__ import annotations

import http.server
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from app.web.deployment import Deployment
from tests.support.browser import DESK, PHONE, assert_quiet, choose, look, visiting
from tests.support.drawing import encoded, skin
from tests.support.page_server import running_page
from tests.support.proxy_server import Proxy, running_proxy

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue uses options that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),
]


SERVING = (Path(__file__).parents[3] / "docs" / "serving.md").read_text(encoding="utf-8")


def documented() -> dict[str, object]:
    """Return what the document's nginx does, as the small proxy takes it."""
    (example,) = re.findall(r"```nginx\n(.*?)```", SERVING, re.DOTALL)
    (below,) = re.findall(r"location (\S+)/ \{", example)
    (slash,) = re.findall(r"proxy_pass http://127\.0\.0\.1:7860(/?);", example)
    values = {
        "$host": "localhost",
        "$http_host": "localhost",
        "$remote_addr": "192.0.2.7",
        "$scheme": "https",
        '""': "",
    }
    tells = {name: values[value] for name, value in re.findall(r"proxy_set_header (\S+) (\S+);", example)}
    assert {"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix"} <= tells.keys()
    return {"below": below, "strips": bool(slash), "tells": tells}


CLAIMS = {"X-Forwarded-Host": "elsewhere.invalid", "X-Forwarded-Proto": "http"}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin(width=640, height=480), quality=95))
    return path


@pytest.mark.parametrize(
    ("width", "proxy", "deployment"),
    [
        pytest.param(DESK, {"tells": CLAIMS}, {}, id="its own host, TLS ended without a word"),
        pytest.param(
            PHONE, documented(), {"proxies": ["127.0.0.1"]}, id="as documented, below a path that it takes away"
        ),
        pytest.param(
            DESK, {"below": "/red/spots", "strips": False}, {"root_path": "/red/spots"}, id="below a path it leaves"
        ),
    ],
)
def test_the_page_works_behind_a_proxy(
    browser: Browser,
    tiny_model: Path,
    tmp_path: Path,
    photo: Path,
    width: int,
    proxy: dict[str, Any],
    deployment: dict[str, Any],
) -> None:
    with running_page(tiny_model, tmp_path / "home", deployment=Deployment.parse(**deployment)) as page:
        front = Proxy(page.url, **proxy)
        with (
            running_proxy(front, tmp_path) as url,
            visiting(browser, f"{url}{front.below}/", width=width, locale="es-ES") as visit,
        ):
            assert visit.page.url == f"{url}{front.below}/es/"
            visit.page.locator("#examples button").first.click()
            preview = visit.page.locator("#photo img").first
            preview.wait_for()
            assert preview.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 60
            visit.page.locator("#start-over").click()
            expect(visit.page.locator("#photo img")).to_have_count(0)
            choose(visit, photo)
            look(visit)
            expect(visit.page.locator("#answer .referral")).to_be_visible()
            visit.page.locator("#head nav a[lang=en]").click()
            expect(visit.page.locator("html")).to_have_attribute("lang", "en")
            assert visit.page.url == f"{url}{front.below}/?lang=en"
            choose(visit, photo)
            look(visit)
            assert [address for address in visit.requests if address.startswith("http://")] == []
            assert_quiet(visit)


@dataclass
class Frame:
    """A page of another origin that shows a page in a frame."""

    url: str
    shown: str = ""


@contextmanager
def framing() -> Iterator[Frame]:
    """Serve such a page while the block runs."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            if self.path == "/":
                loaded = f'<iframe src="{frame.shown}" onload="window.loaded = true" style="height: 90vh"></iframe>'
                self.wfile.write(f'<button id="look"></button>{loaded}'.encode())

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        frame = Frame(f"http://localhost:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield frame
        finally:
            server.shutdown()
            thread.join(timeout=20)


def test_a_frame_shows_the_page_only_on_pages_that_were_named(
    browser: Browser, tiny_model: Path, tmp_path: Path
) -> None:
    for is_named in (False, True):
        with framing() as frame:
            named = Deployment.parse(frame_ancestors=[frame.url] if is_named else [])
            with running_page(tiny_model, tmp_path / f"{is_named}", deployment=named) as page:
                frame.shown = f"{page.url}/?lang=en"
                with visiting(browser, frame.url, width=PHONE) as visit:
                    inside = visit.page.frame_locator("iframe")
                    if is_named:
                        inside.locator("#examples button").first.click()
                        inside.locator("#photo img").first.wait_for()
                        inside.locator("#look").click()
                        expect(inside.locator("#answer .referral")).to_be_visible()
                        assert_quiet(visit)
                    else:
                        visit.page.wait_for_function("window.loaded")
                        expect(inside.locator("#look")).to_have_count(0)
                        assert "frame-ancestors" in "".join(visit.errors)
