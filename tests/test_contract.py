"""The safety contract: whatever happens to a photo, every surface shows the referral and the urgent advice in full.

A surface is one function in `SURFACES`: from a case and an empty folder to the text that a person or a program gets.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from rich.console import Console
from words_files import changed_words

from app.answer_html import answer_html
from app.journal import Entry, Journal
from app.report import report_entry, write_report
from app.tables import TableWriter, print_answer, row
from app.wording import Answer, Words
from model.errors import RedspotsError, WordsError
from model.prediction import Prediction, Score
from model.scoring import Outcome

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
PARENTS = ("bleeding_spots",)
MAY_BLEED = {"petechiae", "purpura", "bleeding_spots", None}
"""Categories, and none, whose answers carry the emergency paragraph."""
WORDS = Words.read()


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that can become of a photo."""

    name: str
    prediction: Prediction | None = None
    error: RedspotsError | None = None

    @property
    def answer(self) -> Answer:
        """The answer that the surfaces show."""
        if self.prediction is not None:
            return WORDS.answer(self.prediction)
        assert self.error is not None
        return WORDS.answer_error(self.error, model_version="1.0.0")


def _predicted(
    category: str | None, *, because: tuple[str, ...] = (), notes: tuple[str, ...] = (), scored: bool = True
) -> Prediction:
    scores = tuple(Score(output, 1 / len(OUTPUTS)) for output in OUTPUTS) if scored else ()
    return Prediction(scores, category, None if category is None else 0.6, because, notes, "1.0.0")


def _errors(kind: type[RedspotsError]) -> Iterator[RedspotsError]:
    yield from (kind(code, f"'a.jpg' ({code}) cannot be used; choose another.") for code in sorted(kind.codes))
    for narrower in kind.__subclasses__():
        yield from _errors(narrower)


def _cases() -> Iterator[Case]:
    for category in (*OUTPUTS[:-1], *PARENTS):
        yield Case(category, _predicted(category))
        yield Case(f"{category}, with all notes", _predicted(category, notes=tuple(WORDS.notes)))
    for reason in WORDS.reasons:
        yield Case(f"not sure: {reason}", _predicted(None, because=(reason,), scored=reason != "no_finite_scores"))
    yield Case("not sure: everything", _predicted(None, because=tuple(WORDS.reasons), notes=tuple(WORDS.notes)))
    for error in _errors(RedspotsError):
        yield Case(f"{type(error).__name__}: {error.code}", error=error)


CASES = list(_cases())


def terminal(case: Case, folder: Path) -> str:
    """Text on a terminal of 80 columns."""
    return _terminal(case, width=80)


def narrow_terminal(case: Case, folder: Path) -> str:
    """Text on a terminal of 40 columns."""
    return _terminal(case, width=40)


def csv_table(case: Case, folder: Path) -> str:
    """The cells of a CSV table."""
    with _table(case, folder / "table.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    return "\n".join(cells.values())


def jsonl_table(case: Case, folder: Path) -> str:
    """The values of a JSONL table."""
    values = json.loads(_table(case, folder / "table.jsonl").read_text(encoding="utf-8"))
    return "\n".join(map(str, values.values()))


def parquet_table(case: Case, folder: Path) -> str:
    """The values of a Parquet table."""
    (values,) = pyarrow.parquet.read_table(_table(case, folder / "table.parquet")).to_pylist()
    return "\n".join(map(str, values.values()))


def report(case: Case, folder: Path) -> str:
    """The text of an HTML report of one photo."""
    cells = row("a.jpg", case.answer, case.prediction, outputs=OUTPUTS)
    outcome = Outcome(Path("a.jpg"), case.prediction, case.error)
    with Journal.open(folder / "journal", run={}, resume=False) as journal:
        journal.append(Entry(cells, report_entry(outcome, case.answer)))
        write_report(folder / "report.html", journal, WORDS)
    reader = _Text()
    reader.feed((folder / "report.html").read_text(encoding="utf-8"))
    shown = " ".join(reader.found)
    assert _flat(case.answer.limits) in _flat(shown)
    assert WORDS.urgency_name(case.answer.urgency) in shown
    return shown


def page(case: Case, folder: Path) -> str:
    """The text of the page's answer, read from its HTML as a browser would."""
    reader = _Text()
    reader.feed(answer_html(case.answer, WORDS))
    return " ".join(reader.found)


SURFACES: list[Callable[[Case, Path], str]] = [
    terminal,
    narrow_terminal,
    csv_table,
    jsonl_table,
    parquet_table,
    report,
    page,
]


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_surface_shows_the_referral_and_the_urgent_advice_in_full(
    surface: Callable[[Case, Path], str], case: Case, tmp_path: Path
) -> None:
    shown = _flat(surface(case, tmp_path))
    assert _flat(case.answer.referral) in shown
    assert _flat(case.answer.urgent_advice) in shown
    if case.answer.category in MAY_BLEED:
        assert _flat(WORDS.emergency) in shown
    if case.error is not None:
        assert str(case.error) in shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_that_may_be_bleeding_begins_with_the_emergency_paragraph(case: Case) -> None:
    answer = case.answer
    assert answer.urgent_advice.startswith(WORDS.emergency) == (answer.category in MAY_BLEED)
    # The others have one of their own.
    assert answer.urgent_advice.startswith("Call your local emergency number")
    assert WORDS.glass_test in answer.explanation


def test_the_emergency_paragraph_names_every_red_flag() -> None:
    for sign in (
        *(
            "fever",
            "feeling very unwell",
            "do not fade under a glass",
            "confusion",
            "slurred speech",
            "trouble breathing",
        ),
        *("blue, grey, pale or blotchy skin, lips or tongue", "hard to wake", "stiff neck", "severe headache"),
        *("bright light", "spread fast", "bleeding that does not stop", "gums", "nose", "bowel", "urine", "999", "911"),
        *("Do not wait for a rash", "palms", "soles", "inside the eyelids", "roof of the mouth"),
    ):
        assert sign in WORDS.emergency


@pytest.mark.parametrize("id_", sorted(WORDS.entries))
@pytest.mark.parametrize("key", ["referral", "advice"])
@pytest.mark.parametrize("value", [None, "", " \n ", "\u200b"])
def test_no_words_file_takes_the_referral_away(tmp_path: Path, id_: str, key: str, value: Any) -> None:
    with pytest.raises(WordsError, match=key):
        Words.read(changed_words(tmp_path, ("answer", id_, key), value))


class _Text(HTMLParser):
    """Collects the text of an HTML fragment."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The words write a list item as a line that begins with a dash.
        if tag == "li":
            self.found.append("-")

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def _terminal(case: Case, *, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    print_answer(console, "a.jpg", case.answer, case.prediction)
    return console.export_text()


def _table(case: Case, path: Path) -> Path:
    sentence = str(case.error) if case.error else ""
    with TableWriter.open(path, outputs=OUTPUTS) as table:
        table.write(row("a.jpg", case.answer, case.prediction, outputs=OUTPUTS, error_sentence=sentence))
    return path


def _flat(text: str) -> str:
    """Return a text without line breaks and runs of spaces: surfaces wrap it as they must."""
    return " ".join(text.split())
