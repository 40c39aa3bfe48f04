"""redspots, and the parts of it that bars are measured against."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import simplejpeg
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from measuring import Score, measure

from model.batch import score_photos
from model.classifier import Classifier, newest_release
from model.photo import Photo
from model.prediction import Prediction


def redspots(workers: int) -> Score:
    """Return the scorer as `redspots score` runs it."""
    classifier = Classifier.load(newest_release())

    def score(photos: Sequence[Path]) -> list[list[float]]:
        outcomes = score_photos(classifier, photos, workers=workers)
        return [_probabilities(outcome.prediction) for outcome in outcomes if outcome.prediction]

    return score


def full_decode() -> Score:
    """Return the same network behind Pillow, which decodes every pixel."""
    classifier = Classifier.load(newest_release())

    def score(photos: Sequence[Path]) -> list[list[float]]:
        found = []
        for path in photos:
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
            photo = Photo(pixels, (pixels.shape[1], pixels.shape[0]), (), "")
            found.append(_probabilities(classifier.classify([photo])[0]))
        return found

    return score


def floor() -> Score:
    """Return what cannot be saved: decoding at an eighth, and the network on pixels that are there already."""
    classifier = Classifier.load(newest_release())
    side = classifier.card.preprocess.size
    ready = classifier.prepare(Photo(np.full((side, side, 3), 128, np.uint8), (side, side), (), ""))

    def score(photos: Sequence[Path]) -> list[list[float]]:
        found = []
        for path in photos:
            data = path.read_bytes()
            height, width, _, _ = simplejpeg.decode_jpeg_header(data)
            simplejpeg.decode_jpeg(data, min_height=height // 8, min_width=width // 8, min_factor=8)
            found.append(_probabilities(classifier.classify_prepared([ready])[0]))
        return found

    return score


def _probabilities(prediction: Prediction) -> list[float]:
    return [score.probability for score in prediction.scores]


CONTENDERS: dict[str, Callable[[], Score]] = {
    "redspots": lambda: redspots(1),
    "redspots, all cores": lambda: redspots(len(os.sched_getaffinity(0))),
    "full decode with Pillow": full_decode,
    "decode at 1/8 and the network alone": floor,
}

if __name__ == "__main__":
    measure(CONTENDERS)
