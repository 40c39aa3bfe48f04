"""compare: the same photos, drawn alike for both models, and words for what is certain."""

from dataclasses import replace

import numpy as np
import pytest

from app.cli.figures import comparison_sentences
from tests.support.cards import plain_card
from tests.support.scored_photos import scored_photos
from training.evaluation.compare import Verdict, compare, comparison_json, judge_interval
from training.evaluation.diagnostics import BINS, diagrams
from training.evaluation.predictions import Scored

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "other")
CARD = plain_card(OUTPUTS)


def photos(sure: float, *, seed: int = 0, count: int = 200) -> Scored:
    """Return photos with the truth's logit raised by `sure`, on noise that is the same for every `sure`."""
    random = np.random.default_rng(seed)
    targets = np.arange(count) % 4
    logits = random.normal(0, 1, (count, 4))
    logits[np.arange(count), targets] += sure
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    best = probabilities.argmax(axis=1)
    named = np.where((best == 3) | (probabilities.max(axis=1) < CARD.threshold), "", np.array(OUTPUTS)[best])
    return scored_photos([OUTPUTS[index] for index in targets], probabilities, named=named.tolist())


def test_a_model_differs_from_itself_by_nothing_at_all() -> None:
    one = photos(1.0)
    for name, difference in compare((CARD, one), (CARD, one), resamples=40).items():
        if difference.value is not None:
            assert (difference.value, difference.low, difference.high) == (0, 0, 0), name
            assert difference.verdict is Verdict.UNCERTAIN


def test_a_better_model_is_certainly_better_and_the_other_way_round_worse() -> None:
    good, poor = photos(3.0), photos(0.5)
    there = compare((CARD, good), (CARD, poor), resamples=60)
    back = compare((CARD, poor), (CARD, good), resamples=60)
    name = "sensitivity_bleeding_spots_at_90_specificity"
    assert there[name].verdict is Verdict.BETTER
    assert back[name].verdict is Verdict.WORSE
    assert there[name].value == pytest.approx(-(back[name].value or 0))
    told = " ".join(comparison_sentences(comparison_json(there), new="a", old="b"))
    assert "Certainly better: auc petechiae" in told and "by chance alone" in told


def test_pairs_leave_a_narrower_interval_than_two_models_on_their_own() -> None:
    hard = photos(1.0)
    paired = compare((CARD, photos(1.2)), (CARD, hard), resamples=100)["auc_purpura"]
    alone = compare((CARD, photos(1.2, seed=5)), (CARD, hard), resamples=100)["auc_purpura"]
    assert paired.low is not None and paired.high is not None and alone.low is not None and alone.high is not None
    assert paired.high - paired.low < 0.5 * (alone.high - alone.low)


def test_photos_that_one_model_could_not_score_count_for_neither() -> None:
    one = photos(2.0)
    found = compare((CARD, one), (CARD, one[np.arange(10, 200)]), resamples=20)
    assert found["balanced_accuracy"].new == found["balanced_accuracy"].old


def test_a_category_that_a_model_does_not_know_is_other_to_it() -> None:
    one = photos(2.0)
    narrow = replace(CARD, outputs=("petechiae", "purpura", "other"))
    kept = one.probabilities[:, [0, 1, 3]]
    theirs = replace(one, probabilities=kept / kept.sum(axis=1, keepdims=True))
    found = compare((narrow, theirs), (CARD, one), resamples=20)
    assert "auc_cherry_angioma" not in found
    assert found["auc_purpura"].old is not None


@pytest.mark.parametrize(
    ("name", "low", "high", "verdict"),
    [
        ("auc_purpura", 0.01, 0.2, Verdict.BETTER),
        ("auc_purpura", -0.2, -0.01, Verdict.WORSE),
        ("calibration_error", 0.01, 0.2, Verdict.WORSE),
        ("something_else_for_bleeding_spots", -0.2, -0.1, Verdict.BETTER),
        ("answered", 0.01, 0.2, Verdict.HIGHER),
        ("answered", -0.1, 0.2, Verdict.UNCERTAIN),
        ("auc_purpura", None, None, Verdict.UNCERTAIN),
    ],
)
def test_an_interval_is_judged_by_what_its_figure_means(
    name: str, low: float | None, high: float | None, verdict: Verdict
) -> None:
    assert judge_interval(name, low=low, high=high) is verdict


def test_the_diagrams_count_what_is_there() -> None:
    one = replace(photos(2.0), sources=np.array(["a", "b"] * 100), tones=np.array(["monk_1_3"] * 200))
    drawn = diagrams(one, CARD)
    counts = np.array(drawn["confusion"]["counts"])
    assert counts.sum() == 200 and counts.sum(axis=1).tolist() == [50] * 4
    assert sum(found["photos"] for found in drawn["reliability"]) == 200
    assert len(drawn["reliability"]) <= BINS
    for curve in drawn["roc"].values():
        assert curve["sensitivity"][-1] == 1.0
        for low, value, high in zip(curve["low"], curve["sensitivity"], curve["high"], strict=True):
            assert low - 0.05 <= value <= high + 0.05
    assert set(drawn["by_source"]) == {"a", "b"} and drawn["by_skin_tone"] == {}


def test_the_threshold_of_the_card_answers_in_the_diagram_what_the_model_answered() -> None:
    one = photos(2.0)
    found = diagrams(one, replace(CARD, parents={}))["thresholds"]
    at = found["threshold"].index(0.5)
    answered = one.named != ""
    assert found["answered"][at] == pytest.approx(answered.mean(), abs=1e-4)
    assert found["accuracy"][at] == pytest.approx((one.named == one.truths)[answered].mean(), abs=1e-4)
    assert found["answered"] == sorted(found["answered"], reverse=True)


def test_an_unfit_photo_has_no_answer_at_any_threshold() -> None:
    one = replace(photos(4.0), fit=np.zeros(200, dtype=np.bool_))
    assert set(diagrams(one, CARD)["thresholds"]["answered"]) == {0.0}
