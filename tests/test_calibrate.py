"""Temperature and threshold: found where they are known."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.card import ModelCard
from model.preprocess import Preprocess
from training.calibrate import choose_threshold, fit_temperature, is_right

CARD = ModelCard(
    version="0",
    created="",
    backbone="",
    outputs=("petechiae", "purpura", "cherry_angioma", "other"),
    parents={"bleeding_spots": ("petechiae", "purpura")},
    preprocess=Preprocess(64),
    temperature=1.0,
    threshold=0.5,
)


@settings(max_examples=20, deadline=None)
@given(st.floats(0.3, 4.0), st.integers(0, 1000))
def test_the_temperature_that_made_the_logits_is_found(temperature: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, (4000, 4))
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    chance = shifted / shifted.sum(axis=1, keepdims=True)
    targets = np.array([random.choice(4, p=row) for row in chance])
    assert fit_temperature(logits * temperature, targets) == pytest.approx(temperature, rel=0.15)


def test_weights_count_photos() -> None:
    logits = np.array([[2.0, 0.0], [2.0, 0.0]])
    targets = np.array([0, 1])
    sure = fit_temperature(logits, targets, np.array([1.0, 0.01]))
    assert sure < fit_temperature(logits, targets, np.array([1.0, 1.0]))


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
