"""The page in a real Chromium: the referral before the numbers, errors with advice, no foreign request, any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from app.answers.languages import Language, shipped_words
from app.answers.red_flags import BOXES, QUESTIONS, RULES, Alarm, RedFlag, judge
from app.answers.words import Words
from app.web.page.gradio_texts import BY_KEY
from app.web.security.request_filter import MAX_FILE_BYTES
from app.web.service_limits import Limits
from tests.support.browser import DESK, PHONE, assert_fits, assert_quiet, choose, look, visiting
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page
from tests.support.slow_clients import connected, form, head

pytestmark = [
    pytest.mark.browser,
    # Gradio's queue uses options that pandas is about to drop.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing"),
]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin(width=640, height=480), quality=95))
    return path


@pytest.mark.parametrize(("width", "dark"), [(DESK, False), (PHONE, True)])
def test_a_photo_gets_advice_and_referral_above_the_folded_numbers(
    browser: Browser, page: RunningPage, photo: Path, width: int, dark: bool
) -> None:
    with visiting(browser, page.url, width=width, dark=dark) as visit:
        answer = visit.page.locator("#answer article")
        expect(visit.page.locator("#foot")).to_contain_text("not a medical device")
        assert_fits(visit, width)
        choose(visit, photo)
        look(visit)
        expect(answer.locator(".advice")).to_be_visible()
        expect(answer.locator(".referral")).to_be_visible()
        expect(answer.locator(".bars")).to_be_hidden()
        answer.locator(".seen > summary").click()
        bars, picture, referral = answer.locator(".bars"), answer.locator(".seen img").last, answer.locator(".referral")
        expect(bars.locator("li")).to_have_count(5)
        expect(picture).to_be_visible()
        assert picture.evaluate("picture => picture.complete && picture.naturalWidth > 0")
        boxes = [part.bounding_box() for part in (answer.locator("h2"), referral, bars, picture)]
        tops = [box["y"] for box in boxes if box]
        assert len(tops) == 4
        assert tops == sorted(tops)
        assert_fits(visit, width)
        assert_quiet(visit)


@pytest.mark.parametrize("width", [DESK, PHONE])
def test_a_bad_file_gets_a_sentence_and_the_referral(
    browser: Browser, page: RunningPage, tmp_path: Path, width: int
) -> None:
    bad = tmp_path / "<img src=x onerror=alert(1)>.jpg"
    bad.write_bytes(b"<svg onload=alert(1)>")
    with visiting(browser, page.url, width=width) as visit:
        choose(visit, bad)
        look(visit)
        expect(visit.page.locator("#answer .because")).to_contain_text("export it as JPEG")
        expect(visit.page.locator("#answer .referral")).to_be_visible()
        expect(visit.page.locator(".toast-body")).to_have_count(0)
        assert_fits(visit, width)
        assert_quiet(visit)


def test_gradios_own_error_messages_stand_beside_the_referral(
    browser: Browser, page: RunningPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes(MAX_FILE_BYTES + 1))
    with visiting(browser, page.url) as visit:
        expect(visit.page.locator("#trouble")).to_be_hidden()
        visit.page.locator("#photo input[type=file]").first.set_input_files(large)
        expect(visit.page.locator(".toast-body.error")).to_contain_text("15")
        expect(visit.page.locator("#trouble")).to_contain_text("doctor")
        expect(visit.page.locator("#trouble")).to_be_visible()
        assert_quiet(visit)


def test_no_photo_gets_a_hint_and_the_referral(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url) as visit:
        visit.page.locator("#look").click()
        expect(visit.page.locator("#answer")).to_contain_text(page.words.page["no_photo"])
        expect(visit.page.locator("#answer")).to_contain_text("doctor")
        assert_quiet(visit)


def test_a_red_flag_shows_the_emergency_at_once_and_above_the_answer(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url, width=PHONE) as visit:
        expect(visit.page.locator("#alarm-emergency")).to_be_hidden()
        visit.page.locator("#red-flags input").nth(3).check()
        expect(visit.page.locator("#alarm-emergency")).to_contain_text(page.words.red_flag_headline)
        expect(visit.page.locator("#alarm-emergency")).to_be_visible()
        visit.page.locator("#examples button").first.click()
        visit.page.locator("#photo img").first.wait_for()
        look(visit)
        expect(visit.page.locator("#answer h2")).to_have_text(page.words.red_flag_headline)
        visit.page.locator("#red-flags input").nth(3).uncheck()
        expect(visit.page.locator("#answer .head")).to_have_count(0)
        expect(visit.page.locator("#answer .kind h2")).to_be_visible()
        expect(visit.page.locator("#alarm-emergency")).to_be_hidden()
        assert_quiet(visit)


def test_the_alarm_shows_at_once_exactly_when_the_table_says_so(browser: Browser, page: RunningPage) -> None:
    words = Words.read(shipped_words(Language.SPANISH))
    everything = [RedFlag.FEVER, RedFlag.FADES, RedFlag.PREGNANCY]
    with visiting(browser, f"{page.url}/es/") as visit:
        boxes = visit.page.locator("#red-flags input")
        for told in (*([flag] for flag in RedFlag), *(sorted(rule.told) for rule in RULES), everything):
            for index, flag in enumerate(BOXES):
                boxes.nth(index).set_checked(flag in told)
            visit.page.evaluate("document.querySelectorAll('#told input').forEach((one) => { one.checked = false; })")
            for flag in set(told) - set(BOXES):
                visit.page.locator(f'#told input[value="{flag}"]').check()
            assert visit.page.evaluate("window.redspotsTold()") == [
                flag for answers in QUESTIONS.values() for flag in answers if flag in told
            ]
            alarm = judge(told)
            shown = {one for one in Alarm if visit.page.locator(f"#alarm-{one.name.lower()}").is_visible()}
            assert shown == {alarm} & {Alarm.SAME_DAY, Alarm.NOW, Alarm.EMERGENCY}, told
            if shown:
                told_again = visit.page.locator(f"#alarm-{alarm.name.lower()} .advice").inner_text()
                assert words.phrases["you_told"] in told_again
        assert_quiet(visit)


@pytest.mark.parametrize(
    ("width", "locale", "language"),
    [(DESK, "es-MX", Language.SPANISH), (PHONE, "es-MX", Language.SPANISH), (PHONE, "pt-BR", Language.PORTUGUESE)],
)
def test_a_browser_gets_the_page_in_its_language_and_can_choose_english(
    browser: Browser, page: RunningPage, photo: Path, width: int, locale: str, language: Language
) -> None:
    words = Words.read(shipped_words(language))
    with visiting(browser, page.url, width=width, locale=locale) as visit:
        expect(visit.page.locator("html")).to_have_attribute("lang", language)
        expect(visit.page.locator("#look")).to_have_text(words.page["button"])
        assert_fits(visit, width)
        choose(visit, photo)
        look(visit)
        expect(visit.page.locator("#answer .advice summary")).to_have_text(words.page["signs_title"])
        assert_fits(visit, width)
        visit.page.locator("#head nav a[lang=en]").click()
        expect(visit.page.locator("#look")).to_have_text(page.words.page["button"])
        expect(visit.page.locator("html")).to_have_attribute("lang", "en")
        assert_quiet(visit)


def test_gradios_own_words_follow_the_page_and_not_the_browser(
    browser: Browser, page: RunningPage, tmp_path: Path
) -> None:
    spanish = Words.read(shipped_words(Language.SPANISH))
    with visiting(browser, f"{page.url}/es/", locale="en-GB") as visit:
        visit.page.locator("#photo button[aria-label]").nth(1).wait_for()
        visit.page.get_by_label(spanish.page["use_camera"]).click()
        expect(visit.page.get_by_text(spanish.page["start_camera"])).to_be_visible()
        large = tmp_path / "large.jpg"
        large.write_bytes(bytes(MAX_FILE_BYTES + 1))
        visit.page.get_by_label(spanish.page["upload_file"]).click()
        visit.page.locator("#photo input[type=file]").first.set_input_files(large)
        expect(visit.page.locator(".toast-body.error")).to_contain_text(spanish.page["too_large"])
        shown = visit.page.locator("body").inner_html()
        assert [english for english in BY_KEY.values() if f">{english}<" in shown or f'"{english}"' in shown] == []
        titles = visit.page.locator("#red-flags [title]").evaluate_all("all => all.map(one => one.title)")
        assert titles == [spanish.red_flags[flag] for flag in BOXES]
        assert_quiet(visit)


def test_a_drawing_is_answered_and_the_next_one_takes_the_answer_away(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url) as visit:
        buttons = visit.page.locator("#examples button")
        expect(buttons).to_have_count(3)
        buttons.nth(1).click()
        visit.page.locator("#photo img").first.wait_for()
        look(visit)
        expect(visit.page.locator("#answer .referral")).to_be_visible()
        buttons.nth(2).click()
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        assert_quiet(visit)


def test_a_camera_can_take_the_photo(browser: Browser, page: RunningPage) -> None:
    with visiting(browser, page.url, width=PHONE) as visit:
        visit.page.get_by_label("Use the camera").click()
        visit.page.get_by_text("Tap to use the camera").click()
        # A person waits for the picture; before there is one, the button takes none.
        visit.page.wait_for_function("document.querySelector('#photo video')?.videoWidth > 0")
        visit.page.get_by_label("Take photo").click()
        visit.page.locator("#photo img").first.wait_for()
        look(visit)
        expect(visit.page.locator("#answer .referral")).to_be_visible()
        assert_quiet(visit)


def test_an_upload_that_waits_shows_its_place_in_line(
    browser: Browser, tiny_model: Path, tmp_path: Path, photo: Path
) -> None:
    kind, body = form(photo.read_bytes())
    limits = Limits(open_forms=1, gap=6.0)
    with (
        running_page(tiny_model, tmp_path / "home", limits=limits) as page,
        visiting(browser, page.url) as visit,
        connected(page.url, head("/gradio_api/upload", kind, len(body)), source="127.0.0.2"),
    ):
        visit.page.locator("#photo input[type=file]").set_input_files(photo)
        line = visit.page.locator("#waiting-line")
        expect(line).to_have_text(page.words.page["waiting_in_line"].format(number=1, place=1))
        expect(line).to_be_visible()
        expect(visit.page.locator("#photo img")).to_be_visible(timeout=20_000)
        expect(line).to_be_hidden()
