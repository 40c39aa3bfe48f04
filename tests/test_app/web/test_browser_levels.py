"""Each level in a real Chromium: all that counts is on the first screen, and a tick only makes the page louder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from model.prediction import Level, Prediction, Record, Score
from tests.support.browser import DESK, PHONE, Visit, assert_fits, assert_quiet, choose, look, visiting
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page
from tests.test_contract.test_contract import Scripted

pytestmark = pytest.mark.browser

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
SIZES = [(PHONE, 780), (DESK, 800)]


def said(
    *kinds: float, category: str | None = None, could_be: tuple[str, ...] = (), because: tuple[str, ...] = ()
) -> Prediction:
    """Return a statement with shares of bleeding spots, cherry angioma, sun rash and anything else."""
    bleeding, cherry, sun, other = kinds
    names = ("bleeding_spots", "cherry_angioma", "sun_rash")
    ranked = sorted(
        (Score(name, share) for name, share in zip(names, kinds, strict=False)), key=lambda s: -s.probability
    )
    return Prediction(
        tuple(Score(name, share) for name, share in zip(OUTPUTS, (bleeding, 0.0, cherry, sun, other), strict=True)),
        category,
        bleeding if category else None,
        because,
        (),
        "1.0.0",
        members=("petechiae", "purpura") if category else (),
        kinds=tuple(ranked),
        could_be=could_be,
        record=Record(0.5, 0.25, 0.75, 14),
        record_of="bleeding_spots" if not category and not could_be else "",
    )


EACH = {
    Level.LOOKS_LIKE: said(0.92, 0.03, 0.02, 0.03, category="bleeding_spots"),
    Level.COULD_BE: said(0.55, 0.35, 0.02, 0.08, could_be=("bleeding_spots", "cherry_angioma"), because=("low_score",)),
    Level.NO_MATCH: said(0.08, 0.02, 0.1, 0.8, because=("other",)),
    Level.NOT_USABLE: Prediction((), None, None, ("blurred",), (), "1.0.0"),
}


@pytest.fixture(scope="module")
def served(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningPage, Scripted]]:
    network = Scripted.load(tiny_model)
    assert isinstance(network, Scripted)
    with running_page(tiny_model, tmp_path_factory.mktemp("levels") / "pages", classifier=network) as page:
        yield page, network


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photo") / "photo.jpg"
    path.write_bytes(encoded(skin()))
    return path


def first_screen(visit: Visit) -> tuple[float, int]:
    """Return how far the part before the folds reaches from its top, in pixels, and how many words it has."""
    reach, told = visit.page.evaluate(
        """() => {
            const answer = document.querySelector("#answer article");
            const folds = answer.querySelector(".explanation");
            const before = [...answer.children].slice(0, [...answer.children].indexOf(folds));
            const reach = folds.getBoundingClientRect().top - answer.getBoundingClientRect().top;
            return [reach, before.map((part) => part.innerText).join(" ")];
        }"""
    )
    return float(reach), sum(any(letter.isalnum() for letter in word) for word in str(told).split())


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("locale", ["en-GB", "es-CO"])
@pytest.mark.parametrize("level", Level)
def test_what_counts_is_on_the_first_screen(
    browser: Browser,
    served: tuple[RunningPage, Scripted],
    photo: Path,
    level: Level,
    locale: str,
    size: tuple[int, int],
) -> None:
    width, height = size
    page, network = served
    network.said = EACH[level]
    with visiting(browser, page.url, width=width, height=height, locale=locale) as visit:
        choose(visit, photo)
        look(visit)
        reach, words = first_screen(visit)
        assert reach <= height
        assert words < (90 if locale == "en-GB" else 110), words
        alarm = visit.page.locator("#answer .alarm")
        expect(alarm).to_be_in_viewport(ratio=1)
        expect(visit.page.locator("#answer .referral")).to_be_in_viewport(ratio=1)
        number = "999" if locale == "en-GB" else "123"
        expect(alarm.locator("a.call")).to_have_attribute("href", f"tel:{number}")
        expect(alarm.locator("a.call")).to_contain_text(number)
        assert_fits(visit, width)
        assert Axe().run(visit.page).response["violations"] == []
        assert_quiet(visit)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_tick_makes_the_page_louder_at_once_and_takes_no_answer_away(
    browser: Browser, served: tuple[RunningPage, Scripted], photo: Path, width: int, height: int
) -> None:
    page, network = served
    network.said = EACH[Level.COULD_BE]
    with visiting(browser, page.url, width=width, height=height) as visit:
        choose(visit, photo)
        look(visit)
        title = visit.page.locator("#answer .kind h2").inner_text()
        visit.page.locator("#red-flags input").nth(3).check()
        headline = visit.page.get_by_role("heading", name=page.words.red_flag_headline)
        expect(headline.first).to_be_in_viewport(ratio=1)
        # The answer stays, headed by what was ticked.
        expect(visit.page.locator("#answer .head h2")).to_have_text(page.words.red_flag_headline)
        expect(visit.page.locator("#answer .kind h3")).to_have_text(title)
        expect(visit.page.locator("#alarm-emergency h2")).to_be_in_viewport(ratio=1)
        expect(visit.page.locator("#alarm-emergency a.call")).to_be_in_viewport(ratio=1)
        visit.page.locator("#red-flags input").nth(3).uncheck()
        expect(visit.page.locator("#answer .kind h2")).to_have_text(title)
        assert_quiet(visit)


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_an_alarm_lies_in_the_window_wherever_the_boxes_are(
    browser: Browser, served: tuple[RunningPage, Scripted], width: int, height: int
) -> None:
    page, _ = served
    with visiting(browser, page.url, width=width, height=height) as visit:
        for box in (0, 1, 2, 3, 4):
            visit.page.locator("#red-flags input").nth(box).check()
            expect(visit.page.locator("#alarm-emergency h2")).to_be_in_viewport(ratio=1)
            expect(visit.page.locator("#alarm-emergency a.call")).to_be_in_viewport(ratio=1)
            visit.page.locator("#red-flags input").nth(box).uncheck()
            expect(visit.page.locator("#alarm-emergency")).to_be_hidden()


def test_a_photo_that_is_not_usable_can_be_taken_again(
    browser: Browser, served: tuple[RunningPage, Scripted], photo: Path
) -> None:
    page, network = served
    network.said = EACH[Level.NOT_USABLE]
    with visiting(browser, page.url, width=PHONE, height=780) as visit:
        choose(visit, photo)
        look(visit)
        visit.page.get_by_role("button", name=page.words.page["retake"]).click()
        expect(visit.page.locator("#answer .waiting")).to_be_visible()
        expect(visit.page.locator("#photo img")).to_have_count(0)
