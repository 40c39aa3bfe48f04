"""redspots from Python: strings are paths, every answer and every error has its referral, rows are the command's."""

from __future__ import annotations

import dataclasses
import io
import json
import subprocess
import sys
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from rich.console import Console
from typer.testing import CliRunner

import redspots
from app.answers.answer import Answer
from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.cli import app as command_line
from app.views import progress
from app.views.row import columns
from model.errors import InputError, ModelError, WordsError
from redspots import loaded_model
from tests.conftest import OUTPUTS
from tests.support.drawing import encoded, skin

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.jpg"
    path.write_bytes(encoded(skin()))
    return path


@pytest.fixture(scope="module")
def loaded(tiny_model: Path) -> redspots.LoadedModel:
    return redspots.load(str(tiny_model))


def referral(language: Language = Language.ENGLISH) -> str:
    return Words.read(shipped_words(language)).entries["could_not_read"].referral


def test_a_string_a_path_and_bytes_are_answered_alike(loaded: redspots.LoadedModel, photo: Path) -> None:
    by_string, by_path = loaded.answer(str(photo)), loaded.answer(photo)
    by_bytes = loaded.answer(photo.read_bytes())
    assert by_string == by_path
    assert by_string.shares == by_bytes.shares and by_bytes.file == ""
    assert isinstance(by_string, Answer) and by_string.referral in by_string._repr_html_()


def test_the_answer_is_that_of_the_command_line(tiny_model: Path, loaded: redspots.LoadedModel, photo: Path) -> None:
    told = CliRunner().invoke(command_line, ["score", str(photo), "--model", str(tiny_model)])
    answer = loaded.answer(photo)
    assert answer.headline in told.stdout and told.exit_code == 0
    for line in answer.referral.split(". "):
        assert line.split()[0] in told.stdout


@pytest.mark.parametrize("name", ["missing.jpg", "", ".", "a\0b.jpg", "https://example.org/photo.jpg"])
def test_a_photo_that_cannot_be_read_has_an_answer_too(
    loaded: redspots.LoadedModel, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A machine that the test may not ask: every URL is out of reach.
    monkeypatch.setattr(loaded_model, "fetcher", lambda sources: None)
    answer = loaded.answer(name)
    assert answer.error and answer.category is None
    assert answer.referral in " ".join(repr(answer).split()) and answer.referral in answer._repr_html_()


def test_a_url_is_fetched_and_its_password_is_shown_nowhere(
    loaded: redspots.LoadedModel, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loaded_model, "fetcher", lambda sources: lambda url: photo.read_bytes())
    answer = loaded.answer("https://somebody:secret@example.org/photo.jpg")
    assert answer.prediction is not None
    for shown in (repr(answer), answer._repr_html_()):
        assert "secret" not in shown and "example.org" in shown


@pytest.mark.parametrize("field", ["referral", "urgent_advice", "limits", "how_soon", "headline"])
def test_nothing_can_take_the_referral_away(loaded: redspots.LoadedModel, photo: Path, field: str) -> None:
    answer = loaded.answer(photo)
    with pytest.raises(WordsError, match=field):
        dataclasses.replace(answer, **{field: " "})
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(answer, field, "")


def test_the_card_says_what_the_page_says_in_its_order(loaded: redspots.LoadedModel, photo: Path) -> None:
    page = loaded.words.page
    answer = loaded.answer(photo)
    shown = answer._repr_html_()
    parts = [page["alarm"], answer.level_name, answer.title, answer.to_do, page["limits_title"]]
    places = [shown.index(str(escape(part))) for part in parts]
    assert places == sorted(places)
    for fit in answer.fits:
        assert str(escape(fit.name)) in shown and str(escape(fit.word)) in shown
    ticked = loaded.answer(photo, red_flags=["unwell"])
    flagged = ticked._repr_html_()
    # What was ticked comes first, and nothing has to be opened to read it.
    assert flagged.index(str(escape(ticked.headline))) < flagged.index("<details>")
    assert flagged.index(page["advice_title"]) < flagged.index("<details>")
    assert page["alarm"] not in flagged and f">{ticked.title}<" in flagged


@given(name=st.text(max_size=30))
def test_no_file_name_becomes_html_or_a_control_sequence(tmp_path_factory: pytest.TempPathFactory, name: str) -> None:
    words = Words.read()
    answer = words.answer_error(InputError("nothing_found", "There is no photo; choose one."))
    shown = redspots.PhotoAnswer.of(answer, words, file=f"<script>{name}</script>")
    assert "<script>" not in shown._repr_html_()
    assert "\x1b" not in repr(shown) and "\x1b" not in shown._repr_html_()


@pytest.mark.parametrize("language", Language)
def test_words_are_in_the_language_that_is_asked_for(tiny_model: Path, photo: Path, language: Language) -> None:
    answer = redspots.load(tiny_model, language=language.value).answer(photo)
    assert f'lang="{language}"' in answer._repr_html_()
    assert answer.limits == Words.read(shipped_words(language)).limits


def test_a_red_flag_comes_before_the_photo(loaded: redspots.LoadedModel, photo: Path) -> None:
    answer = loaded.answer(photo, red_flags=["unwell"])
    assert answer.urgency == "emergency"
    for ticked in ("unwell", [redspots.RedFlag.UNWELL]):
        assert loaded.answer(photo, red_flags=ticked) == answer
    with pytest.raises(InputError, match="There is no red flag 'tired'; choose from fever"):
        loaded.answer(photo, red_flags=["tired"])


@pytest.mark.parametrize("language", [None, "es", "pt"])
def test_an_error_that_ends_the_work_carries_the_referral(tmp_path: Path, language: str | None) -> None:
    with pytest.raises(ModelError) as caught:
        redspots.load(tmp_path / "nothing", language=language)
    told = "".join(traceback.format_exception(caught.value))
    assert referral(Language(language or "en")) in told


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"language": "fr"}, "There is no language 'fr'; choose one of en, es, pt."),
        ({"language": "es", "words": "words.toml"}, "A words file has a language of its own"),
    ],
)
def test_wrong_options_get_one_sentence(tiny_model: Path, options: dict[str, str], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence) as caught:
        redspots.load(tiny_model, **options)
    assert any("999, 112" in note or "112" in note for note in caught.value.__notes__)


def test_rows_are_those_of_the_command_and_keep_the_order(
    tiny_model: Path, loaded: redspots.LoadedModel, photo: Path, tmp_path: Path
) -> None:
    rows = loaded.score([photo, "missing.jpg", str(photo)], progress=False)
    assert [row["file"] for row in rows] == [str(photo), "missing.jpg", str(photo)]
    assert tuple(rows[0]) == columns(OUTPUTS)
    assert rows[1]["error_code"] == "missing" and all(row["referral"] for row in rows)
    table = tmp_path / "table.jsonl"
    done = CliRunner().invoke(command_line, ["score", str(photo), "--out", str(table), "--model", str(tiny_model)])
    assert done.exit_code == 0
    written = json.loads(table.read_text(encoding="utf-8"))
    assert rows[0] | {"milliseconds": None} == written | {"milliseconds": None}


def test_a_folder_stands_for_its_photos_and_one_without_any_is_an_error(
    loaded: redspots.LoadedModel, photo: Path, tmp_path: Path
) -> None:
    for name in ("b.jpg", "a.jpg", "deeper/c.jpg"):
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(photo.read_bytes())
    rows = loaded.score(tmp_path / "photos", progress=False)
    assert [Path(str(row["file"])).name for row in rows] == ["a.jpg", "b.jpg", "c.jpg"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="No photo in"):
        loaded.score([tmp_path / "empty"])
    assert loaded.score([]) == []


def test_a_data_frame_has_the_columns_of_the_table(tiny_model: Path, photo: Path) -> None:
    frame = redspots.score([photo], model=tiny_model, as_frame=True, progress=False)
    assert tuple(frame.columns) == columns(OUTPUTS) and len(frame) == 1
    assert frame["referral"].str.len().min() > 0
    assert tuple(redspots.score([], model=tiny_model, as_frame=True).columns) == columns(OUTPUTS)


def test_a_data_frame_without_pandas_names_the_package(
    loaded: redspots.LoadedModel, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(InputError, match="pip install pandas"):
        loaded.score([photo], as_frame=True)


@pytest.mark.parametrize("asked", [True, False])
def test_a_terminal_sees_how_far_it_is(
    loaded: redspots.LoadedModel, photo: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=100)
    monkeypatch.setattr(loaded_model, "Console", lambda stderr: console)
    loaded.score([photo, photo], progress=asked)
    assert ("2/2" in shown.getvalue()) is asked


def test_a_notebook_without_widgets_gets_lines_and_no_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(file=io.StringIO(), force_jupyter=True)
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    with progress.watched(console, total=1) as advance:
        assert isinstance(advance, progress.Lines)


def test_import_is_quick_and_loads_nothing_before_it_is_used() -> None:
    script = "import sys, redspots, model; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert loaded.isdisjoint({"numpy", "PIL", "onnxruntime", "rich", "jinja2", "pandas", "torch", "app", "training"})


def test_what_is_used_loads_neither_the_page_nor_training(tiny_model: Path, photo: Path) -> None:
    script = (
        "import sys, redspots; redspots.load(sys.argv[1]).answer(sys.argv[2])._repr_html_();"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", script, str(tiny_model), str(photo)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()).isdisjoint({"torch", "gradio", "fastapi", "typer", "training", "pandas"})


def test_public_names_are_there_and_no_others() -> None:
    for name in redspots.__all__:
        assert getattr(redspots, name) is not None
    assert set(redspots.__all__) <= set(dir(redspots))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = redspots.nothing  # type: ignore[attr-defined]


def test_python_m_redspots_is_the_command_line() -> None:
    command = [sys.executable, "-m", "redspots", "--version"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split()[1] == redspots.__version__
