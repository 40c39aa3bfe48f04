"""Cropping to the spots in a real Chromium: by mouse, finger and keyboard, undone, forgotten, and told to everybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, expect

from app.web.uploads.store import PHOTOS
from tests.support.browser import DESK, PHONE, Visit, assert_fits, assert_quiet, choose, look, visiting
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, upload
from tests.support.page_server import look as look_over_http

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue uses options that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),
]
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPEN = ".crop:not([hidden]) button"


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin(width=1200, height=900), quality=95))
    return path


def framed(visit: Visit) -> Any:
    return visit.page.evaluate("window.redspotsCrops()[0]")


def open_crop(visit: Visit) -> None:
    visit.page.locator(OPEN).first.click()
    expect(visit.page.locator("#crop .frame")).to_be_focused()
    visit.page.wait_for_function("document.querySelector('#crop img').naturalWidth > 0")


def test_the_mouse_frames_and_the_whole_photo_is_one_press_away(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    with visiting(browser, page.url) as visit:
        expect(visit.page.locator(OPEN)).to_have_count(0)
        choose(visit, photo)
        look(visit)
        open_crop(visit)
        box = visit.page.locator("#crop .whole-photo").bounding_box()
        corner = visit.page.locator("#crop .lower-right").bounding_box()
        assert box and corner
        visit.page.mouse.move(corner["x"] + 22, corner["y"] + 22)
        visit.page.mouse.down()
        visit.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=4)
        visit.page.mouse.up()
        visit.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
        visit.page.mouse.down()
        visit.page.mouse.move(box["x"] - 500, box["y"] + box["height"] * 0.4, steps=4)
        visit.page.mouse.up()
        visit.page.locator("#crop .use").click()
        assert framed(visit) == pytest.approx([0, 0.2, 0.4, 0.4], abs=0.02)
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        expect(visit.page.locator(".crop p").first).to_be_visible()
        look(visit)
        open_crop(visit)
        visit.page.locator("#crop .whole").click()
        assert framed(visit) is None
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        expect(visit.page.locator(".crop p").first).to_be_hidden()
        assert_quiet(visit)


def test_a_finger_frames_on_a_phone(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url, width=PHONE, height=740) as visit:
        choose(visit, photo)
        open_crop(visit)
        assert_fits(visit, PHONE)
        for corner in ("upper-left", "upper-right", "lower-left", "lower-right"):
            target = visit.page.locator(f"#crop .{corner}").bounding_box()
            assert target and min(target["width"], target["height"]) >= 44
        box = visit.page.locator("#crop .whole-photo").bounding_box()
        corner_box = visit.page.locator("#crop .upper-left").bounding_box()
        assert box and corner_box
        devtools = visit.page.context.new_cdp_session(visit.page)

        def touch(kind: str, *points: tuple[float, float]) -> None:
            fingers = [{"x": x, "y": y} for x, y in points]
            devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

        x, y = corner_box["x"] + 22, corner_box["y"] + 22
        touch("touchStart", (x, y))
        for step in (0.25, 0.5, 1):
            touch("touchMove", (x + step * 0.4 * box["width"], y + step * 0.3 * box["height"]))
        touch("touchEnd")
        visit.page.locator("#crop .use").click()
        assert framed(visit) == pytest.approx([0.5, 0.4, 0.4, 0.5], abs=0.02)
        assert visit.page.evaluate("window.scrollY") == 0, "the page does not move under the finger"
        assert_quiet(visit)


def test_the_keyboard_frames(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url) as visit:
        choose(visit, photo)
        visit.page.locator(OPEN).focus()
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#crop .frame")).to_be_focused()
        for _ in range(20):
            visit.page.keyboard.press("ArrowLeft")
        visit.page.keyboard.press("Tab")
        expect(visit.page.locator("#crop .upper-left")).to_be_focused()
        for _ in range(100):
            visit.page.keyboard.press("ArrowDown")
        expect(visit.page.locator("#crop .size")).to_have_text(page.words.page["crop_size"].format(width=80, height=10))
        visit.page.keyboard.press("Escape")
        expect(visit.page.locator("#crop")).to_be_hidden()
        expect(visit.page.locator(OPEN)).to_be_focused()
        assert framed(visit) is None, "leaving without an answer changes nothing"
        visit.page.keyboard.press("Enter")
        visit.page.locator("#crop .use").focus()
        visit.page.keyboard.press("Enter")
        assert framed(visit) == [0.1, 0.1, 0.8, 0.8]
        assert_quiet(visit)


def test_a_new_photo_is_whole_again(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url) as visit:
        choose(visit, photo)
        open_crop(visit)
        visit.page.locator("#crop .use").click()
        assert framed(visit) is not None
        visit.page.locator("#start-over").click()
        expect(visit.page.locator("#photo img")).to_have_count(0)
        expect(visit.page.locator(OPEN)).to_have_count(0)
        choose(visit, photo)
        assert framed(visit) is None
        assert_quiet(visit)


def test_a_heic_photo_is_cropped_on_its_clean_copy(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url) as visit:
        choose(visit, Path(__file__).parents[2] / "data" / "orientation_6.heic")
        open_crop(visit)
        assert visit.page.evaluate("document.querySelector('#crop img').src").endswith("/detail.jpg")
        visit.page.locator("#crop .use").click()
        look(visit)
        assert_quiet(visit)


def test_what_is_looked_at_is_what_was_framed(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    pixels = skin(width=1200, height=900)
    pixels[:, 600:] = (20, 60, 200)
    (tmp_path / "half.png").write_bytes(encoded(pixels, "PNG"))
    with visiting(browser, page.url) as visit:
        choose(visit, tmp_path / "half.png")
        open_crop(visit)
        visit.page.locator("#crop .upper-left").focus()
        for _ in range(45):
            visit.page.keyboard.press("ArrowRight")
        visit.page.locator("#crop .use").click()
        left, _, _, _ = framed(visit)
        assert left == 0.8
        look(visit)
        expect(visit.page.locator("#answer .because")).to_contain_text(page.words.reasons["flat"])
        assert_quiet(visit)


def test_a_crop_that_is_none_gets_a_sentence_and_the_referral(page: RunningPage, photo: Path) -> None:
    with httpx.Client(base_url=page.url, timeout=60) as web:
        events = look_over_http(web, upload(web, photo.read_bytes()), crops=[[0, 0, 5, 5]])
    (html,) = json.loads(events[-1]["data"])
    assert "frame it again" in html
    assert "doctor" in html


def test_detail_is_forgotten_with_its_photo(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url) as visit:
        choose(visit, photo)
        address = visit.page.locator("#photo img").first.get_attribute("src") or ""
        token = address.split("/")[-2]
        detail = page.folder / PHOTOS / token / "detail.jpg"
        with Image.open(detail) as kept:
            assert kept.size == (1200, 900)
            assert not kept.getexif()
        visit.page.locator("#start-over").click()
        expect(visit.page.locator("#photo img")).to_have_count(0)
        visit.page.wait_for_function("document.activeElement.matches('#photo button')")
        assert not detail.parent.exists()


@pytest.mark.parametrize(("width", "dark", "path"), [(DESK, False, "/"), (PHONE, True, "/es/")])
def test_axe_finds_nothing_while_cropping_and_after(
    browser: Browser, page: RunningPage, photo: Path, width: int, dark: bool, path: str
) -> None:
    with visiting(browser, f"{page.url}{path}", width=width, dark=dark) as visit:
        choose(visit, photo)
        open_crop(visit)
        assert Axe().run(visit.page, options={"runOnly": RULES}).response["violations"] == []
        visit.page.locator("#crop .use").click()
        assert Axe().run(visit.page, options={"runOnly": RULES}).response["violations"] == []
        assert_fits(visit, width)
