"""Tables hold every file once, harm no spreadsheet, and appear complete or not at all."""

from __future__ import annotations

import codecs
import csv
import io
import json
import os
import stat
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console

from app.answers.words import Words
from app.batch.outputs import Files
from app.batch.tables import TableWriter
from app.views.row import FORMULA, columns, row
from app.views.terminal import percent, print_answer
from model.errors import OutputError, PhotoError, WordsError
from model.prediction import Prediction, Score

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
SCORES = tuple(map(Score, OUTPUTS, (0.8, 0.1, 0.05, 0.0399999999, 0.01)))
SURE = Prediction(SCORES, "petechiae", 0.8, (), ("dim",), "1.2.3")
UNSURE = Prediction(SCORES, None, None, ("too_dark", "low_score"), (), "1.2.3")
BROKEN = PhotoError("damaged", "'a.jpg' is damaged; export it again.")

WORDS = Words.read()

names = st.text(st.characters(codec="utf-8", exclude_characters="\x00/"), min_size=1, max_size=40)


@pytest.fixture(scope="module")
def words() -> Words:
    """The words that ship."""
    return WORDS


def sure_row(words: Words, path: str | Path = "a.jpg") -> dict[str, object]:
    """Return a row of a photo that was recognised."""
    return row(path, words.answer(SURE), SURE, outputs=OUTPUTS)


def written(path: Path, *rows: dict[str, object]) -> Path:
    """Write a table and return its path."""
    with TableWriter.open(path, outputs=OUTPUTS) as table:
        for one in rows:
            table.write(one)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def shown(*, encoding: str = "utf-8", path: str = "a.jpg", prediction: Prediction | None, words: Words) -> str:
    """Return what the terminal shows of one answer."""
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding, write_through=True), width=80)
    answer = words.answer(prediction) if prediction else words.answer_error(BROKEN)
    print_answer(console, path, answer, prediction)
    return raw.getvalue().decode(encoding)


def test_a_row_has_the_columns_of_the_table_in_their_order(words: Words) -> None:
    one = sure_row(words)
    assert tuple(one) == columns(OUTPUTS)
    assert tuple(one)[:9] == ("file", "category", "headline", "probability", *(f"p_{output}" for output in OUTPUTS))
    assert one["probability"] == one["p_petechiae"] == 0.8
    assert one["p_sun_rash"] == 0.04
    assert one["photo_notes"] == f"dim: {words.notes['dim']}"
    assert one["error"] is None


def test_a_row_that_is_not_sure_has_no_category_and_its_reasons_by_code(words: Words) -> None:
    one = row("a.jpg", words.answer(UNSURE), UNSURE, outputs=OUTPUTS)
    assert one["category"] is None and one["probability"] is None
    assert one["p_petechiae"] == 0.8
    assert one["not_sure_because"] == (
        f"too_dark: {words.reasons['too_dark']} | low_score: {words.reasons['low_score']}"
    )


def test_a_row_of_an_error_has_its_code_and_sentence(words: Words) -> None:
    answer = words.answer_error(BROKEN, model_version="1.2.3")
    for one in (
        row("a.jpg", answer, None, outputs=OUTPUTS),
        row("a.jpg", answer, None, outputs=OUTPUTS, error_sentence=str(BROKEN)),
    ):
        assert one["error"] == f"damaged: {BROKEN}"
        assert one["p_petechiae"] is None and one["not_sure_because"] is None
        assert one["model_version"] == "1.2.3"


def test_scores_of_another_model_are_refused(words: Words) -> None:
    with pytest.raises(ValueError, match="p_|columns"):
        row("a.jpg", words.answer(SURE), SURE, outputs=("petechiae", "other"))


def test_jsonl_keeps_numbers_and_says_null_for_nothing(words: Words, tmp_path: Path) -> None:
    unsure = row("b.jpg", words.answer(UNSURE), UNSURE, outputs=OUTPUTS)
    path = written(tmp_path / "t.jsonl", sure_row(words), unsure)
    first, second = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
    assert first == sure_row(words)
    assert isinstance(first["p_other"], float)
    assert second["category"] is None and second["error"] is None


@settings(deadline=None, max_examples=100)
@given(names)
@example("=cmd|' /C calc'!A0.jpg")
@example('line\nbreak "quoted", comma\r.jpg')
@example("\tindented.jpg")
@example("-1+1.jpg")
@example("@sum.jpg")
@example("＝full width.jpg")
@example("Ünï\u2028côde \u202egpj.jpg")
@example("\r")
def test_any_file_name_survives_and_no_cell_is_a_formula(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    folder = tmp_path_factory.mktemp("table")
    one = sure_row(WORDS, name)
    (from_csv,) = read_csv(written(folder / "t.csv", one))
    assert from_csv["file"] == (f"./{name}" if name.startswith(FORMULA) else name)
    assert not any(cell.startswith(FORMULA) for cell in from_csv.values())
    assert {key: cell for key, cell in from_csv.items() if key != "file"} == {
        key: "" if value is None else str(value) for key, value in one.items() if key != "file"
    }
    lines = written(folder / "t.jsonl", one).read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[0]) == one
    assert lines[1:] == [""]


def test_names_and_texts_are_the_same_in_all_formats(words: Words, tmp_path: Path) -> None:
    one = {**sure_row(words, "+d.jpg"), "headline": "-5 spots"}
    (from_csv,) = read_csv(written(tmp_path / "t.csv", one))
    from_jsonl = json.loads(written(tmp_path / "t.jsonl", one).read_text(encoding="utf-8"))
    from_parquet = pyarrow.parquet.read_table(written(tmp_path / "t.parquet", one)).to_pylist()[0]
    for cells in (from_csv, from_jsonl, from_parquet):
        assert (cells["file"], cells["headline"]) == ("./+d.jpg", "'-5 spots")


def test_a_table_for_excel_begins_with_its_mark(words: Words, tmp_path: Path) -> None:
    for name, excel in (("t.csv", True), ("u.csv", False)):
        with TableWriter.open(tmp_path / name, outputs=OUTPUTS, excel=excel) as table:
            table.write(sure_row(words, "Füße.jpg"))
    assert (tmp_path / "t.csv").read_bytes() == codecs.BOM_UTF8 + (tmp_path / "u.csv").read_bytes()
    for out in (tmp_path / "t.jsonl", tmp_path / "t.parquet"):
        with pytest.raises(OutputError, match="--excel"):
            Files(out=out, excel=True).check()


def test_a_file_name_that_is_not_utf_8_is_written_with_its_bytes(words: Words, tmp_path: Path) -> None:
    path = Path(os.fsdecode(b"caf\xe9.jpg"))
    for suffix in (".csv", ".jsonl"):
        table = written(tmp_path / f"t{suffix}", sure_row(words, path))
        assert r"caf\xe9.jpg" in table.read_text(encoding="utf-8").replace("\\\\", "\\")


def test_an_exception_leaves_neither_a_table_nor_a_part_of_one(words: Words, tmp_path: Path) -> None:
    for exception in (RuntimeError, KeyboardInterrupt):
        with pytest.raises(exception), TableWriter.open(tmp_path / "t.csv", outputs=OUTPUTS) as table:
            table.write(sure_row(words))
            raise exception
        assert list(tmp_path.iterdir()) == []


def test_a_table_is_not_seen_before_it_is_complete(words: Words, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    with TableWriter.open(path, outputs=OUTPUTS) as table:
        table.write(sure_row(words))
        assert not path.exists()
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.csv"]
    assert len(read_csv(path)) == 1


def test_an_existing_file_is_refused_and_unchanged(words: Words, tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match="t.csv") as caught:
        TableWriter.open(path, outputs=OUTPUTS)
    assert caught.value.code == "exists"
    assert path.read_text(encoding="utf-8") == "mine"
    with TableWriter.open(path, outputs=OUTPUTS, overwrite=True) as table:
        table.write(sure_row(words))
    assert len(read_csv(path)) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_file_that_appears_meanwhile_is_not_overwritten(words: Words, tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    with pytest.raises(OutputError) as caught, TableWriter.open(path, outputs=OUTPUTS) as table:
        table.write(sure_row(words))
        path.write_text("mine", encoding="utf-8")
    assert caught.value.code == "exists"
    assert path.read_text(encoding="utf-8") == "mine"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_dangling_link_counts_as_an_existing_file(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.symlink_to(tmp_path / "nowhere")
    with pytest.raises(OutputError) as caught:
        TableWriter.open(path, outputs=OUTPUTS)
    assert caught.value.code == "exists"


@pytest.mark.parametrize("name", ["t.txt", "t", "t.csv.gz", ".csv"])
def test_other_formats_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="csv") as caught:
        TableWriter.open(tmp_path / name, outputs=OUTPUTS)
    assert caught.value.code == "unknown_format"


def test_a_place_that_takes_no_file_is_refused_before_any_photo_is_scored(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    (tmp_path / "folder.csv").mkdir()
    places = [tmp_path / "none" / "t.csv", tmp_path / "file" / "t.csv", Path("/proc/t.csv")]
    for path in places:
        with pytest.raises(OutputError, match="cannot be written") as caught:
            TableWriter.open(path, outputs=OUTPUTS)
        assert caught.value.code == "cannot_write"
    with pytest.raises(OutputError) as caught:
        TableWriter.open(tmp_path / "folder.csv", outputs=OUTPUTS, overwrite=True)
    assert caught.value.code == "cannot_write"


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    with pytest.raises(OutputError) as caught:
        TableWriter.open(tmp_path / "t.csv", outputs=OUTPUTS)
    assert caught.value.code == "cannot_write"


def test_a_full_disk_is_one_error_and_leaves_nothing(words: Words, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError) as caught, TableWriter.open(tmp_path / "t.csv", outputs=OUTPUTS) as table:
            for _ in range(100):
                table.write(sure_row(words))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.code == "cannot_write"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("column", ["referral", "urgent_advice", "limits"])
@pytest.mark.parametrize("blank", ["", " ", "\u200b", None])
def test_a_row_without_its_referral_is_refused(words: Words, tmp_path: Path, column: str, blank: str | None) -> None:
    one = {**sure_row(words), column: blank}
    with pytest.raises(WordsError, match=column), TableWriter.open(tmp_path / "t.csv", outputs=OUTPUTS) as table:
        table.write(one)
    assert list(tmp_path.iterdir()) == []


def test_a_row_of_another_table_is_refused(words: Words, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="columns"), TableWriter.open(tmp_path / "t.csv", outputs=OUTPUTS) as table:
        table.write({**sure_row(words), "diagnosis": "petechiae"})


def test_the_terminal_says_what_to_do_before_any_number(words: Words) -> None:
    text = shown(prediction=SURE, words=words)
    order = ["a.jpg", "Most like pinpoint", "Get emergency help now", "Please have", "80 %", "No clinician", "https://"]
    assert sorted(order, key=text.index) == order
    assert "%" not in text[: text.index("80 %")]


def test_the_terminal_shows_why_it_is_not_sure_and_no_numbers_of_an_unfit_photo(words: Words) -> None:
    text = shown(prediction=UNSURE, words=words)
    assert "The photo is too dark." in text
    assert "%" not in text
    assert "'a.jpg' is damaged; export it again." in shown(prediction=None, words=words)


def test_file_names_cannot_steer_the_terminal(words: Words) -> None:
    text = shown(path="a\x1b[31m[bold]b[/bold]\n\u202e:smile:.jpg", prediction=SURE, words=words)
    assert r"a\x1b[31m[bold]b[/bold]\n\u202e:smile:.jpg" in text
    assert "\x1b" not in text and "\u202e" not in text


@settings(deadline=None, max_examples=60)
@given(names, st.sampled_from(["utf-8", "ascii", "cp1252"]))
def test_the_terminal_shows_any_name_in_any_encoding(name: str, encoding: str) -> None:
    text = shown(path=name, prediction=SURE, words=WORDS, encoding=encoding)
    assert "80 %" in text
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_a_percentage_is_never_none_or_all() -> None:
    assert [percent(value) for value in (0.0, 0.004, 0.01, 0.5, 0.99, 0.999, 1.0)] == [
        *("<1 %", "<1 %", "1 %", "50 %", "99 %", ">99 %", ">99 %")
    ]
