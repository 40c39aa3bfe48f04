"""Thresholds of prediction sets: from real photos where they are enough, together where outputs share a parent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.conformal import PredictionSets
from model.decision import softmax
from tests.support.cards import PARENTS, plain_card
from tests.support.scored_photos import scored_photos
from training.calibration.prediction_sets import ENOUGH, calibrate_sets, counted, set_groups
from training.calibration.scaling import FAMILIAR, calibrate, calibration_items, choose_most_energy
from training.data.manifest import Example
from training.evaluation.metrics import measure
from training.evaluation.predictions import scored_logits
from training.loading.cache import DrawnExample
from training.loading.dataset import Item
from training.recipes import DecisionOptions, FitOptions, NetworkOptions, Recipe

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "other")
RECIPE = Recipe(
    version="1",
    seed=0,
    categories=OUTPUTS[:-1],
    network=NetworkOptions(backbone="any"),
    fit=FitOptions(epochs=1, learning_rate=1, backbone_learning_rate=1),
    decision=DecisionOptions(parents=PARENTS),
)
CARD = plain_card(OUTPUTS)


def real(category: str, count: int) -> list[Item]:
    return [Example(Path(f"{category}{number}.jpg"), category, f"{category}{number}") for number in range(count)]


def drawn(category: str, count: int) -> list[Item]:
    return [DrawnExample(category, number, None) for number in range(count)]


def logits_of_truth(items: list[Item], *, sure: float, seed: int = 0) -> np.ndarray:
    truths = [OUTPUTS.index("other" if item.category == "not_skin" else item.category) for item in items]
    return sure * np.eye(4)[truths] + np.random.default_rng(seed).gumbel(size=(len(items), 4))


def test_outputs_of_one_parent_are_calibrated_together_and_each_output_once() -> None:
    assert list(set_groups(OUTPUTS, PARENTS)) == [("petechiae", "purpura"), ("cherry_angioma",), ("other",)]
    overlapping = {"a": ("petechiae", "purpura"), "b": ("purpura", "cherry_angioma")}
    groups = list(set_groups(OUTPUTS, overlapping))
    assert sorted(output for group in groups for output in group) == sorted(OUTPUTS)


def test_drawn_photos_count_only_where_real_ones_are_too_few() -> None:
    items = [*real("petechiae", 5), *real("purpura", 4), *drawn("purpura", 7), *real("other", 3), *drawn("other", 2)]
    items += real("not_skin", 1)
    assert ENOUGH == 9
    assert counted(items, ("petechiae", "purpura")).sum() == 9
    assert counted(items, ("purpura",)).sum() == 11
    assert counted(items, ("other",)).sum() == 6
    # What calibrates sets has logits, even where it does not count for the temperature.
    assert set(calibration_items(items, OUTPUTS, RECIPE)) >= set(np.flatnonzero(counted(items, ("other",))))


def test_too_few_photos_promise_nothing_and_stay_in_every_set() -> None:
    items = [*real("petechiae", 9), *real("cherry_angioma", 8), *real("other", 40)]
    probabilities = np.full((len(items), 4), 0.25)
    sets = calibrate_sets(probabilities, items, outputs=OUTPUTS, parents=PARENTS)
    assert sets.least == {"petechiae": 0.25, "purpura": 0.25, "cherry_angioma": 0.0, "other": 0.25}


def test_new_photos_are_covered_for_each_output_and_the_figures_say_so() -> None:
    items = [*real("petechiae", 60), *real("purpura", 60), *real("cherry_angioma", 100), *real("other", 400)]
    card, offsets = calibrate(CARD, logits_of_truth(items, sure=2.5), items, RECIPE)
    assert not offsets.any()
    assert card.prediction_sets is not None
    new = [*real("petechiae", 500), *real("purpura", 500), *real("cherry_angioma", 500), *real("other", 500)]
    scored = scored_logits(new, logits_of_truth(new, sure=2.5, seed=1), card)  # type: ignore[arg-type]
    found = measure(scored, card, resamples=20)
    for output in ("bleeding_spots", "cherry_angioma", "other"):
        figure = found[f"coverage_of_sets_{output}"]
        assert figure.value == pytest.approx(0.9, abs=0.06)
        assert figure.low is not None and figure.high is not None and figure.low < figure.value < figure.high
    assert found["size_of_sets"].value is not None
    assert 1 < found["size_of_sets"].value < 3
    assert "size_of_sets" not in measure(scored, CARD, resamples=2)


def test_coverage_counts_a_photo_of_no_skin_as_other() -> None:
    sets = PredictionSets(0.9, dict.fromkeys(OUTPUTS, 0.4))
    card = replace(CARD, prediction_sets=sets)
    probabilities = np.array([[0.0, 0.1, 0.1, 0.8], [0.45, 0.1, 0.05, 0.4], [0.7, 0.1, 0.1, 0.1]])
    scored = scored_photos(["not_skin", "not_skin", "other"], probabilities)
    found = measure(scored, card, resamples=5)
    assert found["coverage_of_sets_other"].value == pytest.approx(2 / 3, abs=1e-3)
    assert found["size_of_sets"].value == pytest.approx(4 / 3, abs=1e-3)
    assert found["sets_of_one"].value == pytest.approx(2 / 3, abs=1e-3)
    assert found["coverage_of_sets_purpura"].value is None


def test_the_energy_lets_nearly_all_photos_of_the_categories_pass() -> None:
    random = np.random.default_rng(2)
    logits = random.normal(0, 3, (1000, 4))
    weights = np.repeat([1.0, 0.0], 500)
    most = choose_most_energy(logits, weights)
    assert most is not None
    passed = -np.log(np.exp(logits[:, :3]).sum(axis=1)) <= most
    assert FAMILIAR <= passed[:500].mean() <= FAMILIAR + 0.005
    assert choose_most_energy(logits, np.zeros(1000)) is None


def test_a_photo_that_is_not_judged_has_no_name_when_it_is_measured() -> None:
    card = replace(CARD, most_energy=0.0)
    rows = np.array([[9.0, 0, 0, 0], [-1.0, -9, -9, -9]])
    scored = scored_logits([Example(Path("a"), "petechiae", "a")] * 2, rows, card)
    assert scored.named.tolist() == ["petechiae", ""]
    assert scored.probabilities[1] == pytest.approx(softmax(rows[1].astype(np.float32)))
