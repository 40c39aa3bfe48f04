"""The report opens from disk in a real Chromium: filters, larger view, no request, and file names that do no harm."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, expect
from rich.console import Console

from app.batch.journal import Journal
from app.batch.outputs import Files, score_to_files
from app.batch.scorer import Scorer
from model.errors import OutputError
from model.photo import Source, find_photos
from model.system.interrupts import Stopped
from tests.support.browser import Visit, chromium_or_skip, launched
from tests.support.drawing import encoded, skin

HOSTILE = "<img src=x onerror=alert(1)>\n\u202e&quot;'.jpg"
COUNT = 9


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(5):
        (folder / f"skin {number}.jpg").write_bytes(encoded(skin(seed=number, width=300, height=200)))
    (folder / HOSTILE).write_bytes(encoded(skin(seed=9, width=150, height=300)))
    (folder / "black.jpg").write_bytes(encoded(np.zeros((64, 64, 3), np.uint8)))
    (folder / "broken.jpg").write_bytes(b"broken")
    (folder / "empty.jpg").touch()
    return list(find_photos([folder]))


@pytest.fixture(scope="module")
def report(scorer: Scorer, sources: list[Source], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    score_to_files(scorer, sources, Files(report=path), console=Console(quiet=True))
    return path


@pytest.fixture
def visit(report: Path) -> Iterator[Visit]:
    chromium_or_skip()
    with launched() as browser:
        yield from _open(browser, report)


def _open(browser: Browser, report: Path) -> Iterator[Visit]:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(20_000)
    visit = Visit(page)
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("console", lambda message: visit.errors.append(message.text))
    page.on("dialog", lambda dialog: visit.errors.append(dialog.message))
    page.goto(report.as_uri(), wait_until="domcontentloaded")
    yield visit
    assert visit.errors == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.browser
def test_filters_leave_what_they_say(visit: Visit, scorer: Scorer) -> None:
    page = visit.page
    photos, shown = page.locator(".photos > li:visible"), page.locator("#shown")
    expect(shown).to_have_text(f"{COUNT} of {COUNT} photos")
    page.select_option("#error", "empty")
    expect(photos).to_have_count(1)
    expect(page.locator(".group:visible")).to_have_count(1)
    page.select_option("#error", "")
    page.fill("#name", "SKIN")
    expect(photos).to_have_count(5)
    expect(shown).to_have_text(f"5 of {COUNT} photos")
    page.fill("#name", "")
    page.select_option("#answer", label=scorer.words.answer_error(OutputError("exists", "x")).headline)
    expect(photos).to_have_count(3)  # A photo that is not usable, too.
    page.select_option("#answer", "")
    sure = [float(value) for value in page.locator("[data-p]").evaluate_all("all => all.map(one => one.dataset.p)")]
    least = int(100 * sorted(sure)[len(sure) // 2])
    page.locator("#least").fill(str(least))
    expect(photos).to_have_count(sum(100 * value >= least for value in sure))
    assert sum(100 * value >= least for value in sure) > 0


@pytest.mark.browser
def test_the_evidence_takes_the_place_of_the_photo(visit: Visit) -> None:
    first = visit.page.locator(".photos li", has_text="skin 0").locator("img")
    expect(first).to_have_count(2)
    expect(first.nth(0)).to_be_visible()
    expect(first.nth(1)).to_be_hidden()
    visit.page.check("#evidence")
    expect(first.nth(0)).to_be_hidden()
    expect(first.nth(1)).to_be_visible()
    unfit = visit.page.locator(".photos li", has_text="black.jpg")
    expect(unfit.locator("img")).to_have_count(1)
    assert unfit.get_attribute("data-shares") is None


@pytest.mark.browser
def test_a_photo_opens_with_its_advice_before_its_numbers(visit: Visit) -> None:
    page, dialog = visit.page, visit.page.locator("dialog")
    expect(dialog).to_be_hidden()
    page.locator(".photos li", has_text="skin 0").locator("button").click()
    expect(dialog).to_be_visible()
    expect(dialog.locator("img")).to_have_count(2)
    expect(dialog.locator(".shares li")).to_have_count(5)
    text = dialog.inner_text()
    assert text.index("What to do now") < text.index("Who to ask") < text.index("something else")
    dialog.locator("> button").click()
    expect(dialog).to_be_hidden()
    page.locator(".photos li", has_text="broken").locator("button").click()
    expect(dialog).to_contain_text("is not a photo in a format")


@pytest.mark.browser
def test_a_file_name_is_text_and_nothing_else(visit: Visit) -> None:
    hostile = visit.page.locator(".photos li", has_text="onerror")
    expect(hostile.locator("b")).to_have_text("<img src=x onerror=alert(1)>\\n\\u202e&quot;'.jpg")
    hostile.locator("button").click()
    expect(visit.page.locator("dialog h2").first).to_contain_text("<img src=x onerror=alert(1)>\\n\\u202e&quot;'.jpg")
    expect(visit.page.locator("img[src=x]")).to_have_count(0)


@pytest.mark.browser
def test_it_fits_a_phone(visit: Visit) -> None:
    visit.page.set_viewport_size({"width": 360, "height": 700})
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= 360


def test_it_shows_every_photo_without_a_script(report: Path, sources: list[Source]) -> None:
    text = report.read_text(encoding="utf-8")
    assert text.count("<li data-name=") == len(sources) == COUNT
    assert "default-src 'none'" in text
    # The sources are links, which ask for nothing until somebody follows one; nothing else leads out.
    inside = re.sub(r'<a href="https://[^"]+" hreflang="en" target="_blank" rel="noreferrer">', "", text)
    assert "http://" not in inside and "https://" not in inside


def test_its_sources_are_those_of_the_answers_that_it_shows(report: Path, scorer: Scorer) -> None:
    text = report.read_text(encoding="utf-8")
    (foot,) = re.findall(r"<footer>.*</footer>", text)
    headlines = set(re.findall(r"<h2>([^<]+)</h2>", text))
    shown = [entry for entry in scorer.words.entries.values() if escape(entry.headline) in headlines]
    assert shown
    for entry in scorer.words.entries.values():
        for source in entry.sources:
            told = any(source in other.sources for other in shown)
            assert (f'href="{source.url}"' in foot) == told, source


def test_stopped_and_resumed_it_is_the_same_report(
    scorer: Scorer, sources: list[Source], report: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    append = Journal.append
    with monkeypatch.context() as patched, pytest.raises(Stopped):

        def stopping(journal: Journal, entry: object) -> None:
            append(journal, entry)  # type: ignore[arg-type]
            if journal.entries_done == 4:
                raise Stopped(15)

        patched.setattr(Journal, "append", stopping)
        score_to_files(scorer, sources, Files(report=tmp_path / "r.html"), console=Console(quiet=True))
    files = Files(report=tmp_path / "r.html", resume=True)
    score_to_files(scorer, sources, files, console=Console(quiet=True))
    again, before = [path.read_text(encoding="utf-8").split("</header>") for path in (tmp_path / "r.html", report)]
    assert again[1] == before[1], "the head holds the moment of the start"
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


def test_a_table_and_a_report_come_together(scorer: Scorer, sources: list[Source], tmp_path: Path) -> None:
    said = io.StringIO()
    files = Files(out=tmp_path / "t.csv", report=tmp_path / "r.html")
    score_to_files(scorer, sources, files, console=Console(file=said, width=200))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["r.html", "t.csv"]
    assert "Table: " in said.getvalue() and "Report: " in said.getvalue()


@pytest.mark.parametrize(
    ("name", "code"), [("r.pdf", "unknown_format"), ("there.html", "exists"), ("n/r.html", "cannot_write")]
)
def test_what_cannot_be_written_is_said_before_any_photo_is_scored(
    scorer: Scorer, sources: list[Source], tmp_path: Path, name: str, code: str
) -> None:
    (tmp_path / "there.html").write_text("mine")
    for files in (Files(report=tmp_path / name), Files(out=tmp_path / "t.csv", report=tmp_path / name)):
        with pytest.raises(OutputError) as caught:
            score_to_files(scorer, sources, files, console=Console(quiet=True))
        assert caught.value.code == code
    assert [path.name for path in tmp_path.iterdir()] == ["there.html"]
    assert (tmp_path / "there.html").read_text() == "mine"
