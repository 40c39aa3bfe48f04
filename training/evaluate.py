"""What a model is worth on labelled photos, through the same road as in use: score_photos."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import recall_score, roc_auc_score, roc_curve
from torchmetrics.functional.classification import multiclass_calibration_error

from model.card import ModelCard
from model.classifier import Classifier, decide, softmax
from model.errors import RedspotsError
from model.prediction import OTHER, Score
from model.scoring import score_photos
from training.calibrate import is_right
from training.manifest import NOT_SKIN, Example

BINS = 15
"""Of the expected calibration error."""
RESAMPLES = 500
"""Of groups, for the intervals: enough for two digits."""


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

    def __getitem__(self, index: NDArray[np.int64]) -> Scored:
        """Return a resample."""
        return Scored(self.truths[index], self.groups[index], self.probabilities[index], self.named[index])


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % bootstrap interval over groups; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def score_examples(
    classifier: Classifier, examples: Sequence[Example], *, workers: int = 1
) -> tuple[Scored, list[tuple[Path, RedspotsError]]]:
    """Return what the model said of each photo that could be read, and the errors of the others."""
    kept, probabilities, named, errors = [], [], [], []
    outcomes = score_photos(classifier, [example.path for example in examples], workers=workers)
    for example, outcome in zip(examples, outcomes, strict=True):
        if outcome.error is not None:
            errors.append((outcome.path, outcome.error))
        elif outcome.prediction is not None and outcome.prediction.scores:
            kept.append(example)
            probabilities.append([score.probability for score in outcome.prediction.scores])
            named.append(outcome.prediction.category or "")
    scored = Scored(
        np.array([example.category for example in kept], dtype=np.str_),
        np.array([example.group for example in kept], dtype=np.str_),
        np.array(probabilities, dtype=np.float64).reshape(len(kept), len(classifier.card.outputs)),
        np.array(named, dtype=np.str_),
    )
    return scored, errors


def scored_logits(examples: Sequence[Example], logits: NDArray[np.float64], card: ModelCard) -> Scored:
    """Return labelled photos with what a card makes of their logits (n, outputs); their quality is not looked at."""
    probabilities = np.stack([softmax(row / card.temperature) for row in logits.astype(np.float32)])
    named = [
        decide([Score(output, float(p)) for output, p in zip(card.outputs, row, strict=True)], card)[0]
        for row in probabilities
    ]
    return Scored(
        np.array([example.category for example in examples], dtype=np.str_),
        np.array([example.group for example in examples], dtype=np.str_),
        probabilities,
        np.array([score.category if score else "" for score in named], dtype=np.str_),
    )


def measure(scored: Scored, card: ModelCard, *, seed: int = 0) -> dict[str, Figure]:
    """Return all figures with their intervals, in the order in which a person would read them."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(scored.groups == group) for group in np.unique(scored.groups)]
    resamples = []
    for _ in range(RESAMPLES if len(members) > 1 else 0):
        drawn = [members[index] for index in random.integers(len(members), size=len(members))]
        resamples.append(scored[np.concatenate(drawn)])
    return {name: _with_interval(figure, scored, resamples) for name, figure in figures(card).items()}


def figures(card: ModelCard) -> Mapping[str, Callable[[Scored], float]]:
    """Return the definition of every figure; each is NaN where the photos do not define it."""
    found: dict[str, Callable[[Scored], float]] = {}
    for category in card.categories:
        found[f"auc_{category}"] = partial(_auc, card=card, members=(category,))
    for parent, members in card.parents.items():
        found[f"auc_{parent}"] = partial(_auc, card=card, members=members)
        found[f"sensitivity_{parent}_at_90_specificity"] = partial(_sensitivity, card=card, members=members)
    found["balanced_accuracy"] = partial(_balanced_accuracy, card=card)
    found["calibration_error"] = partial(_calibration_error, card=card)
    found["answered"] = _answered
    found["accuracy_of_answers"] = partial(_accuracy_of_answers, card=card)
    for background in (OTHER, NOT_SKIN):
        found[f"not_sure_on_{background}"] = partial(_not_sure, truth=background)
    return found


def metrics_json(measured: Mapping[str, Figure], scored: Scored, failed: int) -> dict[str, Any]:
    """Return plain values for metrics.json and the card."""
    names, counts = np.unique(scored.truths, return_counts=True)
    return {
        "photos": {str(name): int(count) for name, count in zip(names, counts, strict=True)},
        "groups": len(np.unique(scored.groups)),
        "unreadable": failed,
        "figures": {
            name: {"value": figure.value, "low": figure.low, "high": figure.high} for name, figure in measured.items()
        },
    }


def _with_interval(figure: Callable[[Scored], float], scored: Scored, resamples: Sequence[Scored]) -> Figure:
    value = figure(scored)
    if np.isnan(value):
        return Figure(None, None, None)
    values = np.array([figure(one) for one in resamples])
    values = values[~np.isnan(values)]
    if not len(values):
        return Figure(round(value, 4), None, None)
    low, high = np.percentile(values, [2.5, 97.5])
    return Figure(round(value, 4), round(float(low), 4), round(float(high), 4))


def _auc(one: Scored, *, card: ModelCard, members: Sequence[str]) -> float:
    """Area under the curve of these categories against all other photos."""
    positive, score = _one_against_all(one, card, members)
    if positive.all() or not positive.any():
        return float("nan")
    return float(roc_auc_score(positive, score))


def _sensitivity(one: Scored, *, card: ModelCard, members: Sequence[str]) -> float:
    """Sensitivity for these categories where 90 % of all other photos are left out."""
    positive, score = _one_against_all(one, card, members)
    if positive.all() or not positive.any():
        return float("nan")
    false_positive, true_positive, _ = roc_curve(positive, score)
    return float(true_positive[false_positive <= 0.1].max())


def _one_against_all(
    one: Scored, card: ModelCard, members: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    columns = [card.outputs.index(member) for member in members]
    return np.isin(one.truths, members), one.probabilities[:, columns].sum(axis=1)


def _balanced_accuracy(one: Scored, *, card: ModelCard) -> float:
    """Mean recall over the categories present, the likeliest category taken and `other` left aside."""
    chosen = np.isin(one.truths, card.categories)
    if not chosen.any():
        return float("nan")
    guesses = np.array(card.categories)[one.probabilities[chosen, :-1].argmax(axis=1)]
    present = np.unique(one.truths[chosen])
    return float(recall_score(one.truths[chosen], guesses, labels=present, average="macro", zero_division=0))


def _calibration_error(one: Scored, *, card: ModelCard) -> float:
    outputs = np.where(one.truths == NOT_SKIN, OTHER, one.truths)
    targets = [card.outputs.index(str(name)) for name in outputs]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        error = multiclass_calibration_error(
            torch.from_numpy(one.probabilities), torch.tensor(targets), num_classes=len(card.outputs), n_bins=BINS
        )
    return float(error)


def _accuracy_of_answers(one: Scored, *, card: ModelCard) -> float:
    answered = one.named != ""
    pairs = zip(one.named[answered], one.truths[answered], strict=True)
    return _mean(np.array([is_right(str(named), str(truth), card) for named, truth in pairs], dtype=np.bool_))


def _answered(one: Scored) -> float:
    return _mean(one.named != "")


def _not_sure(one: Scored, *, truth: str) -> float:
    return _mean(one.named[one.truths == truth] == "")


def _mean(values: NDArray[np.bool_]) -> float:
    return float(values.mean()) if len(values) else float("nan")
