"""Labelled photos with what a model said of them, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.batch import score_photos
from model.card import ModelCard
from model.classifier import Classifier
from model.decision import predict
from model.errors import RedspotsError
from model.prediction import ABOUT_SCORES, Prediction
from training.data.manifest import Example
from training.data.skin_tone import skin_band


@dataclass(frozen=True, slots=True)
class Scored:
    """Labelled photos with what the model said, as arrays over n photos."""

    truths: NDArray[np.str_]
    """Categories of the manifest, `other` and `not_skin` included."""
    groups: NDArray[np.str_]
    probabilities: NDArray[np.float64]
    """(n, outputs), calibrated."""
    named: NDArray[np.str_]
    """Category or parent that was named; empty when not sure."""
    tones: NDArray[np.str_]
    """Bands of skin tone; empty where none is known."""
    fit: NDArray[np.bool_]
    """Whether the photo was good enough to judge: only then can a threshold make it an answer."""
    levels: NDArray[np.str_]
    """`Level` of the answer."""
    could_be: NDArray[np.str_]
    """Kinds that are named as possible besides, separated by a space; empty where there are none."""
    sources: NDArray[np.str_]
    """Where the photos come from; empty where that is not stated."""
    paths: NDArray[np.str_]

    def __getitem__(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Scored:
        """Return a resample or a part."""
        return Scored(**{one.name: getattr(self, one.name)[index] for one in fields(self)})

    def measured_alone(self) -> Scored:
        """Return the photos without the long texts that no figure asks for, to be resampled."""
        nothing = np.zeros(len(self.truths), dtype="U1")
        return replace(self, groups=nothing, sources=nothing, paths=nothing)


def score_examples(
    classifier: Classifier, examples: Sequence[Example], *, workers: int = 1
) -> tuple[Scored, list[tuple[Path, RedspotsError]]]:
    """Return what the model said of each photo that could be read, and the errors of the others."""
    kept, predictions, errors = [], [], []
    outcomes = score_photos(classifier, [example.path for example in examples], workers=workers)
    for example, outcome in zip(examples, outcomes, strict=True):
        if outcome.error is not None:
            errors.append((example.path, outcome.error))
        elif outcome.prediction is not None and outcome.prediction.scores:
            kept.append(example)
            predictions.append(outcome.prediction)
    return _scored(kept, predictions, outputs=len(classifier.card.outputs)), errors


def scored_logits(examples: Sequence[Example], logits: NDArray[np.float64], card: ModelCard) -> Scored:
    """Return labelled photos with what a card makes of their logits (n, outputs); their quality is not looked at."""
    return _scored(examples, [predict(row, card) for row in logits.astype(np.float32)], outputs=len(card.outputs))


def _scored(examples: Sequence[Example], predictions: Sequence[Prediction], *, outputs: int) -> Scored:
    probabilities = [[score.probability for score in one.scores] for one in predictions]
    return Scored(
        truths=_texts(example.category for example in examples),
        groups=_texts(example.group for example in examples),
        probabilities=np.array(probabilities, dtype=np.float64).reshape(len(predictions), outputs),
        named=_texts(one.category or "" for one in predictions),
        tones=_texts(skin_band(example.skin_tone) for example in examples),
        fit=np.array([ABOUT_SCORES.issuperset(one.not_sure_because) for one in predictions], dtype=np.bool_),
        levels=_texts(one.level.value for one in predictions),
        could_be=_texts(" ".join(one.could_be) for one in predictions),
        sources=_texts(example.source for example in examples),
        paths=_texts(str(example.path) for example in examples),
    )


def _texts(values: Iterable[str]) -> NDArray[np.str_]:
    return np.array(list(values), dtype=np.str_)


def mean(values: NDArray[np.generic]) -> float:
    """Return the mean, NaN of nothing: such a figure is not defined by the photos."""
    return float(values.mean()) if len(values) else float("nan")
