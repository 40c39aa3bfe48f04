"""Page, command line, evaluation and training see the same pixels and give the same probabilities."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from app.answers.words import Words
from app.batch.outputs import Files, score_to_files
from app.batch.scorer import Scorer
from model.classifier import Classifier
from model.prediction import Prediction
from tests.support.drawing import skin
from training.data.manifest import Example
from training.evaluation.predictions import score_examples
from training.loading.cache import cached_pixels


@pytest.fixture(scope="module")
def classifier(tiny_model: Path) -> Classifier:
    return Classifier.load(tiny_model)


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large JPEG that a phone held sideways: scaled decoding and orientation both matter."""
    path = tmp_path_factory.mktemp("photo") / "sideways.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(skin(height=1200, width=1600)).save(path, quality=90, exif=exif)
    return path


def probabilities(prediction: Prediction) -> list[float]:
    return [score.probability for score in prediction.scores]


def test_every_road_gives_the_same_probabilities(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    (direct,) = classifier.classify([classifier.read(photo)])
    (from_bytes,) = classifier.classify([classifier.read(photo.read_bytes(), name="upload.jpg")])
    assert probabilities(from_bytes) == probabilities(direct)

    table = tmp_path / "scores.jsonl"
    scorer = Scorer(classifier=classifier, words=Words.read())
    score_to_files(scorer, [photo], Files(out=table), console=Console(quiet=True))
    row = json.loads(table.read_text(encoding="utf-8"))
    assert [row[f"p_{output}"] for output in classifier.card.outputs] == pytest.approx(probabilities(direct), abs=1e-6)

    scored, errors = score_examples(classifier, [Example(photo, "other", "a")])
    assert errors == []
    assert scored.probabilities[0] == pytest.approx(probabilities(direct))


def test_training_sees_the_pixels_that_are_scored(classifier: Classifier, photo: Path, tmp_path: Path) -> None:
    preprocess = classifier.card.preprocess
    cached = cached_pixels([Example(photo, "other", "a")], side=preprocess.size, folder=tmp_path, processes=1)
    prepared = classifier.prepare(classifier.read(photo))
    np.testing.assert_array_equal(preprocess.normalise(np.asarray(cached[0])), prepared.pixels)
