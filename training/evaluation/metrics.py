"""What a model is worth on labelled photos: figures with intervals."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import recall_score
from torchmetrics.functional.classification import binary_auroc, binary_roc, multiclass_calibration_error

from model.card import ModelCard
from model.categories import NOT_SKIN, OTHER
from model.conformal import PredictionSets
from model.decision import is_right
from training.evaluation.bootstrap import RESAMPLES, interval, resampled_rows
from training.evaluation.levels import level_figures
from training.evaluation.predictions import Scored, mean

BINS = 15
"""Of the expected calibration error."""
SUREST = (0.05, 0.1, 0.2)
"""Shares answered at which accuracy is given: together they show what a stricter threshold would bring."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value with its 95 % bootstrap interval over groups; None where it is undefined."""

    value: float | None
    low: float | None
    high: float | None


def measure(
    scored: Scored,
    card: ModelCard,
    *,
    only: Collection[str] | None = None,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> dict[str, Figure]:
    """Return all figures, or `only` some, with their intervals, in the order in which a person would read them."""
    bands = sorted(set(scored.tones.tolist()) - {""})
    wanted = {name: figure for name, figure in figures(card, bands).items() if only is None or name in only}
    drawn = over_resamples(scored, wanted, seed=seed, resamples=resamples)
    return {name: _with_interval(figure(scored), drawn[name]) for name, figure in wanted.items()}


def over_resamples(
    scored: Scored, wanted: Mapping[str, Callable[[Scored], float]], *, seed: int, resamples: int
) -> dict[str, NDArray[np.float64]]:
    """Return the values of figures in each resample; one resample is held at a time."""
    values: dict[str, list[float]] = {name: [] for name in wanted}
    alone = scored.measured_alone()
    for rows in resampled_rows(scored.groups, seed=seed, resamples=resamples):
        one = alone[rows]
        for name, figure in wanted.items():
            values[name].append(figure(one))
    return {name: np.array(found, dtype=np.float64) for name, found in values.items()}


def figures(card: ModelCard, bands: Sequence[str] = ()) -> Mapping[str, Callable[[Scored], float]]:
    """Return the definition of every figure; each is NaN where the photos do not define it.

    With bands of skin tone, the sensitivity in each and the spread between the best and the worst are added.
    """
    found: dict[str, Callable[[Scored], float]] = {}
    for category in card.categories:
        found[f"auc_{category}"] = partial(_auc, card=card, members=(category,))
    for parent, members in card.parents.items():
        found[f"auc_{parent}"] = partial(_auc, card=card, members=members)
        found[f"sensitivity_{parent}_at_90_specificity"] = partial(_sensitivity, card=card, members=members)
        found[f"something_else_for_{parent}"] = partial(_something_else, members=(parent, *members))
    found["balanced_accuracy"] = partial(_balanced_accuracy, card=card)
    found["calibration_error"] = partial(_calibration_error, card=card)
    found["answered"] = _answered
    found["accuracy_of_answers"] = partial(_accuracy_of_answers, card=card)
    found |= level_figures(card)
    for share in SUREST:
        found[f"accuracy_of_the_surest_{share:.0%}".replace("%", "_percent")] = partial(
            _accuracy_of_surest, card=card, share=share
        )
    if card.prediction_sets is not None:
        found |= set_figures(card.outputs, card.parents, card.prediction_sets)
    for background in (OTHER, NOT_SKIN):
        found[f"not_sure_on_{background}"] = partial(_not_sure, truth=background)
    for band in bands:
        found[f"balanced_accuracy_{band}"] = partial(_balanced_accuracy_in, card=card, band=band)
    if len(bands) > 1:
        found["spread_over_skin_tones"] = partial(_spread, card=card, bands=tuple(bands))
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


def _with_interval(value: float, drawn: NDArray[np.float64]) -> Figure:
    return Figure(None, None, None) if np.isnan(value) else Figure(round(value, 4), *interval(drawn))


def _auc(one: Scored, *, card: ModelCard, members: Sequence[str]) -> float:
    """Area under the curve of these categories against all other photos."""
    positive, score = _one_against_all(one, card, members)
    if positive.all() or not positive.any():
        return float("nan")
    return float(binary_auroc(torch.from_numpy(score), torch.from_numpy(positive), validate_args=False))


def _sensitivity(one: Scored, *, card: ModelCard, members: Sequence[str]) -> float:
    """Sensitivity for these categories where 90 % of all other photos are left out."""
    positive, score = _one_against_all(one, card, members)
    if positive.all() or not positive.any():
        return float("nan")
    false_positive, true_positive, _ = binary_roc(
        torch.from_numpy(score), torch.from_numpy(positive), validate_args=False
    )
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


def _balanced_accuracy_in(one: Scored, *, card: ModelCard, band: str) -> float:
    return _balanced_accuracy(one[one.tones == band], card=card)


def _spread(one: Scored, *, card: ModelCard, bands: Sequence[str]) -> float:
    """Difference of balanced accuracy between the bands where it is highest and lowest."""
    values = [_balanced_accuracy_in(one, card=card, band=band) for band in bands]
    return max(values) - min(values)


def _accuracy_of_surest(one: Scored, *, card: ModelCard, share: float) -> float:
    """Accuracy over this share of the photos, those whose likeliest category has the highest probability."""
    kept = np.argsort(-one.probabilities[:, :-1].max(axis=1), kind="stable")[: round(share * len(one.truths))]
    guesses = np.array(card.categories)[one.probabilities[kept, :-1].argmax(axis=1)]
    return mean(guesses == one.truths[kept])


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
    return mean(np.array([is_right(str(named), str(truth), card) for named, truth in pairs], dtype=np.bool_))


def _something_else(one: Scored, *, members: Sequence[str]) -> float:
    """Share of the photos of these categories that are given the name, and the advice, of another one."""
    named = one.named[np.isin(one.truths, members)]
    return mean((named != "") & ~np.isin(named, members))


def _answered(one: Scored) -> float:
    return mean(one.named != "")


def _not_sure(one: Scored, *, truth: str) -> float:
    return mean(one.named[one.truths == truth] == "")


def set_figures(
    outputs: Sequence[str], parents: Mapping[str, Sequence[str]], sets: PredictionSets
) -> dict[str, Callable[[Scored], float]]:
    """Return the definitions of coverage and mean size; each is NaN where the photos do not define it.

    Coverage is given for each output and parent; of all photos it would be that of the commonest output. `not_skin`
    counts as `other`.
    """
    found: dict[str, Callable[[Scored], float]] = {}
    for name, members in [*((output, (output,)) for output in outputs), *parents.items()]:
        truths = (OTHER, NOT_SKIN) if name == OTHER else tuple(members)
        found[f"coverage_of_sets_{name}"] = partial(_coverage_of_sets, outputs=outputs, sets=sets, truths=truths)
    found["size_of_sets"] = partial(_size_of_sets, outputs=outputs, sets=sets)
    found["sets_of_one"] = partial(_sets_of_one, outputs=outputs, sets=sets)
    return found


def _coverage_of_sets(one: Scored, *, outputs: Sequence[str], sets: PredictionSets, truths: Sequence[str]) -> float:
    part = one[np.isin(one.truths, truths)]
    targets = [outputs.index(OTHER if truth == NOT_SKIN else str(truth)) for truth in part.truths]
    return mean(sets.contains(part.probabilities, outputs)[np.arange(len(targets)), targets])


def _size_of_sets(one: Scored, *, outputs: Sequence[str], sets: PredictionSets) -> float:
    return mean(sets.contains(one.probabilities, outputs).sum(axis=1))


def _sets_of_one(one: Scored, *, outputs: Sequence[str], sets: PredictionSets) -> float:
    """Share of photos whose set is one output."""
    return mean(sets.contains(one.probabilities, outputs).sum(axis=1) == 1)
