"""Before a photo has arrived: over a weak network, and with a camera that the browser does not give to the page."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, CDPSession, expect

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from tests.support.browser import DESK, PHONE, PLAIN, Visit, assert_fits, assert_quiet, choose, look, visiting
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue uses options that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),
]

ENGLISH, SPANISH = (Words.read(shipped_words(language)) for language in (Language.ENGLISH, Language.SPANISH))
BOTH = pytest.mark.parametrize(
    ("width", "path", "words"), [(DESK, "/?lang=en", ENGLISH), (PHONE, "/es/", SPANISH)], ids=["desk", "phone"]
)
WEAK = 30_000
"""Bytes per second."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin(width=640, height=480), quality=95))
    return path


@pytest.fixture
def large(tmp_path: Path) -> Path:
    path = tmp_path / "large.jpg"
    noise = np.random.default_rng(0).integers(0, 255, (700, 700, 3), dtype=np.uint8)
    path.write_bytes(encoded(noise, quality=95))
    assert path.stat().st_size > 10 * WEAK
    return path


def weaken(visit: Visit) -> CDPSession:
    """Slow down what the browser sends until `heal`."""
    network = visit.page.context.new_cdp_session(visit.page)
    network.send("Network.enable")
    slow = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": WEAK}
    network.send("Network.emulateNetworkConditions", slow)
    return network


def heal(network: CDPSession) -> None:
    fast = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
    network.send("Network.emulateNetworkConditions", fast)


def assert_quiet_but_for_http(visit: Visit) -> None:
    """Chromium notes a header that counts only where the address is secure."""
    visit.errors = [error for error in visit.errors if "Cross-Origin-Opener-Policy" not in error]
    assert_quiet(visit)


@BOTH
def test_a_photo_that_takes_long_shows_how_far_it_is_and_is_answered_if_the_button_came_first(
    browser: Browser, page: RunningPage, large: Path, width: int, path: str, words: Words
) -> None:
    with visiting(browser, f"{page.url}{path}", width=width, touch=width == PHONE) as visit:
        line, answer = visit.page.locator(".tools .sending").first, visit.page.locator("#answer")
        expect(line).to_be_hidden()
        network = weaken(visit)
        visit.page.locator("#photo input[type=file]").first.set_input_files(large)
        expect(line).to_be_visible()
        moves = "least => [document.querySelector('.tools progress').value].some((now) => now > least && now < 100)"
        visit.page.wait_for_function(moves, arg=0)
        visit.page.wait_for_function(
            moves, arg=visit.page.locator(".tools progress").first.evaluate("bar => bar.value")
        )
        said = re.escape(words.page["sending"]).replace(re.escape("{percent}"), r"\d+")
        expect(line.locator("p")).to_have_text(re.compile(said))
        expect(visit.page.locator("#photo .uploading")).to_have_text(words.page["uploading"])
        expect(line.locator("progress")).to_have_accessible_name(words.page["sending_label"])
        assert_fits(visit, width)
        expect(visit.page.locator("#early")).to_be_empty()
        visit.page.locator("#look").click()
        expect(visit.page.locator("#early")).to_have_text(words.page["on_its_way"])
        expect(visit.page.locator("#early")).to_be_in_viewport()
        assert_fits(visit, width)
        assert words.page["no_photo"] not in answer.inner_text()
        heal(network)
        answer.locator("article").first.wait_for()
        expect(answer.locator(".badge.error")).to_have_count(0)
        expect(answer).not_to_contain_text(words.page["no_photo"])
        expect(visit.page.locator("#photo img")).to_have_count(1)
        expect(visit.page.locator("#early")).to_be_empty()
        expect(line).to_be_hidden()
        assert_quiet(visit)


def test_a_photo_that_is_lost_on_its_way_says_so_and_is_no_longer_on_its_way(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    with visiting(browser, page.url) as visit:
        visit.page.route("**/gradio_api/upload?**", lambda route: route.abort())
        visit.page.locator("#photo input[type=file]").first.set_input_files(photo)
        expect(visit.page.locator(".toast-body.error")).to_be_visible()
        expect(visit.page.locator("#trouble")).to_be_visible()
        expect(visit.page.locator(".tools .sending").first).to_be_hidden()
        visit.page.unroute("**/gradio_api/upload?**")
        visit.page.reload()
        visit.page.locator("#look").wait_for()
        choose(visit, photo)
        look(visit)


@BOTH
def test_a_camera_that_the_browser_keeps_from_the_page_says_why(
    browser: Browser, page: RunningPage, photo: Path, width: int, path: str, words: Words
) -> None:
    url = page.url.replace("127.0.0.1", PLAIN)
    with visiting(browser, f"{url}{path}", width=width, touch=width == PHONE) as visit:
        why = visit.page.locator(".tools .why").first
        assert not visit.page.evaluate("isSecureContext")
        for button, reason in (("use_camera", "no_camera"), ("paste", "no_clipboard")):
            visit.page.locator("#photo").get_by_label(words.page[button]).click()
            expect(why).to_have_text(words.page[reason])
            expect(why).to_be_in_viewport()
            assert_fits(visit, width)
        visit.page.locator("#photo").get_by_label(words.page["upload_file"]).click()
        expect(why).to_be_empty()
        choose(visit, photo)
        look(visit)
        assert_quiet_but_for_http(visit)


def test_a_phone_offers_its_own_camera_beside_the_photos_that_it_has(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    url = page.url.replace("127.0.0.1", PLAIN)
    with visiting(browser, f"{url}/?lang=en", width=PHONE, touch=True) as visit:
        cameras = visit.page.locator(".own-camera")
        expect(cameras.first).to_have_text(ENGLISH.page["own_camera"])
        expect(cameras.locator("visible=true")).to_have_count(1)
        box = cameras.first.bounding_box()
        assert box and box["height"] >= 44
        own = cameras.first.locator("input")
        assert (own.get_attribute("accept"), own.get_attribute("capture")) == ("image/*", "environment")
        gallery = visit.page.locator("#photo input[type=file]").first
        assert (gallery.get_attribute("accept"), gallery.get_attribute("capture")) == ("image/*", None)
        own.set_input_files(photo)
        visit.page.locator("#photo img").first.wait_for()
        expect(cameras.locator("visible=true")).to_have_count(0)
        visit.page.locator("#add-photo").click()
        visit.page.locator("#photo-2 .source-selection").wait_for()
        expect(cameras.locator("visible=true")).to_have_count(1)
        cameras.nth(1).locator("input").set_input_files(photo)
        visit.page.locator("#photo-2 img").first.wait_for()
        look(visit)
        expect(visit.page.locator("#answer .several")).to_be_visible()
        assert_quiet_but_for_http(visit)


def test_a_phone_that_has_begun_with_the_pages_camera_can_still_take_its_own(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    with visiting(browser, page.url, width=PHONE, touch=True) as visit:
        visit.page.locator("#photo").get_by_label(ENGLISH.page["use_camera"]).click()
        expect(visit.page.get_by_text(ENGLISH.page["start_camera"])).to_be_visible()
        visit.page.locator(".own-camera input").first.set_input_files(photo)
        visit.page.locator("#photo img").first.wait_for()
        look(visit)
        assert_quiet(visit)


def test_a_desk_with_a_mouse_offers_no_camera_of_a_phone(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url) as visit:
        expect(visit.page.locator(".own-camera").locator("visible=true")).to_have_count(0)
        expect(visit.page.locator(".tools").locator("visible=true")).to_have_count(0)
