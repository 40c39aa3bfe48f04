"""Figures: right where the answer is known, undefined where the photos do not define them."""

from dataclasses import replace

import numpy as np
import pytest

from model.card import ModelCard
from tests.support.cards import plain_card
from tests.support.scored_photos import scored_photos
from training.data.skin_tone import skin_band
from training.evaluation.metrics import Figure, measure, metrics_json
from training.evaluation.predictions import Scored

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "other")
CARD = plain_card(OUTPUTS)


def scored(rows: list[tuple[str, str, list[float], str]]) -> Scored:
    truths, groups, probabilities, named = zip(*rows, strict=True)
    return scored_photos(truths, probabilities, named=named, groups=groups)


def few(one: Scored, card: ModelCard) -> dict[str, Figure]:
    """Return the figures with intervals from few resamples: all that these tests need, in a tenth of the time."""
    return measure(one, card, resamples=50)


def perfect() -> Scored:
    rows = []
    for number in range(40):
        index = number % 4
        truth = OUTPUTS[index] if number % 8 != 7 else "not_skin"
        probabilities = [0.02] * 4
        probabilities[index] = 0.94
        rows.append((truth, str(number), probabilities, "" if index == 3 else OUTPUTS[index]))
    return scored(rows)


def test_a_perfect_model_has_perfect_figures() -> None:
    found = few(perfect(), CARD)
    for name in ("auc_petechiae", "auc_purpura", "auc_cherry_angioma", "auc_bleeding_spots"):
        assert (found[name].value, found[name].low, found[name].high) == (1.0, 1.0, 1.0)
    assert found["balanced_accuracy"].value == 1.0
    assert found["accuracy_of_answers"].value == 1.0
    assert found["answered"].value == 0.75
    assert found["calibration_error"].value == pytest.approx(0.06, abs=1e-3)
    assert found["not_sure_on_other"].value == found["not_sure_on_not_skin"].value == 1.0
    assert found["sensitivity_bleeding_spots_at_90_specificity"].value == 1.0
    assert found["something_else_for_bleeding_spots"].value == 0.0


def test_chance_is_near_one_half_and_the_interval_holds_it() -> None:
    random = np.random.default_rng(0)
    rows = []
    for number in range(400):
        probabilities = random.dirichlet(np.ones(4)).tolist()
        rows.append((OUTPUTS[number % 4], str(number), probabilities, ""))
    figure = few(scored(rows), CARD)["auc_purpura"]
    assert figure.value is not None
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 0.5 < figure.high
    assert figure.low < figure.value < figure.high


def test_a_category_without_photos_is_undefined_not_zero() -> None:
    rows = [("purpura", "a", [0.1, 0.7, 0.1, 0.1], "purpura"), ("other", "b", [0.1, 0.1, 0.1, 0.7], "")]
    found = few(scored(rows), CARD)
    assert found["auc_cherry_angioma"].value is None
    assert found["not_sure_on_not_skin"].value is None
    assert found["auc_purpura"].value == 1.0


def test_an_answer_that_names_the_parent_is_right() -> None:
    rows = [
        ("purpura", "a", [0.4, 0.4, 0.1, 0.1], "bleeding_spots"),
        ("cherry_angioma", "b", [0.4, 0.4, 0.1, 0.1], "bleeding_spots"),
    ]
    assert few(scored(rows), CARD)["accuracy_of_answers"].value == 0.5


def test_bleeding_spots_that_get_the_advice_for_something_else_are_counted() -> None:
    likely = [0.4, 0.4, 0.1, 0.1]
    rows = [
        ("purpura", "a", likely, "cherry_angioma"),
        ("purpura", "b", likely, "petechiae"),
        ("petechiae", "c", likely, "bleeding_spots"),
        ("petechiae", "d", likely, ""),
        ("cherry_angioma", "e", likely, "cherry_angioma"),
    ]
    assert few(scored(rows), CARD)["something_else_for_bleeding_spots"].value == 0.25


def test_intervals_resample_groups_not_photos() -> None:
    single = perfect()
    noisy = replace(single, probabilities=single.probabilities[::-1].copy())
    grouped = replace(noisy, groups=np.array([str(i // 20) for i in range(40)]))
    narrow, wide = few(noisy, CARD)["auc_purpura"], few(grouped, CARD)["auc_purpura"]
    assert narrow.value == wide.value
    assert (narrow.low, narrow.high) != (wide.low, wide.high)


def test_sensitivity_is_measured_in_bands_of_skin_tone() -> None:
    single = perfect()
    tones = np.array(["monk_1_3", "monk_7_10"] * 20)
    dark_purpura = (single.truths == "purpura") & (tones == "monk_7_10")
    probabilities = single.probabilities.copy()
    probabilities[dark_purpura] = probabilities[dark_purpura][:, ::-1]
    found = few(replace(single, probabilities=probabilities, tones=tones), CARD)
    light, dark = (found[f"balanced_accuracy_{band}"].value for band in ("monk_1_3", "monk_7_10"))
    assert (light, dark) == (1.0, 0.0)
    assert found["spread_over_skin_tones"].value == 1.0
    assert "spread_over_skin_tones" not in few(single, CARD)


@pytest.mark.parametrize(
    ("tone", "band"),
    [
        ("monk 1", "monk_1_3"),
        ("MST 10", "monk_7_10"),
        ("fitzpatrick IV", "fitzpatrick_3_4"),
        ("FST6", "fitzpatrick_5_6"),
        ("monk 11", ""),
        ("fitzpatrick VV", ""),
        ("fair", ""),
        (None, ""),
    ],
)
def test_a_tone_belongs_to_a_band(tone: str | None, band: str) -> None:
    assert skin_band(tone) == band


def test_the_surest_answers_are_counted_from_the_top() -> None:
    rows = [("purpura", str(n), [0.01, 0.9 - n / 100, 0.03, 0.06 + n / 100], "") for n in range(10)]
    rows += [("other", str(n), [0.02, 0.5 - n / 100, 0.03, 0.45 + n / 100], "") for n in range(10, 40)]
    found = few(scored(rows), CARD)
    assert found["accuracy_of_the_surest_20_percent"].value == 1.0
    assert found["accuracy_of_the_surest_5_percent"].value == 1.0
    assert few(scored(rows[8:]), CARD)["accuracy_of_the_surest_20_percent"].value == pytest.approx(2 / 6, abs=1e-3)


def test_metrics_are_plain_values() -> None:
    one = perfect()
    value = metrics_json(few(one, CARD), one, failed=2)
    assert value["photos"] == {"petechiae": 10, "purpura": 10, "cherry_angioma": 10, "other": 5, "not_skin": 5}
    assert value["unreadable"] == 2
    assert value["figures"]["auc_purpura"] == {"value": 1.0, "low": 1.0, "high": 1.0}
