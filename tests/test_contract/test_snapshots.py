"""What people and programs get is what it was: HTML, help, OpenAPI, rows, keys of figures, error codes.

The files in `snapshots/` hold it. A change that is meant is taken over with `make snapshots`, and read in the diff.
HTML is kept as one file to read per surface, and as a hash per case.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow.parquet
import pytest
import typer
from typer.testing import CliRunner

from app.answers.languages import Language
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.batch.journal import Entry, Journal
from app.batch.report import report_entry, write_report
from app.batch.tables import TableWriter
from app.cli import app as command_line
from app.cli.evaluate import account_of_photos
from app.views.explanation import Seen
from app.views.html import PhotoResult, answer_html, red_flags_html, trouble_html
from app.views.model_report import model_report
from app.views.row import row
from app.views.several import several_html
from model.batch import Outcome
from model.errors import RedspotsError
from model.photo import Photo, read_photo
from model.prediction import Evidence, Prediction, Score
from tests.support.drawing import encoded, skin
from tests.support.page_server import running_page
from tests.test_contract.test_contract import CASES, OUTPUTS, PARENTS, SPOKEN, Case
from training.evaluation.compare import compare
from training.evaluation.metrics import measure
from training.evaluation.results import Account
from training.rendering.folder import draw_folder

SNAPSHOTS = Path(__file__).parent / "snapshots"
UPDATE = "REDSPOTS_UPDATE_SNAPSHOTS"
"""Variable of the environment: write the snapshots, compare nothing."""

PICTURE = re.compile(r"data:image/\w+;base64,[\w+/=]+")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?: UTC|Z|[+-]\d\d:\d\d)?)?")
SCRIPT_HASH = re.compile(r"sha256-[\w+/=]+")


@pytest.fixture(scope="module")
def photo() -> Photo:
    return read_photo(encoded(skin()))


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    draw_folder(folder, per_category=3, seed=1, size=96)
    return folder


@pytest.fixture(scope="module", autouse=True)
def few_resamples() -> Iterator[None]:
    """Intervals from few resamples: no number of theirs is kept, and they take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        for function in (measure, compare):
            assert "resamples" in function.__kwdefaults__
            patch.setitem(function.__kwdefaults__, "resamples", 10)
        yield


@pytest.fixture(scope="module")
def account(tiny_model: Path, drawn: Path, few_resamples: None) -> Account:
    found = account_of_photos(tiny_model, drawn, where=[], workers=1)
    assert isinstance(found, Account)
    return found


def same(name: str, text: str) -> None:
    """Compare a text with its snapshot, or write it where that is asked for."""
    path = SNAPSHOTS / name
    if os.environ.get(UPDATE):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text != before:
        pytest.fail(f"{name} is not what it was: {_difference(before, text)}\nIs it meant? Then run `make snapshots`.")


def same_json(name: str, value: Any) -> None:
    """Compare plain values with their snapshot."""
    same(name, json.dumps(value, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def _difference(before: str, after: str) -> str:
    """Return the first line that differs, in both versions."""
    old, new = before.splitlines(), after.splitlines()
    number = next((at for at, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), None)
    if number is None:
        return f"{len(old)} lines became {len(new)}"
    return f"line {number + 1}\n  was {old[number][:300]}\n  is  {new[number][:300]}"


def settled(html: str) -> str:
    """Return HTML without what differs between machines and days, a tag per line."""
    for pattern, name in ((PICTURE, "PICTURE"), (MOMENT, "MOMENT"), (SCRIPT_HASH, "SCRIPT HASH")):
        html = pattern.sub(name, html)
    return re.sub(r"\s*(<(?!/))", r"\n\1", html).strip() + "\n"


def hashes(html: Mapping[str, str]) -> dict[str, str]:
    """Return the first letters of each text's hash."""
    return {name: sha256(settled(text).encode()).hexdigest()[:12] for name, text in html.items()}


def seen(photo: Photo, prediction: Prediction) -> Seen:
    """Return what the model saw, with evidence that no processor rounds another way."""
    maps = np.tile(np.linspace(-1, 1, 16, dtype=np.float32).reshape(1, 4, 4), (len(OUTPUTS), 1, 1))
    scores = tuple(Score(output, share) for output, share in zip(OUTPUTS, (0.5, 0.25, 0.125, 0.0625), strict=False))
    scores += (Score(OUTPUTS[-1], 0.0625),)
    told = Prediction(
        scores,
        prediction.category,
        prediction.probability,
        prediction.not_sure_because,
        prediction.photo_notes,
        prediction.model_version,
        prediction_set=OUTPUTS[:2],
        evidence=Evidence(maps, (0.0, 0.125, 1.0, 0.875)),
    )
    return Seen(photo, told, {PARENTS[0]: OUTPUTS[:2]})


def looked(case: Case, language: Language, photo: Photo) -> PhotoResult:
    """Return what the page knows of a photo with which that happened."""
    if case.prediction is None:
        return PhotoResult(case.answer(language), None)
    shown = seen(photo, case.prediction)
    return PhotoResult(SPOKEN[language].answer(shown.prediction), shown)


def entry_of(case: Case, language: Language) -> Entry:
    """Return what a journal holds of a case."""
    answer = case.answer(language)
    outcome = Outcome(Path("a.jpg"), case.prediction, case.error)
    return Entry(row("a.jpg", answer, case.prediction, outputs=OUTPUTS), report_entry(outcome, answer))


def report_of(entries: Sequence[Entry], words: Words, folder: Path) -> str:
    """Return the report of a run with these entries."""
    path = folder / f"{len(list(folder.iterdir()))}.html"
    with Journal.open(path.with_suffix(".journal"), run={}, resume=False) as journal:
        for entry in entries:
            journal.append(entry)
        write_report(path, journal, words)
    return path.read_text(encoding="utf-8")


def commands(command: Any, names: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Return the names of every command and group."""
    yield names
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*names, name))


def keys_of(value: Any, path: str = "") -> Iterator[str]:
    """Return the path of every key in plain values; a list is one path."""
    if isinstance(value, dict):
        for key, below in value.items():
            yield from keys_of(below, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for below in value:
            yield from keys_of(below, f"{path}[]")
    else:
        yield path


def component_of(component: Mapping[str, Any]) -> list[Any]:
    """Return what of a part of the page its visitors meet; texts by their hash."""
    props = component["props"]
    kept = {
        name: props[name]
        for name in ("elem_id", "elem_classes", "label", "info", "placeholder", "sources", "choices", "visible")
        if props.get(name) not in (None, "", [])
    }
    if isinstance(text := props.get("value"), str) and text and "/" not in text[:1]:
        kept["value"] = sha256(settled(text).encode()).hexdigest()[:12]
    return [component["type"], kept]


@pytest.mark.parametrize("language", Language)
def test_an_answer_on_the_page_is_what_it_was(language: Language, photo: Photo) -> None:
    words = SPOKEN[language]
    html = {}
    for case in CASES:
        own = looked(case, language, photo)
        html[case.name] = answer_html(case.answer(language), words)
        html[f"{case.name}, with what was seen"] = answer_html(own.answer, words, seen=own.seen)
    for flag in RedFlag:
        html[f"red flag: {flag}"] = red_flags_html(words, [flag])
        html[f"red flag and answer: {flag}"] = answer_html(CASES[0].answer(language), words, red_flags=[flag])
    html["trouble"] = trouble_html(words)
    same(f"page.{language}.html", settled(html[f"{CASES[0].name}, with what was seen"]))
    same_json(f"page.{language}.json", hashes(html))


@pytest.mark.parametrize("language", Language)
def test_an_answer_to_several_photos_is_what_it_was(language: Language, photo: Photo) -> None:
    words = SPOKEN[language]
    first = looked(CASES[0], language, photo)
    html = {case.name: several_html([first, looked(case, language, photo)], words) for case in CASES}
    html["one"] = several_html([first], words)
    html["with a red flag"] = several_html([first, first], words, red_flags=[RedFlag.UNWELL])
    same(f"several.{language}.html", settled(html[CASES[-1].name]))
    same_json(f"several.{language}.json", hashes(html))


@pytest.mark.parametrize("language", Language)
def test_a_report_is_what_it_was(language: Language, tmp_path: Path) -> None:
    words = SPOKEN[language]
    html = {case.name: report_of([entry_of(case, language)], words, tmp_path) for case in CASES}
    html["all"] = report_of([entry_of(case, language) for case in CASES], words, tmp_path)
    # A style and a script are files of their own: here stands what is built.
    body = {name: re.sub(r"<(style|script)>.*?</\1>", "", text, flags=re.DOTALL) for name, text in html.items()}
    same(f"report.{language}.html", settled(body[CASES[0].name]))
    same_json(f"report.{language}.json", hashes(body))


def test_the_report_of_a_model_is_built_as_it_was(account: Account, tiny_model: Path) -> None:
    html = settled(model_report(account, tiny_model, gallery=False))
    # The numbers in it come from a processor; its tags do not.
    html = re.sub(r"<(svg|style).*?</\1>", "", html, flags=re.DOTALL)
    tags = re.findall(r"<(\w+)(?: [^>]*?(class=\"[^\"]*\"))?[^>]*>", html)
    same("model_report.txt", "\n".join(" ".join(tag).strip() for tag in tags) + "\n")


def test_the_page_and_the_interface_for_programs_are_what_they_were(tiny_model: Path, tmp_path: Path) -> None:
    with running_page(tiny_model, tmp_path / "pages") as running, httpx.Client(base_url=running.url) as web:
        same_json("openapi.json", web.get("/api/v1/openapi.json").json())
        pages = {prefix: web.get(f"{prefix}/config").json() for prefix in ("", "/es")}
    same_json(
        "page_parts.json", {prefix: list(map(component_of, page["components"])) for prefix, page in pages.items()}
    )


def test_the_help_of_every_command_is_what_it_was() -> None:
    runner = CliRunner(env={"COLUMNS": "100", "TERMINAL_WIDTH": "100", "TERM": "dumb", "NO_COLOR": "1"})
    told = []
    for names in commands(typer.main.get_command(command_line)):
        result = runner.invoke(command_line, [*names, "--help"], prog_name="redspots")
        assert result.exit_code == 0, result.output
        told.append("\n".join(line.rstrip() for line in result.output.splitlines()).strip())
    same("help.txt", "\n\n".join(told) + "\n")


def test_a_row_is_what_it_was_in_every_format(tmp_path: Path) -> None:
    named = {case.name: case for case in CASES}
    chosen = [named["petechiae, with all notes"], named["not sure: low_score"], next(c for c in CASES if c.error)]
    rows: dict[str, Any] = {}
    for suffix in ("csv", "jsonl", "parquet"):
        path = tmp_path / f"table.{suffix}"
        with TableWriter.open(path, outputs=OUTPUTS) as table:
            for case in chosen:
                table.write(row("a.jpg", case.answer(Language.ENGLISH), case.prediction, outputs=OUTPUTS))
        if suffix == "parquet":
            read = pyarrow.parquet.read_table(path)
            rows[suffix] = {"types": {one.name: str(one.type) for one in read.schema}, "rows": read.to_pylist()}
        else:
            rows[suffix] = path.read_text(encoding="utf-8").splitlines()
    same_json("rows.json", rows)


def test_the_keys_of_metrics_are_what_they_were(
    account: Account, tiny_model: Path, drawn: Path, tmp_path: Path
) -> None:
    out = tmp_path / "metrics.json"
    options = ["--photos", str(drawn), "--model", str(tiny_model), "--out", str(out), "--against", str(tiny_model)]
    result = CliRunner().invoke(command_line, ["evaluate", *options])
    assert result.exit_code == 0, result.output
    keys = {
        "redspots evaluate": json.loads(out.read_text(encoding="utf-8")),
        "redspots train": account.metrics,
        "card.json": json.loads((tiny_model / "card.json").read_text(encoding="utf-8")),
    }
    same_json("keys.json", {name: sorted(set(keys_of(value))) for name, value in keys.items()})


def test_the_error_codes_are_what_they_were() -> None:
    def below(kind: type[RedspotsError]) -> Iterator[type[RedspotsError]]:
        yield kind
        for narrower in kind.__subclasses__():
            yield from below(narrower)

    kinds = {
        kind.__name__: {"codes": sorted(kind.codes), "exit_status": kind.exit_status} for kind in below(RedspotsError)
    }
    same_json("errors.json", kinds)
