"""Limits of the levels: the lowest that keep what they were chosen for, with bleeding as one kind."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from model.card import ModelCard
from model.decision import could_be, judge, kind_of, kinds
from model.levels import Limit
from model.prediction import Level
from tests.support.cards import plain_card
from tests.support.scored_photos import scored_photos
from training.calibration.levels import CANDIDATES, choose_levels
from training.evaluation.levels import level_figures, measured_levels

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
MODEL = plain_card(OUTPUTS, threshold=0.9)


def photos(count: int = 1500) -> tuple[NDArray[np.float64], list[str]]:
    """Return logits whose softmax is how often each output is the truth, with those truths."""
    random = np.random.default_rng(2)
    logits = random.normal(0, 1.2, (count, len(OUTPUTS)))
    chance = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return logits, [OUTPUTS[random.choice(len(OUTPUTS), p=row)] for row in chance]


def share_right(logits: NDArray[np.float64], truths: list[str], card: ModelCard) -> float:
    """Return how often "could be" names the right kind first, reckoned photo by photo."""
    right = said = 0
    for row, truth in zip(logits.astype(np.float32), truths, strict=True):
        scores, named, _ = judge(row, card)
        possible = could_be(kinds(scores, card), None, card) if named is None else ()
        said += bool(possible)
        right += possible[:1] == (kind_of(truth, card),)
    return right / said


@pytest.mark.parametrize("wanted", [0.4, 0.6])
def test_the_limit_is_the_lowest_that_keeps_the_share(wanted: float) -> None:
    logits, truths = photos()
    levels = choose_levels(logits, truths, MODEL, answered_accuracy=0.8, could_be_accuracy=wanted)
    assert levels.looks_like == Limit(MODEL.threshold, 0.8)
    assert levels.could_be.wanted == wanted
    assert share_right(logits, truths, replace(MODEL, levels=levels)) >= wanted
    if (least := levels.could_be.least) > CANDIDATES[0]:
        lower = replace(levels, could_be=Limit(round(least - 0.01, 4), wanted))
        assert share_right(logits, truths, replace(MODEL, levels=lower)) < wanted


def test_a_stricter_share_gives_a_higher_limit() -> None:
    logits, truths = photos()
    lax, strict = (
        choose_levels(logits, truths, MODEL, answered_accuracy=0.8, could_be_accuracy=wanted).could_be.least
        for wanted in (0.4, 0.7)
    )
    assert lax < strict


def test_members_of_a_parent_are_one_kind() -> None:
    # Each photo could be either of the two: apart, half of the answers would be wrong.
    logits = np.log(np.array([[0.3, 0.3, 0.1, 0.1, 0.2]] * 20))
    truths = ["petechiae", "purpura"] * 10
    levels = choose_levels(logits, truths, MODEL, answered_accuracy=0.8, could_be_accuracy=0.99)
    assert levels.could_be.least == CANDIDATES[0]
    apart = replace(MODEL, parents={})
    assert choose_levels(logits, truths, apart, answered_accuracy=0.8, could_be_accuracy=0.99).could_be.least == 0.9


def test_weights_say_how_much_a_photo_counts() -> None:
    logits = np.log(np.array([[0.5, 0.1, 0.1, 0.1, 0.2], [0.2, 0.1, 0.1, 0.1, 0.5]]))
    truths = ["petechiae", "other"]
    many_others = choose_levels(
        logits, truths, MODEL, answered_accuracy=0.8, could_be_accuracy=0.5, weights=np.array([0.1, 0.9])
    )
    few_others = choose_levels(
        logits, truths, MODEL, answered_accuracy=0.8, could_be_accuracy=0.5, weights=np.array([0.9, 0.1])
    )
    assert few_others.could_be.least < many_others.could_be.least


def test_a_share_that_cannot_be_kept_gives_the_strictest_limit() -> None:
    logits = np.log(np.array([[0.6, 0.1, 0.1, 0.1, 0.1]]))
    levels = choose_levels(logits, ["other"], MODEL, answered_accuracy=0.8, could_be_accuracy=0.5)
    assert levels.could_be.least == round(float(CANDIDATES[-1]), 4)


def test_what_became_of_photos_is_counted_by_level() -> None:
    card = replace(MODEL, levels=choose_levels(*photos(50), MODEL, answered_accuracy=0.8, could_be_accuracy=0.4))
    truths = ["petechiae", "purpura", "purpura", "cherry_angioma", "other", "other", "sun_rash", "not_skin"]
    one = scored_photos(
        truths,
        np.full((8, 5), 0.2),
        named=["petechiae", "", "", "petechiae", "", "", "", ""],
        levels=["looks_like", "could_be", "no_match", "looks_like", "could_be", "no_match", "could_be", "not_usable"],
        could_be=["", "bleeding_spots", "", "", "cherry_angioma", "", "bleeding_spots sun_rash", ""],
    )
    levels = measured_levels(card, one, name="test", resamples=50)
    assert (levels.measured_on, levels.photos["purpura"], levels.photos["not_skin"]) == ("test", 2, 1)
    assert levels.looks_like.least == card.threshold
    named, possible = levels.looks_like.right, levels.could_be.right
    assert named is not None and possible is not None
    assert (named.share, named.photos) == (0.5, 2)
    assert (possible.share, possible.photos) == (0.6667, 3)
    assert named.low is None and named.high is None, "two photos are too few"
    assert possible.low is not None and possible.low <= 0.6667 <= (possible.high or 0)
    bleeding = levels.no_match["bleeding_spots"]
    assert (bleeding.share, bleeding.photos) == (0.3333, 3)
    found = {name: figure(one) for name, figure in level_figures(card).items()}
    assert found["could_be"] == 3 / 8
    assert found["no_match"] == 2 / 8
    assert found["not_usable"] == 1 / 8
    assert found["accuracy_of_could_be"] == pytest.approx(2 / 3)
    assert found["no_match_for_bleeding_spots"] == pytest.approx(1 / 3)


def test_nothing_and_everything_right_have_no_interval_of_no_width() -> None:
    one = scored_photos(["purpura"] * 12, np.full((12, 5), 0.2), named=["purpura"] * 12)
    levels = measured_levels(MODEL, one, name="test", resamples=50)
    right, missed = levels.looks_like.right, levels.no_match["bleeding_spots"]
    assert right is not None
    assert (right.share, right.low, right.high) == (1.0, 0.75, 1.0)
    assert (missed.share, missed.low, missed.high) == (0.0, 0.0, 0.25)
    assert levels.could_be.right is not None
    assert (levels.could_be.right.share, levels.could_be.right.photos) == (None, 0)
    assert set(one.levels.tolist()) == {Level.LOOKS_LIKE.value}
