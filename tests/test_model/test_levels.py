"""Levels: what an answer commits itself to, the limits in the card, and what older cards without them give."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.card import CARD, ModelCard
from model.categories import OTHER
from model.classifier import Classifier, newest_release
from model.decision import could_be, judge, kinds
from model.errors import ModelError
from model.levels import FALLBACK, Levels, Limit
from model.photo import read_photo
from model.prediction import ABOUT_SCORES, Level, Prediction, Record, Score, level_of
from tests.support.cards import plain_card
from tests.support.drawing import encoded, skin

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
LEVELS = Levels(
    looks_like=Limit(0.8, 0.8, Record(0.5, 0.25, 0.75, 14)),
    could_be=Limit(0.35, 0.4, Record(0.4, 0.3, 0.5, 82)),
    no_match={"bleeding_spots": Record(0.7, 0.6, 0.8, 70), "sun_rash": Record(0.9, 0.8, 1.0, 43)},
    measured_on="test",
    photos={"purpura": 70, "sun_rash": 43},
)
MODEL = plain_card(OUTPUTS, threshold=0.8, levels=LEVELS, version="1")


def scores(*probabilities: float) -> tuple[Score, ...]:
    return tuple(Score(name, share) for name, share in zip(OUTPUTS, probabilities, strict=True))


def test_bleeding_spots_are_one_kind_and_the_likeliest_comes_first() -> None:
    found = kinds(scores(0.3, 0.25, 0.2, 0.05, 0.2), MODEL)
    assert [(score.category, round(score.probability, 6)) for score in found] == [
        ("bleeding_spots", 0.55),
        ("cherry_angioma", 0.2),
        ("sun_rash", 0.05),
    ]


@pytest.mark.parametrize(
    ("probabilities", "named", "possible"),
    [
        # Neither member reaches the limit, both together do.
        ((0.2, 0.2, 0.1, 0.1, 0.4), None, ("bleeding_spots",)),
        ((0.1, 0.1, 0.4, 0.36, 0.04), None, ("cherry_angioma", "sun_rash")),
        ((0.1, 0.1, 0.3, 0.3, 0.2), None, ()),
        # What is named is not named again, and neither is the kind that holds it.
        ((0.05, 0.85, 0.04, 0.03, 0.03), "purpura", ()),
        ((0.45, 0.45, 0.04, 0.03, 0.03), "bleeding_spots", ()),
    ],
)
def test_a_kind_is_possible_from_the_limit_on(
    probabilities: tuple[float, ...], named: str | None, possible: tuple[str, ...]
) -> None:
    assert could_be(kinds(scores(*probabilities), MODEL), named, MODEL) == possible


def test_a_low_threshold_leaves_another_kind_possible_beside_what_is_named() -> None:
    card = replace(MODEL, threshold=0.5, levels=replace(LEVELS, looks_like=Limit(0.5, 0.8)))
    ranked = kinds(scores(0.2, 0.2, 0.55, 0.02, 0.03), card)
    assert could_be(ranked, "cherry_angioma", card) == ("bleeding_spots",)


@given(st.lists(st.floats(0.001, 1), min_size=5, max_size=5), st.floats(0, 1))
def test_at_most_two_kinds_are_possible_and_other_is_none(weights: list[float], least: float) -> None:
    card = replace(MODEL, levels=replace(LEVELS, could_be=Limit(least, None)))
    total = sum(weights)
    found = kinds(scores(*(weight / total for weight in weights)), card)
    possible = could_be(found, None, card)
    assert len(possible) <= 2
    assert OTHER not in possible
    assert list(possible) == [score.category for score in found if score.probability >= least][:2]


def test_a_level_follows_from_what_is_named_and_why_nothing_is() -> None:
    assert level_of("purpura", (), ()) is Level.LOOKS_LIKE
    assert level_of(None, ("bleeding_spots",), ("low_score",)) is Level.COULD_BE
    for because in (("low_score",), ("other",), ("unfamiliar",), ("other", "unfamiliar")):
        assert level_of(None, (), because) is Level.NO_MATCH
    for because in (("blurred",), ("low_score", "dark"), ("no_finite_scores",)):
        assert level_of(None, (), because) is Level.NOT_USABLE


def test_an_unfit_photo_could_be_nothing() -> None:
    with pytest.raises(ValueError, match="unfit"):
        Prediction((), None, None, ("blurred",), (), "1", could_be=("purpura",))


@pytest.mark.parametrize("threshold", [0.0, 0.3, 0.999])
def test_a_classifier_states_level_kinds_and_record_together(tiny_model: Path, threshold: float) -> None:
    classifier = Classifier.load(tiny_model)
    limits = replace(LEVELS, looks_like=replace(LEVELS.looks_like, least=threshold), could_be=Limit(0.1, None))
    classifier.card = replace(classifier.card, threshold=threshold, levels=limits)
    (one,) = classifier.classify([read_photo(encoded(skin()))])
    assert one.kinds and one.closest == one.kinds[0]
    assert one.level is (Level.LOOKS_LIKE if one.category else Level.COULD_BE)
    expected = LEVELS.looks_like.right if one.category else None
    assert (one.record, one.record_of) == (expected, "")
    (blank,) = classifier.classify([read_photo(encoded(np.zeros((240, 320, 3), np.uint8)))])
    assert blank.level is Level.NOT_USABLE
    assert (blank.kinds, blank.closest, blank.could_be, blank.record) == ((), None, (), None)


def test_what_is_told_of_no_match_is_how_much_bleeding_ended_there() -> None:
    assert LEVELS.record(Level.NO_MATCH, MODEL.parents) == (LEVELS.no_match["bleeding_spots"], "bleeding_spots")
    assert LEVELS.record(Level.NO_MATCH, {}) == (None, "")
    assert LEVELS.record(Level.NOT_USABLE, MODEL.parents) == (None, "")


def test_levels_go_through_the_card_and_back(own_model: Path) -> None:
    card = replace(ModelCard.read(own_model), threshold=0.8, levels=LEVELS)
    card.write(own_model)
    assert ModelCard.read(own_model).levels == LEVELS
    assert ModelCard.read(own_model).least_could_be == 0.35


@pytest.mark.parametrize(
    "change",
    [
        {"looks_like": {"least": 0.5, "wanted": None}},
        {"could_be": {"least": 1.5, "wanted": None}},
        {"could_be": {"wanted": 0.4}},
        {"no_match": {"bleeding_spots": {"share": 2, "low": None, "high": None, "photos": 1}}},
        {"stranger": 1},
    ],
)
def test_levels_that_contradict_the_card_are_refused(own_model: Path, change: dict[str, object]) -> None:
    card = replace(ModelCard.read(own_model), threshold=0.8, levels=LEVELS)
    value = card.to_json()
    value["levels"] = {**value["levels"], **change}
    (own_model / CARD).write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(ModelError) as caught:
        ModelCard.read(own_model)
    assert caught.value.code == "bad_card"


def test_a_model_from_before_levels_opens_with_its_threshold_and_its_figures() -> None:
    card = ModelCard.read(newest_release().parent / "0.2.0")
    assert card.levels is None
    levels = card.levels_or_older
    figures = card.metrics["test"]["figures"]
    assert levels.looks_like.least == card.threshold
    assert levels.could_be == Limit(FALLBACK, None)
    record, _ = levels.record(Level.LOOKS_LIKE, card.parents)
    assert record is not None
    assert record.share == figures["accuracy_of_answers"]["value"]
    assert record.photos == round(figures["answered"]["value"] * sum(card.metrics["test"]["photos"].values()))
    assert levels.record(Level.COULD_BE, card.parents) == (None, "")
    assert replace(card, metrics={}).levels_or_older.record(Level.LOOKS_LIKE, card.parents) == (None, "")


def test_a_strange_photo_is_no_match_and_not_unusable() -> None:
    card = replace(MODEL, most_energy=0.0)
    _, named, because = judge(np.full(5, -9, np.float32), card)
    assert not ABOUT_SCORES.issuperset(because)
    assert level_of(named.category if named else None, (), because) is Level.NO_MATCH
