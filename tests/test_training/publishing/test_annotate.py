"""describe: what is found later goes onto the card, and nothing else of the model changes."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli import app
from model.card import NETWORK, ModelCard
from model.classifier import Classifier, newest_release
from model.errors import InputError, ModelError
from training.publishing.annotate import describe
from training.publishing.reporting import reporting_tables


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(newest_release(), tmp_path / "my_model"))


def metrics(path: Path, card: ModelCard, **changes: Any) -> Path:
    figure = {"value": 0.5, "low": 0.4, "high": 0.6}
    value = {
        "model_version": card.version,
        "photos_from": "drawn/photos.csv",
        "photos": {"purpura": 7},
        "groups": 7,
        "unreadable": 0,
        "figures": {"auc_purpura": figure},
    }
    path.write_text(json.dumps(value | changes), encoding="utf-8")
    return path


def test_notes_and_figures_stand_on_both_cards(model: Path, tmp_path: Path) -> None:
    before = Classifier.load(model).card
    notes = tmp_path / "notes.md"
    notes.write_text("Takes a slide rule for purpura.\n", encoding="utf-8")
    figures = metrics(tmp_path / "metrics.json", before)
    result = CliRunner().invoke(app, ["describe", str(model), "--notes", str(notes), "--figures", f"Mine={figures}"])
    assert result.exit_code == 0, result.output
    card = Classifier.load(model).card
    assert card.notes == "Takes a slide rule for purpura."
    assert card.metrics == {**before.metrics, "Mine": card.metrics["Mine"]}
    assert card.metrics["Mine"]["sources"] == {"drawn/photos.csv": 7}
    assert card.files[NETWORK] == before.files[NETWORK]
    assert card.threshold == before.threshold
    text = (model / "README.md").read_text(encoding="utf-8")
    for said in ("## Seen by eye", "slide rule", "### Mine", "0.500 (0.400 to 0.600)", card.intended_use):
        assert said in text
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_the_metrics_of_a_model_folder_are_taken_set_by_set(model: Path, tmp_path: Path) -> None:
    before = Classifier.load(model).card
    one = json.loads(metrics(tmp_path / "of_evaluate.json", before).read_text(encoding="utf-8"))
    sets = {"test": {**one, "sources": {"mine": 7}, "diagrams": {}}, "validation": one}
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"schema": 1, "model_version": before.version, "sets": sets}), encoding="utf-8")
    measured = describe(model, figures={"Again": path}).metrics
    assert measured["Again: test"] == {
        "photos": {"purpura": 7},
        "groups": 7,
        "unreadable": 0,
        "figures": one["figures"],
        "sources": {"mine": 7},
    }
    assert set(measured) == {*before.metrics, "Again: test", "Again: validation"}


def test_earlier_notes_stay_until_new_ones_come(model: Path, tmp_path: Path) -> None:
    for text in ("first", "second"):
        notes = tmp_path / "notes.md"
        notes.write_text(text, encoding="utf-8")
        describe(model, notes=notes)
        assert describe(model).notes == text


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"model_version": "9.9.9"}, "9.9.9"), ({"photos": None}, "redspots evaluate"), ({"figures": 1}, None)],
)
def test_figures_of_another_model_or_of_no_kind_are_refused(
    model: Path, tmp_path: Path, changes: dict[str, Any], named: str | None
) -> None:
    before = Classifier.load(model).card
    figures = metrics(tmp_path / "metrics.json", before, **changes)
    with pytest.raises(InputError, match=named or "metrics.json"):
        describe(model, figures={"Mine": figures})
    assert Classifier.load(model).card == before


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\xff"])
def test_notes_that_say_nothing_are_refused(model: Path, tmp_path: Path, content: bytes | None) -> None:
    notes = tmp_path / "notes.md"
    if content is not None:
        notes.write_bytes(content)
    with pytest.raises(InputError, match="notes.md"):
        describe(model, notes=notes)


def test_a_damaged_model_is_not_described(model: Path) -> None:
    (model / NETWORK).write_bytes(b"")
    with pytest.raises(ModelError):
        describe(model)


def test_figures_without_a_title_are_refused(model: Path) -> None:
    result = CliRunner().invoke(app, ["describe", str(model), "--figures", "metrics.json"])
    assert isinstance(result.exception, InputError)
    assert "TITLE=FILE" in str(result.exception)


def test_every_item_of_the_guidelines_has_an_answer() -> None:
    clear_derm, claim = reporting_tables()
    assert clear_derm.count("\n| ") == 25 + 1
    assert claim.count("\n| ") == 42 + 1
    for row in (*clear_derm.splitlines(), *claim.splitlines()):
        if row.startswith("| ") and not row.startswith("| |"):
            assert all(cell.strip() for cell in row.strip("|").split("|")), row


def test_a_model_whose_exchange_was_killed_or_failed_is_whole(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "notes.md").write_text("first", encoding="utf-8")
    rename, calls = Path.rename, []

    def killed(self: Path, target: Path) -> Path:
        calls.append(self)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return rename(self, target)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "rename", killed)
        describe(model, notes=tmp_path / "notes.md")
    assert not model.exists()
    describe(model, notes=tmp_path / "notes.md")
    assert Classifier.load(model).card.notes == "first"
    assert [path.name for path in model.parent.iterdir() if path.name.startswith(".")] == []
