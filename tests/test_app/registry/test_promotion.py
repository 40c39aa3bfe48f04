"""promote: measured beside the default on photos that neither saw, refused with the numbers, overridden on record."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.cli.evaluate import Measured
from app.cli.promotion import comparison_of, promote
from app.registry.promotion import LEAST_GROUPS, check_words, judge
from app.registry.store import SHIPPED, default_model, read_state
from model.card import CARD, ModelCard
from model.errors import ModelError, WordsError
from tests.conftest import OUTPUTS, write_tiny_model
from tests.support.cards import plain_card
from tests.support.scored_photos import scored_photos
from training.rendering.folder import draw_folder

pytestmark = pytest.mark.slow

PLAIN = plain_card(OUTPUTS)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    draw_folder(folder, per_category=6, seed=1, size=96)
    return folder


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDSPOTS_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


def measured(sure: float, *, card: ModelCard = PLAIN, count: int = 200, calibrated: bool = True) -> Measured:
    random = np.random.default_rng(0)
    targets = np.arange(count) % 5
    probabilities = random.dirichlet(np.ones(5), count)
    right = random.random(count) < sure
    probabilities[right] = 0.05 if calibrated else 0.001
    probabilities[right, targets[right]] = 0.8 if calibrated else 0.996
    scored = scored_photos([OUTPUTS[target] for target in targets], probabilities)
    return Measured(card, scored, [])


@pytest.fixture
def judged(store: Path) -> Callable[..., tuple[str, ...]]:
    """Judge what two models said, in place of two models that would have to be trained to say it."""

    def run(new: Measured, old: Measured) -> tuple[str, ...]:
        return judge(default_model(), comparison_of(new, old)).against

    return run


def test_fewer_bleeding_spots_found_speak_against_a_model_with_the_numbers(
    judged: Callable[..., tuple[str, ...]],
) -> None:
    against = judged(measured(0.2), measured(1.0))
    (found,) = [sentence for sentence in against if "finds fewer bleeding spots" in sentence]
    assert "instead of 1.000" in found and "95 % interval -" in found
    assert not [sentence for sentence in judged(measured(1.0), measured(0.2)) if "bleeding" in sentence]


def test_an_uncalibrated_model_is_named_with_its_error(judged: Callable[..., tuple[str, ...]]) -> None:
    against = judged(measured(1.0), measured(1.0))
    assert any("calibration error is 0.2" in sentence for sentence in against), against
    assert judged(measured(1.0, calibrated=False), measured(1.0)) == ()


def test_a_model_that_forgot_a_kind_of_bleeding_is_named(judged: Callable[..., tuple[str, ...]]) -> None:
    card = replace(PLAIN, outputs=("a", "purpura", "cherry_angioma", "sun_rash", "other"), parents={})
    assert "It does not know petechiae, which the default does." in judged(measured(1.0, card=card), measured(1.0))
    none = replace(PLAIN, outputs=("a", "b", "cherry_angioma", "sun_rash", "other"), parents={})
    assert "It knows no bleeding spots." in judged(measured(1.0, card=none), measured(1.0))


def test_few_photos_of_bleeding_say_nothing(judged: Callable[..., tuple[str, ...]]) -> None:
    few = measured(1.0, calibrated=False, count=20)
    assert any(f"fewer than {LEAST_GROUPS}" in sentence for sentence in judged(few, few))


def test_a_refused_model_leaves_the_default_and_an_override_stands_on_the_copy(
    store: Path, own_model: Path, photos: Path
) -> None:
    before = (own_model / CARD).read_bytes()
    with pytest.raises(ModelError, match="not made the default") as caught:
        promote(own_model, photos, where=[], workers=1, override="")
    assert caught.value.code == "refused"
    assert default_model().name == SHIPPED
    result = CliRunner().invoke(
        app, ["promote", str(own_model), "--photos", str(photos), "--override", "A trial in the lab", "--workers", "1"]
    )
    assert result.exit_code == 0, result.output
    assert (own_model / CARD).read_bytes() == before, "the model that was promoted stays as it is"
    card = ModelCard.read(default_model().folder)
    assert card.promotion["override"] == "A trial in the lab"
    assert card.promotion["against"]
    (change,) = read_state(store).history
    assert change["override"] == "A trial in the lab" and change["figures"]["judged"]
    assert "A trial in the lab" in CliRunner(env={"COLUMNS": "250"}).invoke(app, ["models", "list"]).output


def test_the_readme_of_the_copy_tells_it(store: Path, tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    from model.card import sha256_of

    model = Path(shutil.copytree(tiny_model, tmp_path / "with_readme"))
    (model / "README.md").write_text("# A model\n")
    card = ModelCard.read(tiny_model)
    replace(card, files={**card.files, "README.md": sha256_of(model / "README.md")}).write(model)
    name, _ = promote(model, photos, where=[], workers=1, override="because I say so")
    text = (store / name / "README.md").read_text()
    assert text.startswith("# A model")
    for said in ("## Made the default", "Against the numbers", "because I say so"):
        assert said in text
    ModelCard.read(store / name)


def test_nothing_overrides_missing_words(store: Path, tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    model = write_tiny_model(tmp_path / "bites")
    value = json.loads((model / CARD).read_text())
    value["outputs"][0], value["parents"] = "bites", {}
    (model / CARD).write_text(json.dumps(value))
    with pytest.raises(WordsError, match="bites"):
        promote(model, photos, where=[], workers=1, override="please")
    assert default_model().name == SHIPPED
    check_words(tiny_model, ModelCard.read(tiny_model))
    assert not store.exists()


def test_evaluate_tells_two_models_apart(tiny_model: Path, photos: Path, tmp_path: Path) -> None:
    other = write_tiny_model(tmp_path / "other", version="0.0.2")
    out = tmp_path / "metrics.json"
    arguments = ["evaluate", "--model", str(tiny_model), "--against", str(other), "--photos", str(photos)]
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*arguments, "--out", str(out)])
    assert result.exit_code == 0, result.output
    value = json.loads(out.read_text())
    assert value["against"]["model_version"] == "0.0.2" and value["schema"] == 1
    assert value["difference"]["auc_purpura"]["difference"] == 0, "two networks with the same weights"
    assert "Not certain either way: auc petechiae" in result.output.replace("\n", " ")
