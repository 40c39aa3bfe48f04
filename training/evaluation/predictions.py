"""Labelled photos with what a model said of them, as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.batch import score_photos
from model.card import ModelCard
from model.classifier import Classifier
from model.decision import judge
from model.errors import RedspotsError
from model.prediction import ABOUT_SCORES
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
    sources: NDArray[np.str_]
    """Where the photos come from; empty where that is not stated."""
    paths: NDArray[np.str_]

    def __getitem__(self, index: NDArray[np.int64] | NDArray[np.bool_]) -> Scored:
        """Return a resample or a part."""
        return Scored(**{one.name: getattr(self, one.name)[index] for one in fields(self)})


def score_examples(
    classifier: Classifier, examples: Sequence[Example], *, workers: int = 1
) -> tuple[Scored, list[tuple[Path, RedspotsError]]]:
    """Return what the model said of each photo that could be read, and the errors of the others."""
    kept, probabilities, named, fit, errors = [], [], [], [], []
    outcomes = score_photos(classifier, [example.path for example in examples], workers=workers)
    for example, outcome in zip(examples, outcomes, strict=True):
        if outcome.error is not None:
            errors.append((example.path, outcome.error))
        elif outcome.prediction is not None and outcome.prediction.scores:
            kept.append(example)
            probabilities.append([score.probability for score in outcome.prediction.scores])
            named.append(outcome.prediction.category or "")
            fit.append(ABOUT_SCORES.issuperset(outcome.prediction.not_sure_because))
    values = np.array(probabilities, dtype=np.float64).reshape(len(kept), len(classifier.card.outputs))
    return _scored(kept, values, named, fit), errors


def scored_logits(examples: Sequence[Example], logits: NDArray[np.float64], card: ModelCard) -> Scored:
    """Return labelled photos with what a card makes of their logits (n, outputs); their quality is not looked at."""
    judged = [judge(row, card) for row in logits.astype(np.float32)]
    probabilities = np.array([[score.probability for score in scores] for scores, _, _ in judged])
    return _scored(
        examples,
        probabilities,
        [named.category if named else "" for _, named, _ in judged],
        [ABOUT_SCORES.issuperset(because) for _, _, because in judged],
    )


def _scored(
    examples: Sequence[Example], probabilities: NDArray[np.float64], named: Sequence[str], fit: Sequence[bool]
) -> Scored:
    return Scored(
        truths=_texts(example.category for example in examples),
        groups=_texts(example.group for example in examples),
        probabilities=probabilities,
        named=_texts(named),
        tones=_texts(skin_band(example.skin_tone) for example in examples),
        fit=np.array(fit, dtype=np.bool_),
        sources=_texts(example.source for example in examples),
        paths=_texts(str(example.path) for example in examples),
    )


def _texts(values: Iterable[str]) -> NDArray[np.str_]:
    return np.array(list(values), dtype=np.str_)


def mean(values: NDArray[np.generic]) -> float:
    """Return the mean, NaN of nothing: such a figure is not defined by the photos."""
    return float(values.mean()) if len(values) else float("nan")
