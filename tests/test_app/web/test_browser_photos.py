"""Photos of every format, several photos, starting over, printing, the keyboard and axe, in a real Chromium."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Route, expect

from app.answers.aggregate import MOST
from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.uploads.store import PHOTOS
from tests.support.browser import DESK, PHONE, Visit, assert_fits, assert_quiet, choose, look, visiting
from tests.support.drawing import bad_files, encoded, exif_with_place, marked_corners, skin, stored_as
from tests.support.page_server import RunningPage

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue uses options that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),
]

HEIC = Path(__file__).parents[2] / "data" / "orientation_6.heic"
FORMATS = ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")
BAD_FILES = bad_files()
SPANISH = Words.read(shipped_words(Language.SPANISH))
# AA of WCAG 2.2, and what its authors call good practice.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return written(tmp_path / "photo.jpg", encoded(skin(width=640, height=480), quality=95))


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def add(visit: Visit, path: Path, number: int) -> None:
    visit.page.locator("#add-photo").click()
    choose(visit, path, slot=f"#photo-{number}")


def kept(page: RunningPage) -> list[Path]:
    return [path for path in (page.folder / PHOTOS).rglob("*") if path.is_file()]


def assert_accessible(visit: Visit) -> None:
    result = Axe().run(visit.page, options={"runOnly": RULES})
    assert len(result.response["passes"]) > 20
    assert result.violations_count == 0, result.generate_report()


def test_a_photo_of_every_format_is_previewed_and_answered(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    pixels = skin(width=640, height=480)
    files = [written(tmp_path / f"photo.{kind.lower()}", encoded(pixels, kind)) for kind in FORMATS]
    with visiting(browser, page.url, width=PHONE) as visit:
        preview = visit.page.locator("#photo img")
        for file in (*files, HEIC):
            choose(visit, file)
            assert preview.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 60, file.name
            look(visit)
            expect(visit.page.locator("#answer .referral")).to_be_visible()
            expect(visit.page.locator("#answer .badge.error")).to_have_count(0)
            visit.page.get_by_label("Remove photo").click()
            expect(visit.page.locator("#answer .waiting")).to_be_visible()
        assert_quiet(visit)


def test_the_preview_is_upright_and_has_no_place(browser: Browser, page: RunningPage, tmp_path: Path) -> None:
    stored = encoded(stored_as(marked_corners(width=300, height=200), 6), exif=exif_with_place(6), quality=95)
    with visiting(browser, page.url) as visit:
        choose(visit, written(tmp_path / "turned.jpg", stored))
        preview = visit.page.locator("#photo img")
        size = preview.evaluate("picture => picture.decode().then(() => [picture.naturalWidth, picture.naturalHeight])")
        assert size == [300, 200]
        served = visit.page.request.get(str(preview.get_attribute("src"))).body()
        assert b"SECRET" not in served
        with Image.open(BytesIO(served)) as picture:
            assert (picture.info, dict(picture.getexif())) == ({}, {})
            red, green = picture.getpixel((20, 20)), picture.getpixel((280, 20))
        assert isinstance(red, tuple) and red[0] > 150 > red[1]
        assert isinstance(green, tuple) and green[1] > 150 > green[0]


def test_a_dropped_photo_and_a_pasted_one_are_taken(browser: Browser, page: RunningPage) -> None:
    picture = """async (target) => {
        const canvas = Object.assign(document.createElement("canvas"), {width: 300, height: 200});
        canvas.getContext("2d").fillRect(0, 0, 300, 200);
        const blob = await new Promise((done) => canvas.toBlob(done, "image/png"));
        const moved = new DataTransfer();
        moved.items.add(new File([blob], "photo.png", {type: "image/png"}));
        return moved;
    }"""
    with visiting(browser, page.url) as visit:
        moved = visit.page.evaluate_handle(picture)
        visit.page.locator("#photo button.upload-container").dispatch_event("drop", {"dataTransfer": moved})
        visit.page.locator("#photo img").first.wait_for()
        visit.page.get_by_label("Remove photo").click()
        visit.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        visit.page.evaluate(
            """async (make) => {
                const moved = await eval(make)();
                await navigator.clipboard.write([new ClipboardItem({"image/png": moved.files[0]})]);
            }""",
            picture,
        )
        visit.page.get_by_label("Paste from clipboard").click()
        visit.page.locator("#photo img").first.wait_for()
        assert_quiet(visit)


@pytest.mark.parametrize("name", ["zero bytes", "PDF", "truncated JPEG", "32 x 24", "fully transparent"])
def test_a_bad_file_gets_its_own_sentence_in_the_language_of_the_page(
    browser: Browser, page: RunningPage, tmp_path: Path, name: str
) -> None:
    data, code = BAD_FILES[name]
    with visiting(browser, f"{page.url}/es/", width=PHONE) as visit:
        choose(visit, written(tmp_path / "photo.jpg", data))
        look(visit)
        expect(visit.page.locator("#answer .because li")).to_have_text(SPANISH.errors[code])
        expect(visit.page.locator("#answer .referral")).to_be_visible()
        assert_quiet(visit)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_several_photos_get_one_answer_and_each_its_own(
    browser: Browser, page: RunningPage, photo: Path, tmp_path: Path, width: int
) -> None:
    bad = written(tmp_path / "bad.jpg", b"text")
    with visiting(browser, page.url, width=width) as visit:
        expect(visit.page.locator("#add-photo")).to_be_hidden()
        choose(visit, photo)
        for number in range(2, MOST + 1):
            add(visit, bad if number == 3 else photo, number)
        expect(visit.page.locator("#add-photo")).to_be_hidden()
        look(visit)
        answer = visit.page.locator("#answer > * .answer, #answer .answer").first
        expect(answer.locator(".several")).to_contain_text(page.words.page["several_title"].format(number=MOST))
        own = answer.locator(".own")
        expect(own).to_have_count(MOST)
        expect(own.nth(2)).to_contain_text(page.words.entries["could_not_read"].headline)
        own.nth(1).locator("summary").first.click()
        expect(own.nth(1).locator(".referral")).to_be_visible()
        assert_fits(visit, width)
        assert_accessible(visit)
        assert_quiet(visit)


def test_starting_over_removes_photos_ticks_and_answer(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url, width=PHONE) as visit:
        choose(visit, photo)
        add(visit, photo, 2)
        visit.page.locator("#red-flags input").nth(1).check()
        look(visit)
        before = {path.parent for path in kept(page)}
        visit.page.locator("#answer .again").last.click()
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        expect(visit.page.locator("#photo img")).to_have_count(0)
        expect(visit.page.locator("#photo-2")).to_have_count(0)
        expect(visit.page.locator("#red-flags input:checked")).to_have_count(0)
        assert len({path.parent for path in kept(page)} & before) == len(before) - 2
        visit.page.wait_for_function("window.scrollY === 0")
        visit.page.locator("#start-over").click()
        visit.page.wait_for_function("document.activeElement.matches('#photo button')")
        assert_quiet(visit)


def test_a_photo_chosen_before_the_server_has_started_over_stays(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    others = kept(page)
    with visiting(browser, page.url) as visit:
        choose(visit, photo)
        add(visit, photo, 2)
        look(visit)
        first = set(kept(page)) - set(others)
        held: list[Route] = []
        visit.page.route("**/queue/join**", lambda route: held.append(route))
        visit.page.locator("#start-over").click()
        expect(visit.page.locator("#photo img")).to_have_count(0)
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        choose(visit, photo)
        assert len(held) == 1, "only the server's part of starting over waits"
        held[0].continue_()
        visit.page.unroute("**/queue/join**")
        expect(visit.page.locator("#photo-2")).to_have_count(0)
        expect(visit.page.locator("#photo img")).to_have_count(1)
        assert first and not first & set(kept(page)), "the old photos are gone, by their own paths"
        look(visit)
        assert_quiet(visit)


def test_paper_gets_the_whole_answer_and_the_photo_only_if_asked(
    browser: Browser, page: RunningPage, photo: Path
) -> None:
    with visiting(browser, page.url, dark=True) as visit:
        choose(visit, photo)
        look(visit)
        answer = visit.page.locator("#answer")
        visit.page.evaluate("window.print = () => { window.printed = true; }")
        for asked in (False, True):
            answer.locator(".print-photo").set_checked(asked)
            answer.locator("button.print").click()
            assert visit.page.evaluate("window.printed")
            visit.page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
            visit.page.emulate_media(media="print")
            for part in (".advice", ".referral", ".explanation details p", "footer details p", ".printed"):
                expect(answer.locator(part).first).to_be_visible()
            for part in ("#ask", "#answer .actions"):
                expect(visit.page.locator(part)).to_be_hidden()
            expect(visit.page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
            expect(answer.locator(".advice")).to_have_css("color", "rgb(0, 0, 0)")
            assert answer.locator("figure").is_visible() == asked
            assert visit.page.pdf().startswith(b"%PDF-")
            visit.page.emulate_media(media="screen")
            visit.page.evaluate("window.dispatchEvent(new Event('afterprint'))")
            expect(answer.locator(".explanation details p").first).to_be_hidden()
        assert_quiet(visit)


def test_a_slider_lets_the_photo_shine_through_the_map(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url, width=PHONE) as visit:
        choose(visit, photo)
        look(visit)
        visit.page.locator("#answer .seen > summary").click()
        slider, above = visit.page.locator("#answer .opacity input"), visit.page.locator("#answer .layers img").last
        expect(above).to_have_css("opacity", "1")
        slider.focus()
        slider.press("Home")
        expect(above).to_have_css("opacity", "0")
        expect(slider).to_have_accessible_name(page.words.page["opacity"])
        assert_quiet(visit)


def test_a_keyboard_is_enough(browser: Browser, page: RunningPage) -> None:
    def tab_to(visit: Visit, selector: str) -> None:
        for _ in range(60):
            visit.page.keyboard.press("Tab")
            if visit.page.evaluate("selector => document.activeElement.matches(selector)", selector):
                return
        raise AssertionError(f"no way to {selector}")

    with visiting(browser, page.url) as visit:
        tab_to(visit, "#examples button")
        visit.page.keyboard.press("Enter")
        visit.page.locator("#photo img").first.wait_for()
        visit.page.evaluate("document.activeElement.blur()")
        tab_to(visit, "#red-flags input")
        visit.page.keyboard.press("Space")
        tab_to(visit, "#look")
        visit.page.keyboard.press("Enter")
        visit.page.locator("#answer article").wait_for()
        expect(visit.page.locator("#answer h2").first).to_be_focused()
        tab_to(visit, "#answer .explanation summary")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#answer .explanation details p").first).to_be_visible()
        tab_to(visit, "#answer .again")
        visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        assert_quiet(visit)


def test_a_screen_reader_is_told_that_it_takes_a_while(browser: Browser, page: RunningPage, photo: Path) -> None:
    with visiting(browser, page.url) as visit:
        choose(visit, photo)
        told = visit.page.evaluate_handle(
            """() => {
                const told = [];
                const status = document.querySelector("[role=status]");
                new MutationObserver(() => told.push(status.textContent)).observe(status, {childList: true});
                return told;
            }"""
        )
        look(visit)
        expect(visit.page.locator("#answer h2").first).to_be_focused()
        assert told.json_value() == [page.words.page["looking"], ""]


@pytest.mark.parametrize(("width", "dark", "path"), [(DESK, False, "/"), (PHONE, False, "/es/"), (PHONE, True, "/")])
def test_axe_finds_nothing_from_the_start_to_the_unfolded_answer(
    browser: Browser, page: RunningPage, photo: Path, width: int, dark: bool, path: str
) -> None:
    with visiting(browser, f"{page.url}{path}", width=width, dark=dark) as visit:
        assert_accessible(visit)
        choose(visit, photo)
        visit.page.locator("#red-flags input").first.check()
        assert_accessible(visit)
        look(visit)
        visit.page.locator("#answer details").evaluate_all("all => all.forEach((fold) => (fold.open = true))")
        assert_accessible(visit)
        assert_quiet(visit)
