"""Prediction sets: they keep their promise for every output, are never empty, and say when photos are too few."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.card import ModelCard
from model.classifier import Classifier, Prepared
from model.conformal import PredictionSets, least_probability, photos_needed
from model.decision import predict
from model.prediction import Score
from model.quality import Quality

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
SETS = PredictionSets(0.9, {"petechiae": 0.1, "purpura": 0.1, "cherry_angioma": 0.4, "sun_rash": 0.9, "other": 0.3})


@given(st.integers(1, 60), st.floats(0.05, 0.95), st.integers(0, 2**32 - 1))
def test_the_threshold_counts_one_photo_more_than_there_are(n: int, coverage: float, seed: int) -> None:
    known = np.random.default_rng(seed).uniform(size=n)
    least = least_probability(known, coverage=coverage)
    if n < photos_needed(coverage):
        assert least == 0
    else:
        # A new photo falls into each of the n + 1 gaps alike: this many of them lie above the threshold.
        above = (known >= least).sum()
        assert above / (n + 1) >= coverage - 1e-6
        assert (above - 1) / (n + 1) < coverage


def test_nine_photos_are_the_least_for_nine_in_ten() -> None:
    assert photos_needed(0.9) == 9
    probabilities = np.linspace(0.2, 0.9, 9)
    assert least_probability(probabilities, coverage=0.9) == pytest.approx(0.2)
    assert least_probability(probabilities[:8], coverage=0.9) == 0


def test_nine_in_ten_new_photos_are_covered() -> None:
    random = np.random.default_rng(5)
    covered = []
    for _ in range(2000):
        photos = random.beta(2, 3, size=31)
        covered.append(photos[-1] >= least_probability(photos[:-1], coverage=0.9))
    # The k-th of 30 with k = ceil(31 * 0.9).
    assert np.mean(covered) == pytest.approx(28 / 31, abs=0.02)


def test_a_set_is_ranked_and_holds_what_reaches_its_own_threshold() -> None:
    scores = [Score(name, p) for name, p in zip(OUTPUTS, (0.12, 0.03, 0.3, 0.15, 0.4), strict=True)]
    assert SETS.of(scores) == ("other", "petechiae")


@settings(max_examples=50)
@given(st.lists(st.floats(0, 30), min_size=5, max_size=5))
def test_a_set_is_never_empty_and_begins_with_the_likeliest(weights: list[float]) -> None:
    total = sum(weights) or 1.0
    scores = [Score(name, weight / total) for name, weight in zip(OUTPUTS, weights, strict=True)]
    strict = PredictionSets(0.9, dict.fromkeys(OUTPUTS, 1.0))
    (first, *_) = strict.of(scores)
    assert max(scores, key=lambda score: score.probability).category == first
    assert set(strict.of(scores)) <= set(PredictionSets(0.9, dict.fromkeys(OUTPUTS, 0.0)).of(scores)) == set(OUTPUTS)


@pytest.mark.parametrize(("coverage", "least"), [(1.0, 0.5), (0.0, 0.5), (0.9, -0.1), (0.9, float("nan"))])
def test_sets_that_promise_nonsense_are_refused(coverage: float, least: float) -> None:
    with pytest.raises(ValueError):
        PredictionSets(coverage, {"other": least})


def photo() -> Prepared:
    pixels = np.random.default_rng(0).uniform(-1, 1, (3, 64, 64)).astype(np.float32)
    return Prepared(pixels, Quality((), ()), (), (0.0, 0.0, 1.0, 1.0))


def test_a_prediction_carries_its_set_and_an_unfit_photo_has_none(tiny_model: Path) -> None:
    classifier = Classifier.load(tiny_model)
    assert classifier.classify_prepared([photo()])[0].prediction_set == ()
    classifier.card = replace(classifier.card, prediction_sets=PredictionSets(0.9, dict.fromkeys(OUTPUTS, 0.01)))
    good, dark = classifier.classify_prepared([photo(), replace(photo(), quality=Quality(("too_dark",), ()))])
    assert sorted(good.prediction_set) == sorted(OUTPUTS)
    assert dark.prediction_set == ()
    classifier.card = replace(classifier.card, most_energy=-1000.0)
    (strange,) = classifier.classify_prepared([photo()])
    assert strange.prediction_set == ()


def test_a_parent_stands_for_its_members_and_a_category_for_itself(tiny_model: Path) -> None:
    classifier = Classifier.load(tiny_model)
    # So hot that all outputs have a fifth.
    classifier.card = replace(classifier.card, temperature=20.0, parents={"any": OUTPUTS[:-1]})
    for threshold, category, members in ((0.9, None, ()), (0.6, "any", OUTPUTS[:-1])):
        classifier.card = replace(classifier.card, threshold=threshold)
        (prediction,) = classifier.classify_prepared([photo()])
        assert (prediction.category, prediction.members) == (category, members)
    logits = np.array([9, 0, 0, 0, 0], np.float32)
    single = predict(logits * 20, classifier.card)
    assert (single.category, single.members) == ("petechiae", ("petechiae",))


def test_a_card_keeps_its_sets_on_the_way_through_json(tiny_model: Path) -> None:
    card = replace(ModelCard.read(tiny_model), prediction_sets=SETS, most_energy=-1.5)
    assert ModelCard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_a_card_from_before_has_neither(tiny_model: Path) -> None:
    value = ModelCard.read(tiny_model).to_json()
    del value["prediction_sets"], value["most_energy"]
    card = ModelCard.from_json(value)
    assert (card.prediction_sets, card.most_energy) == (None, None)


@pytest.mark.parametrize(
    "wrong", [{"prediction_sets": PredictionSets(0.9, {"other": 0.1})}, {"most_energy": float("inf")}]
)
def test_a_card_whose_sets_or_energy_make_no_sense_is_refused(tiny_model: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        replace(ModelCard.read(tiny_model), **wrong)  # type: ignore[arg-type]
