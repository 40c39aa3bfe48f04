"""Classifier: the decision, the evidence, and one photo as a batch of one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.card import ModelCard
from model.classifier import Classifier, Prepared, newest_release
from model.decision import decide, softmax
from model.photo import Photo
from model.prediction import Evidence, Prediction, Score
from model.quality import Quality

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")


@pytest.fixture(scope="module")
def classifier(tiny_model: Path) -> Classifier:
    return Classifier.load(tiny_model)


def scores(*probabilities: float) -> list[Score]:
    return [Score(name, p) for name, p in zip(OUTPUTS, probabilities, strict=True)]


def prepared(seed: int) -> Prepared:
    random = np.random.default_rng(seed)
    pixels = random.uniform(-1, 1, (3, 64, 64)).astype(np.float32)
    return Prepared(pixels, Quality((), ()), (), (0.0, 0.0, 1.0, 1.0))


def test_only_whole_releases_ship(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("0.2.0", "0.10.0", ".0.11.0.redspots-run", "0.11.0.partial-x1"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("model.classifier.RELEASES", tmp_path)
    assert newest_release() == tmp_path / "0.10.0"


def test_the_likeliest_category_above_the_threshold_is_named(classifier: Classifier) -> None:
    card = replace(classifier.card, threshold=0.5)
    named, because = decide(scores(0.1, 0.6, 0.1, 0.1, 0.1), card)
    assert (named, because) == (Score("purpura", 0.6), ())


def test_two_likely_bleeding_spots_are_named_together(classifier: Classifier) -> None:
    card = replace(classifier.card, threshold=0.5)
    named, _ = decide(scores(0.35, 0.35, 0.1, 0.1, 0.1), card)
    assert named is not None
    assert named.category == "bleeding_spots"
    assert named.probability == pytest.approx(0.7)


def test_mostly_something_else_is_not_sure(classifier: Classifier) -> None:
    assert decide(scores(0.1, 0.1, 0.1, 0.1, 0.6), classifier.card) == (None, ("other",))


def test_below_the_threshold_is_not_sure(classifier: Classifier) -> None:
    card = replace(classifier.card, threshold=0.9)
    assert decide(scores(0.1, 0.1, 0.5, 0.2, 0.1), card) == (None, ("low_score",))


@given(st.lists(st.floats(-30, 30), min_size=5, max_size=5), st.floats(0.0, 1.0))
def test_every_decision_is_a_category_or_a_reason(logits: list[float], threshold: float) -> None:
    probabilities = softmax(np.array(logits, np.float32))
    assert probabilities.sum() == pytest.approx(1)
    card = _card(threshold)
    named, because = decide(scores(*probabilities.tolist()), card)
    assert (named is None) == bool(because)
    if named is not None:
        assert threshold <= named.probability <= 1
        assert named.probability > probabilities[-1]


def _card(threshold: float) -> ModelCard:
    from model.preprocess import Preprocess

    return ModelCard(
        version="0",
        created="",
        backbone="",
        outputs=OUTPUTS,
        parents={"bleeding_spots": ("petechiae", "purpura")},
        preprocess=Preprocess(64),
        temperature=1.0,
        threshold=threshold,
    )


def test_a_batch_gives_what_single_photos_give(classifier: Classifier) -> None:
    batch = [prepared(seed) for seed in range(5)]
    together = classifier.classify_prepared(batch)
    alone = [classifier.classify_prepared([one])[0] for one in batch]
    for one, other in zip(together, alone, strict=True):
        assert [score.probability for score in one.scores] == pytest.approx(
            [score.probability for score in other.scores], abs=1e-5
        )
        assert one.category == other.category


def test_the_mean_of_an_evidence_map_is_the_logit(classifier: Classifier) -> None:
    (prediction,) = classifier.classify_prepared([prepared(1)], evidence=True)
    assert isinstance(prediction.evidence, Evidence)
    logits = prediction.evidence.maps.mean(axis=(1, 2), dtype=np.float64) / classifier.card.temperature
    assert [score.probability for score in prediction.scores] == pytest.approx(
        softmax(logits.astype(np.float32)).tolist(), abs=1e-5
    )


def test_scores_that_are_not_finite_are_never_shown(classifier: Classifier) -> None:
    broken = replace(prepared(0), pixels=np.full((3, 64, 64), np.nan, np.float32))
    (prediction,) = classifier.classify_prepared([broken])
    assert prediction.scores == ()
    assert prediction.category is None
    assert prediction.not_sure_because == ("no_finite_scores",)


def test_a_poor_photo_is_not_sure_whatever_its_scores(classifier: Classifier) -> None:
    dark = replace(prepared(0), quality=Quality(("too_dark",), ()))
    (prediction,) = classifier.classify_prepared([dark])
    assert prediction.category is None
    assert prediction.not_sure_because == ("too_dark",)
    assert len(prediction.scores) == len(OUTPUTS)


def test_no_photo_gives_no_prediction(classifier: Classifier) -> None:
    assert classifier.classify([]) == []


def test_reading_and_classifying_gives_a_prediction_with_version(classifier: Classifier) -> None:
    random = np.random.default_rng(0)
    pixels = random.integers(100, 200, (90, 120, 3), dtype=np.uint8)
    (prediction,) = classifier.classify([Photo(pixels, (120, 90), ("first_frame",), "0")])
    assert prediction.model_version == "0.0.1"
    assert "first_frame" in prediction.photo_notes


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": None, "not_sure_because": ()},
        {"category": "purpura", "not_sure_because": ("other",)},
        {"probability": None},
        {"scores": (Score("purpura", float("nan")),)},
    ],
)
def test_an_impossible_prediction_cannot_be_built(wrong: dict[str, object]) -> None:
    fields: dict[str, object] = {
        "scores": (),
        "category": "purpura",
        "probability": 0.9,
        "not_sure_because": (),
        "photo_notes": (),
        "model_version": "0",
    }
    with pytest.raises(ValueError):
        Prediction(**(fields | wrong))  # type: ignore[arg-type]
