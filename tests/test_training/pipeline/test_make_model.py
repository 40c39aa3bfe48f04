"""make_model: from labelled photos to a folder that opens, and nothing where it should not be."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from app.views.model_report import model_report
from model.batch import score_photos
from model.card import ModelCard
from model.categories import NOT_SKIN
from model.classifier import Classifier
from model.errors import ManifestError, ModelError, OutputError, PhotoError
from training.data.manifest import Example, read_manifest
from training.data.skin_tone import skin_band
from training.pipeline.make_model import Job, make_model
from training.recipes import DataOptions, DecisionOptions, DrawnOptions, FitOptions, NetworkOptions, Recipe
from training.rendering.folder import draw_folder

pytestmark = pytest.mark.slow

CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash")
RECIPE = Recipe(
    version="7.0.0",
    seed=3,
    categories=CATEGORIES,
    drawn=DrawnOptions(per_category=3, validation_per_category=2, on_photos=0.5),
    network=NetworkOptions(backbone="test_efficientnet", size=64, start="random", frozen=("conv_stem",)),
    fit=FitOptions(epochs=2, batch_size=8, learning_rate=0.01, backbone_learning_rate=0.001, workers=0),
)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    draw_folder(folder, per_category=5, seed=1, size=96)
    return read_manifest(folder, categories=(*CATEGORIES, "other", NOT_SKIN))


@pytest.fixture(scope="module")
def trained(photos: list[Example], tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trained") / "my_model"
    make_model(Job(RECIPE, photos, out, "redspots train", test=photos[:3], report=model_report), tell=lambda line: None)
    return out


def test_a_drawn_folder_carries_a_manifest_with_the_skin_tones(tmp_path: Path) -> None:
    draw_folder(tmp_path / "drawn", per_category=2, seed=1, size=64)
    known = (*CATEGORIES, "other")
    listed = read_manifest(tmp_path / "drawn" / "photos.csv", categories=known)
    assert {example.path for example in listed} == {
        example.path for example in read_manifest(tmp_path / "drawn", categories=known)
    }
    assert all(skin_band(example.skin_tone) for example in listed)


def test_the_folder_opens_and_scores(trained: Path, photos: list[Example]) -> None:
    classifier = Classifier.load(trained)
    assert classifier.card.version == "7.0.0"
    outcomes = list(score_photos(classifier, [example.path for example in photos[:4]]))
    assert all(outcome.prediction is not None for outcome in outcomes)


def test_nothing_but_the_folder_is_left(trained: Path) -> None:
    assert [path.name for path in trained.parent.iterdir()] == ["my_model"]
    assert sorted(path.name for path in trained.iterdir()) == [
        "README.md",
        "card.json",
        "classifier.onnx",
        "logs",
        "metrics.json",
        "report.html",
        "weights.safetensors",
    ]


def test_the_card_says_how_it_was_made(trained: Path) -> None:
    card = ModelCard.read(trained)
    assert card.training["command"] == "redspots train"
    assert card.training["seed"] == 3
    assert card.training["recipe"]["network"]["backbone"] == "test_efficientnet"
    assert set(card.metrics) == {"validation", "test"}
    assert card.prediction_sets is not None and card.most_energy is not None
    assert "coverage_of_sets_bleeding_spots" not in card.metrics["test"]["figures"], "no parent in this recipe"
    assert card.metrics["validation"]["figures"]["size_of_sets"]["value"] >= 1
    assert set(card.files) == {"classifier.onnx", "weights.safetensors", "README.md", "metrics.json"}
    assert set(card.reports) == {"report.html"}
    drawn = next(source for source in card.data if source["source"].startswith("drawn"))
    assert drawn["photos"]["petechiae"] == 5
    json.dumps(card.to_json(), allow_nan=False)


def test_the_readme_says_what_must_be_said(trained: Path) -> None:
    text = (trained / "README.md").read_text()
    for words in (
        "Not a medical device",
        "No clinician has reviewed",
        "auc petechiae",
        "Seed 3",
        "licence",
        "Prediction sets",
        "energy",
    ):
        assert words in text


def test_a_folder_that_exists_is_never_touched(photos: list[Example], tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    with pytest.raises(OutputError) as caught:
        make_model(Job(RECIPE, photos, tmp_path / "precious", ""), tell=lambda line: None)
    assert caught.value.code == "exists"
    assert (tmp_path / "precious").read_text() == "mine"


def test_a_place_that_cannot_be_written_is_named_before_training(photos: list[Example], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="file") as caught:
        make_model(Job(RECIPE, photos, tmp_path / "file" / "out", ""), tell=lambda line: None)
    assert caught.value.code == "cannot_write"


def test_an_unreadable_photo_stops_before_training_and_is_named(photos: list[Example], tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    job = Job(RECIPE, [*photos, Example(broken, "purpura", "b")], tmp_path / "out", "")
    with pytest.raises(PhotoError, match="broken.jpg"):
        make_model(job, tell=lambda line: None)
    assert not (tmp_path / "out").exists()


def test_a_category_without_any_photo_is_named(photos: list[Example], tmp_path: Path) -> None:
    some = [example for example in photos if example.category != "sun_rash"]
    recipe = RECIPE.model_copy(update={"drawn": DrawnOptions()})
    with pytest.raises(ManifestError, match="sun_rash"):
        make_model(Job(recipe, some, tmp_path / "out", ""), tell=lambda line: None)


def test_cross_validation_measures_each_real_photo_once_and_ships_a_network_that_saw_all(
    photos: list[Example], tmp_path: Path
) -> None:
    recipe = RECIPE.model_copy(
        update={
            "data": DataOptions(folds=2),
            "drawn": RECIPE.drawn.model_copy(update={"transplanted_per_category": 2}),
            "decision": DecisionOptions(other_prior=0.8),
        }
    )
    lines: list[str] = []
    card = make_model(Job(recipe, photos, tmp_path / "out", "", test=photos[:3]), tell=lines.append)
    assert card.metrics["cross_validation"]["photos"] == {name: 5 for name in sorted((*CATEGORIES, "other"))}
    assert set(card.metrics) == {"cross_validation", "test"}
    assert sum(line.startswith("fold ") for line in lines) == 2
    drawn = next(source for source in card.data if source["source"].startswith("drawn"))
    assert drawn["photos"]["petechiae"] == 5
    assert "each scored by a network that never saw its group" in (tmp_path / "out" / "README.md").read_text()
    Classifier.load(tmp_path / "out")


def test_more_folds_than_groups_are_refused(photos: list[Example], tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"data": DataOptions(folds=99)})
    with pytest.raises(ManifestError, match="folds") as caught:
        make_model(Job(recipe, photos, tmp_path / "out", ""), tell=lambda line: None)
    assert caught.value.code == "too_few_photos"


def test_retraining_starts_from_a_model_folder(trained: Path, photos: list[Example], tmp_path: Path) -> None:
    network = NetworkOptions(backbone="ignored", start="release", dropout=0.1)
    recipe = RECIPE.model_copy(
        update={"network": network, "fit": RECIPE.fit.model_copy(update={"epochs": 1}), "version": "8.0.0"}
    )
    job = Job(recipe, photos, tmp_path / "again", "", start=trained)
    card = make_model(job, tell=lambda line: None)
    assert card.backbone == "test_efficientnet"
    assert card.preprocess.size == 64
    Classifier.load(tmp_path / "again")


def test_retraining_takes_categories_of_ones_own(trained: Path, photos: list[Example], tmp_path: Path) -> None:
    renamed = {"purpura": "bites", "petechiae": "petechiae", "other": "other"}
    own = [replace(one, category=renamed[one.category]) for one in photos if one.category in renamed]
    recipe = RECIPE.model_copy(
        update={
            "categories": ("bites", "petechiae"),
            "drawn": DrawnOptions(),
            "network": NetworkOptions(backbone="ignored", start="release"),
            "fit": RECIPE.fit.model_copy(update={"epochs": 1}),
        }
    )
    card = make_model(Job(recipe, own, tmp_path / "own", "", start=trained), tell=lambda line: None)
    assert card.categories == ("bites", "petechiae")


def test_starting_from_nothing_is_refused(photos: list[Example], tmp_path: Path) -> None:
    recipe = RECIPE.model_copy(update={"network": NetworkOptions(backbone="x", start="release")})
    for start in (None, tmp_path / "nowhere"):
        with pytest.raises(ModelError):
            make_model(Job(recipe, photos, tmp_path / "out", "", start=start), tell=lambda line: None)
