"""Classifier: the decision, the evidence, and one photo as a batch of one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st

from model.card import ModelCard
from model.classifier import Classifier, Prepared, newest_release
from model.decision import decide, softmax
from model.photo import Photo
from model.prediction import Evidence, Prediction, Score
from model.preprocess import Preprocess, centre_square
from model.quality import Quality
from tests.support.cards import plain_card
from tests.support.drawing import encoded, skin

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


def test_each_model_gets_the_pixels_of_its_own_reader(classifier: Classifier) -> None:
    """Expected: by hand, as the reader of 0.1 and 0.2 did it, and as that of 0.3 does."""
    data = encoded(skin(width=1606, height=1204))
    for reader, least in ((1, 512), (2, 256)):
        card = replace(classifier.card, preprocess=Preprocess(256, reader=reader))
        photo = Classifier(card, classifier._session).read(data)
        expected = simplejpeg.decode_jpeg(data, min_height=least, min_width=least, min_factor=2)
        assert np.array_equal(photo.pixels, expected)
        assert np.array_equal(card.preprocess.resize(photo.pixels), centre_square(expected, side=256))


@given(width=st.integers(230, 1200), height=st.integers(230, 1200))
@settings(max_examples=20, deadline=None)
def test_evidence_lies_where_it_lies_on_the_whole_photo(width: int, height: int, classifier: Classifier) -> None:
    photo = classifier.read(encoded(np.full((height, width, 3), 128, np.uint8)))
    found = classifier.prepare(photo).box
    short = min(photo.pixels.shape[:2])
    assert found == pytest.approx(Preprocess.box(width=width, height=height), abs=1 / short), "within a decoded pixel"


def test_quality_is_measured_on_what_the_network_sees(classifier: Classifier) -> None:
    """Skin in the middle of a wide photo of leaves is judged; leaves in the middle of skin are none."""
    skins, leaves = skin(width=400, height=400), np.full((400, 400, 3), (70, 120, 50), np.uint8)
    # From yellow to blue: of one hue all over they would be refused as a photo through a filter.
    hues = np.linspace((25, 0, -25), (-25, 0, 25), 400)
    noise = np.random.default_rng(0).normal(0, 6, leaves.shape[:2])[..., None]
    leaves = (leaves + hues + noise).clip(0, 255).astype(np.uint8)
    for size in (64, 224):
        card = replace(classifier.card, preprocess=Preprocess(size))
        one = Classifier(card, classifier._session)
        seen = [
            one.prepare(one.read(encoded(np.hstack(parts), "PNG"))).quality.refused
            for parts in ((leaves, skins, leaves), (skins, leaves, skins))
        ]
        assert seen == [(), ("no_skin",)]


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
    return plain_card(OUTPUTS, threshold=threshold)


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
