"""Class means: what they compare is what the network computes, and a source that is left out is not in them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import training.pipeline.few_shot as few_shot
from model.card import ModelCard, sha256_of
from model.categories import OTHER
from model.classifier import Classifier
from model.errors import ManifestError, ModelError, RecipeError
from training.data.manifest import Example, read_manifest
from training.fitting.few_shot import ClassMeans, fit_class_means
from training.fitting.initial_weights import start_network
from training.fitting.network import CosineNetwork, build_network
from training.loading.cache import DrawnExample, output_of
from training.pipeline.make_model import Job, make_model
from training.recipes import (
    DataOptions,
    DecisionOptions,
    DrawnOptions,
    FewShotOptions,
    FitOptions,
    NetworkOptions,
    Recipe,
    read_recipe,
)
from training.rendering.folder import draw_folder

CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash")
OUTPUTS = (*CATEGORIES, OTHER)
DEFAULT = FewShotOptions()
PARENTS = {"bleeding_spots": ("petechiae", "purpura")}
RECIPE = Recipe(
    version="7.1.0",
    seed=3,
    categories=CATEGORIES,
    drawn=DrawnOptions(per_category=4, on_photos=0.5),
    network=NetworkOptions(backbone="test_efficientnet", size=64, start="random", head="cosine"),
    fit=FitOptions(epochs=0, workers=0),
    few_shot=FewShotOptions(drawn_share={"sun_rash": 0.5}),
    decision=DecisionOptions(parents=PARENTS, other_prior=0.8),
)


def means_of(
    seed: int,
    *,
    options: FewShotOptions = DEFAULT,
    features: int = 6,
) -> tuple[np.ndarray, np.ndarray, ClassMeans]:
    random = np.random.default_rng(seed)
    rows, targets = random.normal(3, 2, (60, features)), np.arange(60) % len(OUTPUTS)
    drawn = np.zeros(60, dtype=bool)
    return rows, targets, fit_class_means(rows, targets, drawn=drawn, outputs=OUTPUTS, parents=PARENTS, options=options)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000))
def test_a_logit_is_the_scaled_cosine_and_other_has_none(seed: int) -> None:
    rows, _, means = means_of(seed)
    logits = means.logits(rows)
    assert np.abs(logits).max() <= DEFAULT.scale + 1e-9
    assert not logits[:, -1].any()
    np.testing.assert_allclose(np.linalg.norm(means.weights[:-1], axis=1), DEFAULT.scale)
    np.testing.assert_allclose(means.logits(1000 * (rows - means.centre) + means.centre), logits, atol=1e-6)


def test_members_of_a_parent_become_one_as_their_own_share_falls() -> None:
    def apart(share: float) -> float:
        weights = means_of(1, options=FewShotOptions(own_share=share))[2].weights
        return float(np.linalg.norm(weights[0] - weights[1]))

    assert apart(0.0) == pytest.approx(0) and apart(0.0) < apart(0.3) < apart(1.0)


def test_drawn_photos_count_their_share_and_nothing_in_the_standardisation() -> None:
    rows, targets, _ = means_of(2)
    drawn_rows, drawn = np.full((10, 6), 50.0), np.r_[np.zeros(60, dtype=bool), np.ones(10, dtype=bool)]

    def fit(share: float) -> ClassMeans:
        return fit_class_means(
            np.concatenate([rows, drawn_rows]),
            np.r_[targets, np.full(10, 3)],
            drawn=drawn,
            outputs=OUTPUTS,
            parents=PARENTS,
            options=FewShotOptions(drawn_share={"sun_rash": share}),
        )

    none, half, alone = fit(0.0), fit(0.5), fit(1.0)
    np.testing.assert_allclose(none.weights, means_of(2)[2].weights)
    np.testing.assert_allclose(half.centre, rows.mean(axis=0))
    toward = none.directions(drawn_rows[:1])[0]
    assert none.weights[3] @ toward < half.weights[3] @ toward < alone.weights[3] @ toward
    np.testing.assert_allclose(half.weights[:3], none.weights[:3])


def test_the_network_computes_the_same_logits() -> None:
    network = build_network("test_efficientnet", outputs=5, head="cosine").eval()
    assert isinstance(network, CosineNetwork)
    photos = torch.randn(20, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        features = network.pooled(photos).double().numpy()
    means = fit_class_means(
        features,
        np.arange(20) % 5,
        drawn=np.zeros(20, dtype=bool),
        outputs=OUTPUTS,
        parents=PARENTS,
        options=FewShotOptions(),
    )
    means.into(network)
    with torch.inference_mode():
        logits, evidence = network(photos)
    np.testing.assert_allclose(logits.numpy(), means.logits(features), atol=1e-3)
    torch.testing.assert_close(evidence.mean(dim=(2, 3)), logits, atol=1e-4, rtol=1e-4)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[Example]:
    """Photos of three sources, each with all categories."""
    folder = tmp_path_factory.mktemp("photos") / "drawn"
    draw_folder(folder, per_category=6, seed=1, size=96)
    found = read_manifest(folder, categories=OUTPUTS)
    counts = dict.fromkeys(OUTPUTS, 0)
    placed = []
    for example in found:
        counts[example.category] += 1
        placed.append(replace(example, source=f"site {counts[example.category] % 3}"))
    return placed


def test_a_source_that_is_left_out_is_in_no_mean(photos: list[Example]) -> None:
    items = [*photos, DrawnExample("sun_rash", 1, photos[0].path), DrawnExample("sun_rash", 2, None)]
    places = few_shot._places_of(items, DEFAULT)
    folds = few_shot._folds(items, range(len(photos)), places, by="source")
    assert [name for name, _, _ in folds] == ["site 0", "site 1", "site 2"]
    assert sorted(index for _, held_back, _ in folds for index in held_back) == list(range(len(photos)))
    for _, held_back, left_out in folds:
        assert {places[index] for index in held_back} == left_out
    assert places[-2] == photos[0].source, "a drawn photo knows the source of its canvas"


def test_sources_of_one_site_are_left_out_together(photos: list[Example]) -> None:
    one_site = FewShotOptions(same_source=("SITE 1", "site 2", "Site"))
    assert set(few_shot._places_of(photos, one_site)) == {"SITE 1", "site 2", "Site"}
    joined = FewShotOptions(same_source=("site",))
    assert set(few_shot._places_of(photos, joined)) == {"site"}
    by_group = FewShotOptions(left_out="group", same_source=("site",))
    assert few_shot._places_of(photos, by_group) == [example.group for example in photos]


def test_what_a_teacher_says_of_other_photos_turns_a_mean() -> None:
    random = np.random.default_rng(3)
    rows, targets, none = means_of(3)
    hidden = random.normal(size=6)
    taught = np.full((60, len(OUTPUTS)), np.nan)
    taught[targets == 4, 3] = none.directions(rows[targets == 4]) @ hidden

    def fit(share: float) -> ClassMeans:
        options = FewShotOptions(teacher="0.2.0", taught_share={"sun_rash": share})
        return fit_class_means(
            rows,
            targets,
            drawn=np.zeros(60, dtype=bool),
            outputs=OUTPUTS,
            parents=PARENTS,
            options=options,
            taught=taught,
        )

    np.testing.assert_allclose(fit(0.0).weights, none.weights)
    alone = fit(1.0).weights
    assert alone[3] @ hidden / np.linalg.norm(alone[3]) / np.linalg.norm(hidden) > 0.8
    np.testing.assert_allclose(alone[:3], none.weights[:3])


def test_a_teacher_that_does_not_know_the_category_is_refused() -> None:
    options = FewShotOptions(teacher="0.2.0", taught_share={"petechiae": 0.5})
    assert few_shot._teacher(RECIPE.model_copy(update={"few_shot": options})) is not None
    options = FewShotOptions(teacher="0.2.0", taught_share={"warts": 0.5})
    with pytest.raises(RecipeError, match="warts"):
        few_shot._teacher(RECIPE.model_copy(update={"few_shot": options}))
    with pytest.raises(ModelError):
        few_shot._teacher(RECIPE.model_copy(update={"few_shot": replace_teacher("9.9.9")}))


def replace_teacher(version: str) -> FewShotOptions:
    return FewShotOptions(teacher=version, taught_share={"petechiae": 0.5})


def test_photos_that_the_backbone_knows_are_not_scored(photos: list[Example]) -> None:
    others = [example for example in photos if example.category == OTHER]
    known = {sha256_of(example.path) for example in others[1:]}
    unlearnt = {sha256_of(example.path) for example in others} - known
    assert [few_shot._is_scored(example, unlearnt) for example in others] == [True] + [False] * (len(others) - 1)
    assert all(few_shot._is_scored(example, None) for example in photos)
    assert all(few_shot._is_scored(example, unlearnt) for example in photos if example.category != OTHER)
    assert not few_shot._is_scored(replace(photos[0], mixed=True), None)


@pytest.mark.parametrize(("by", "words"), [("source", 'left_out = "group"'), ("group", "another person")])
def test_a_category_of_one_place_is_told_with_what_to_do(photos: list[Example], by: str, words: str) -> None:
    alone = [replace(example, source="one", group=f"{by}-{example.category}") for example in photos]
    places = few_shot._places_of(alone, FewShotOptions(left_out=by))
    with pytest.raises(ManifestError, match=words) as caught:
        few_shot._folds(alone, range(len(alone)), places, by=by)
    assert caught.value.code == "too_few_photos"


@pytest.mark.slow
def test_a_model_of_class_means_opens_scores_and_can_be_trained_further(photos: list[Example], tmp_path: Path) -> None:
    told: list[str] = []
    card = make_model(Job(RECIPE, photos, tmp_path / "means", "redspots train", test=photos[:4]), tell=told.append)
    assert sum("class means of all others" in line for line in told) == 3
    assert set(card.metrics) == {"cross_validation", "test"}
    assert sum(card.metrics["cross_validation"]["photos"].values()) == len(photos)
    drawn = [source for source in card.data if source["source"].startswith("drawn")]
    assert drawn[0]["photos"] == {"sun_rash": 4}, "no other category is drawn"
    classifier = Classifier.load(tmp_path / "means")
    (prediction,) = classifier.classify([classifier.read(photos[0].path)], evidence=True)
    assert prediction.evidence is not None and len(prediction.scores) == len(OUTPUTS)
    further = Recipe(
        version="7.2.0",
        seed=3,
        categories=CATEGORIES,
        data=DataOptions(validation_share=0.4),
        network=NetworkOptions(backbone="test_efficientnet", start="release"),
        fit=FitOptions(epochs=1, batch_size=8, workers=0),
    )
    network, resolved = start_network(further, weights=None, start=tmp_path / "means")
    assert isinstance(network, CosineNetwork) and resolved.network.head == "cosine" and network.centre.abs().sum() > 0
    make_model(Job(further, photos, tmp_path / "further", "", start=tmp_path / "means"), tell=lambda line: None)
    assert ModelCard.read(tmp_path / "further").training["recipe"]["network"]["head"] == "cosine"


def test_nothing_can_be_trained_for_no_epochs_with_a_linear_head(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    text = 'version = "1"\nseed = 1\ncategories = ["petechiae"]\n[network]\nbackbone = "x"\n[fit]\nepochs = 0\n'
    path.write_text(text)
    with pytest.raises(RecipeError, match='head = "cosine"'):
        read_recipe(path)
    path.write_text(text.replace('"x"', '"x"\nhead = "cosine"') + "[few_shot]\ndrawn_share = { warts = 0.5 }\n")
    with pytest.raises(RecipeError, match="drawn_share"):
        read_recipe(path)


def test_every_photo_takes_part_once(photos: list[Example]) -> None:
    from training.loading.composition import plan_few_shot

    items = plan_few_shot(photos, RECIPE, OUTPUTS)
    assert [item for item in items if isinstance(item, Example)] == photos
    assert {output_of(item) for item in items if isinstance(item, DrawnExample)} == {"sun_rash"}
