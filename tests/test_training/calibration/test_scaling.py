"""Temperature and threshold: found where they are known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.decision import is_right
from tests.support.cards import plain_card
from training.calibration.scaling import LEAST_REAL, calibration_weights, choose_threshold, fit_scaling
from training.data.manifest import Example
from training.loading.cache import DrawnExample
from training.recipes import DecisionOptions, FitOptions, NetworkOptions, Recipe

CARD = plain_card(("petechiae", "purpura", "cherry_angioma", "other"))


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 4.0), st.integers(0, 1000))
def test_the_temperature_that_made_the_logits_is_found(temperature: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (4000, 4))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance = shifted / shifted.sum(axis=1, keepdims=True)
    targets = np.array([random.choice(4, p=row) for row in chance])
    assert fit_scaling(logits * temperature, targets)[0] == pytest.approx(temperature, rel=0.15)


def test_weights_count_photos() -> None:
    logits = np.array([[2.0, 0.0], [2.0, 0.0]])
    targets = np.array([0, 1])
    sure, _ = fit_scaling(logits, targets, np.array([1.0, 0.01]))
    assert sure < fit_scaling(logits, targets, np.array([1.0, 1.0]))[0]


def test_a_missing_prior_of_other_is_made_up_for() -> None:
    random = np.random.default_rng(4)
    targets = random.choice(4, p=[0.05, 0.05, 0.1, 0.8], size=20_000)
    logits = 2 * np.eye(4)[targets] + random.gumbel(size=(20_000, 4))
    temperature, offsets = fit_scaling(logits, targets, shifted=[(3,)])
    shifted = np.exp((logits + offsets) / temperature)
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    assert probabilities[:, -1].mean() == pytest.approx(0.8, abs=0.01)
    assert not fit_scaling(logits, targets)[1].any()


def test_outputs_of_one_group_share_their_addition() -> None:
    random = np.random.default_rng(5)
    targets = random.choice(4, p=[0.3, 0.1, 0.2, 0.4], size=5000)
    logits = 2 * np.eye(4)[targets] + random.gumbel(size=(5000, 4)) - np.array([1.0, 1.0, 3.0, 0.0])
    temperature, offsets = fit_scaling(logits, targets, shifted=[(0, 1), (2,)])
    assert offsets[0] == offsets[1] and offsets[3] == 0 and 1 < offsets[2] - offsets[0] < 3
    shifted = np.exp((logits + offsets) / temperature)
    probabilities = shifted / shifted.sum(axis=1, keepdims=True)
    assert probabilities[:, 2].mean() == pytest.approx(0.2, abs=0.02)
    assert probabilities[:, :2].sum(axis=1).mean() == pytest.approx(0.4, abs=0.02)


def test_drawn_photos_calibrate_only_what_has_too_few_real_ones() -> None:
    recipe = Recipe(
        version="1",
        seed=0,
        categories=("petechiae", "purpura"),
        network=NetworkOptions(backbone="any"),
        fit=FitOptions(epochs=1, learning_rate=1, backbone_learning_rate=1),
        decision=DecisionOptions(other_prior=0.8),
    )
    path = Path("photo.jpg")
    real = [Example(path, "petechiae", str(number)) for number in range(LEAST_REAL)]
    items = [*real, *[DrawnExample(name, 1, None) for name in ("petechiae", "purpura", "other")]]
    items.append(Example(path, "not_skin", "n"))
    weights = calibration_weights(items, ("petechiae", "purpura", "other"), recipe)
    assert weights == pytest.approx([*[0.1 / LEAST_REAL] * LEAST_REAL, 0.0, 0.1, 0.4, 0.4])


def test_the_threshold_is_the_lowest_that_keeps_the_promise() -> None:
    random = np.random.default_rng(1)
    truths, rows = [], []
    for number in range(2000):
        sure = number % 2 == 0
        truth = random.integers(3)
        row = np.zeros(4)
        row[truth if sure or random.random() < 0.4 else (truth + 1) % 3] = 4.0 if sure else 1.5
        rows.append(row)
        truths.append(CARD.outputs[truth])
    logits = np.array(rows)
    lax = choose_threshold(logits, truths, CARD, answered_accuracy=0.5)
    strict = choose_threshold(logits, truths, CARD, answered_accuracy=0.95)
    assert lax < 0.5 < strict


def test_a_promise_that_cannot_be_kept_gives_the_strictest_threshold() -> None:
    logits = np.array([[9.0, 0.0, 0.0, 0.0]])
    assert choose_threshold(logits, ["other"], CARD, answered_accuracy=0.9) == 0.95


def test_a_parent_is_a_right_answer_for_its_members_only() -> None:
    assert is_right("bleeding_spots", "purpura", CARD)
    assert not is_right("bleeding_spots", "cherry_angioma", CARD)
    assert not is_right("other", "other", replace(CARD, threshold=0.1))
