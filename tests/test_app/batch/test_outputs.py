"""A run that writes files: stopped anywhere and resumed, it writes what it would have written at once."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet
import pytest
from PIL import Image
from rich.console import Console

import app.batch.outputs
from app.answers.words import Words
from app.batch.journal import Journal
from app.batch.outputs import Files, score_to_files
from app.batch.scorer import Scorer
from app.batch.terminal_scores import score_to_terminal
from app.views.row import Cell
from model.classifier import Classifier
from model.errors import InputError, OutputError
from model.photo import Source, find_photos
from model.system.interrupts import Stopped
from tests.conftest import write_tiny_model
from tests.support.drawing import encoded, skin

SUFFIXES = (".csv", ".jsonl", ".parquet")
SIGINT = 2


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Source]:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(10):
        (folder / f"{number}.jpg").write_bytes(encoded(skin(seed=number, width=160, height=120)))
    (folder / "4.jpg").write_bytes(b"broken")
    return list(find_photos([folder]))


def run(scorer: Scorer, sources: list[Source], files: Files) -> str:
    """Score and return what was said."""
    said = io.StringIO()
    score_to_files(scorer, sources, files, console=Console(file=said, width=200))
    return said.getvalue()


def rows_of(path: Path) -> list[dict[str, Cell]]:
    """Return the rows of a table without their milliseconds, which no two runs share."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            rows: list[dict[str, Cell]] = list(csv.DictReader(file))
    elif path.suffix == ".jsonl":
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    else:
        rows = pyarrow.parquet.read_table(path).to_pylist()
    for row in rows:
        del row["milliseconds"]
    return rows


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """Let a signal arrive when a number of photos is in the journal."""
    append = Journal.append

    def appended(journal: Journal, entry: app.journal.Entry) -> None:
        append(journal, entry)
        if journal.entries_done == count:
            raise Stopped(SIGINT)

    monkeypatch.setattr(Journal, "append", appended)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("count", [1, 5, 10])
def test_stopped_and_resumed_it_writes_the_same_table(
    scorer: Scorer,
    sources: list[Source],
    tmp_path: Path,
    suffix: str,
    count: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(scorer, sources, Files(out=tmp_path / f"whole{suffix}"))
    files = Files(out=tmp_path / f"parts{suffix}")
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        stop_after(patched, count)
        run(scorer, sources, files)
    assert not files.out.exists() and files.journal.exists()
    said = run(scorer, sources, replace(files, resume=True))
    assert rows_of(files.out) == rows_of(tmp_path / f"whole{suffix}")
    assert "10  in all" in said and "1  Error (not_an_image)" in said
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"parts{suffix}", f"whole{suffix}"]


def test_resumed_it_scores_only_what_is_missing(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.jsonl")
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        stop_after(patched, 6)
        run(scorer, sources, files)
    scored: list[Source] = []
    answers = Scorer.answers

    def noted(self: Scorer, left: list[Source], **options: frozenset[str]) -> Iterator[object]:
        scored.extend(left)
        return answers(self, left, **options)

    monkeypatch.setattr(Scorer, "answers", noted)
    run(scorer, sources, replace(files, resume=True))
    assert scored == sources[6:]


def test_a_run_stopped_between_its_table_and_the_end_of_its_journal_is_complete(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.csv")
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "remove", lambda journal: None)
        run(scorer, sources, files)
    before = files.out.read_bytes()
    run(scorer, sources, replace(files, resume=True))
    assert files.out.read_bytes() == before and not files.journal.exists()
    with pytest.raises(OutputError, match="complete") as caught:
        run(scorer, sources, replace(files, resume=True))
    assert caught.value.code == "exists"


def test_a_foreign_table_is_not_overwritten_on_resuming(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.csv", resume=True)
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        stop_after(patched, 3)
        run(scorer, sources, files)
    files.out.write_text("mine")
    with pytest.raises(OutputError) as caught:
        run(scorer, sources, files)
    assert caught.value.code == "exists"
    assert files.out.read_text() == "mine" and files.journal.exists()


def test_another_run_is_not_resumed(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.csv", resume=True)
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        stop_after(patched, 3)
        run(scorer, sources, files)
    other_model = Classifier.load(write_tiny_model(tmp_path / "other", threshold=0.3))
    other_words = tmp_path / "words.toml"
    other_words.write_text(scorer.words.path.read_text(encoding="utf-8") + "\n# mine", encoding="utf-8")
    for other, photos, changed, name in (
        (replace(scorer, classifier=other_model), sources, files, "model"),
        (replace(scorer, words=Words.read(other_words)), sources, files, "words"),
        (scorer, sources[1:], files, "photos"),
        (scorer, sources, replace(files, evidence=tmp_path / "e"), "options"),
    ):
        with pytest.raises(OutputError, match=f"other {name};") as caught:
            run(other, photos, changed)
        assert caught.value.code == "other_run"
    run(scorer, sources, files)
    assert len(rows_of(files.out)) == 10


def test_without_a_journal_resuming_begins(scorer: Scorer, sources: list[Source], tmp_path: Path) -> None:
    run(scorer, sources, Files(out=tmp_path / "t.csv", resume=True))
    assert len(rows_of(tmp_path / "t.csv")) == 10


def test_evidence_pictures_stand_in_their_rows_and_survive_a_stop(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.jsonl", evidence=tmp_path / "evidence")
    with monkeypatch.context() as patched, pytest.raises(Stopped):
        stop_after(patched, 7)
        run(scorer, sources, files)
    run(scorer, sources, replace(files, resume=True))
    named = [row["evidence"] for row in rows_of(files.out)]
    pictures = [Path(str(name)) for name in named if name is not None]
    assert pictures and set(pictures) == set((tmp_path / "evidence").iterdir())
    assert named[4] is None
    for number, name in enumerate(named, start=1):
        assert name is None or Path(str(name)).name.startswith(f"{number:06d}_")
    with Image.open(pictures[0]) as picture:
        assert picture.format == "JPEG" and picture.size == (160, 120)


def test_a_run_killed_between_its_first_picture_and_its_first_row_goes_on(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = Files(out=tmp_path / "t.jsonl", evidence=tmp_path / "evidence")

    def killed(journal: Journal, entry: app.journal.Entry) -> None:
        raise Stopped(SIGINT)

    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(Journal, "append", killed)
        run(scorer, sources, files)
    assert list((tmp_path / "evidence").iterdir())
    run(scorer, sources, replace(files, resume=True))
    assert len(rows_of(files.out or tmp_path)) == 10


def test_a_folder_that_holds_something_takes_no_evidence(scorer: Scorer, sources: list[Source], tmp_path: Path) -> None:
    (tmp_path / "e").mkdir()
    (tmp_path / "e" / "mine.jpg").touch()
    with pytest.raises(OutputError) as caught:
        run(scorer, sources, Files(out=tmp_path / "t.csv", evidence=tmp_path / "e"))
    assert caught.value.code == "exists"
    with pytest.raises(OutputError):
        score_to_terminal(scorer, sources, console=Console(quiet=True), evidence=tmp_path / "e")
    with pytest.raises(OutputError) as caught:
        score_to_terminal(scorer, sources, console=Console(quiet=True), evidence=tmp_path / "none" / "e")
    assert caught.value.code == "cannot_write"


def test_parquet_has_the_types_of_the_columns(scorer: Scorer, sources: list[Source], tmp_path: Path) -> None:
    run(scorer, sources, Files(out=tmp_path / "t.parquet"))
    schema = pyarrow.parquet.read_schema(tmp_path / "t.parquet")
    types = {name: str(schema.field(name).type) for name in ("file", "p_other", "milliseconds", "schema")}
    assert types == {"file": "string", "p_other": "double", "milliseconds": "double", "schema": "int64"}


def test_parquet_without_its_library_is_one_sentence(
    scorer: Scorer, sources: list[Source], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"\[parquet\]") as caught:
        run(scorer, sources, Files(out=tmp_path / "t.parquet"))
    assert caught.value.code == "extra_not_installed"
    assert list(tmp_path.iterdir()) == []
