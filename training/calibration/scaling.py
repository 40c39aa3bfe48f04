"""All that is chosen on held-back photos, real ones wherever there are enough: scaling, sets, energy, levels."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from model.card import ModelCard
from model.categories import OTHER
from model.decision import decide, energy, is_right, judge, softmax
from model.prediction import UNFAMILIAR
from training.calibration.levels import choose_levels
from training.calibration.prediction_sets import calibrate_sets, counted, set_groups
from training.data.manifest import Example
from training.loading.cache import output_of
from training.loading.dataset import Item, targets_of
from training.recipes import Recipe

CANDIDATES = np.linspace(0.4, 0.95, 56)
"""Thresholds that are tried. Below 0.4 an answer would more often be wrong than right for some category."""
FAMILIAR = 0.95
"""Share of photos of the categories that are not too far from what the network knows."""
LEAST_REAL = 4
"""Held-back real photos of an output from which on its drawn ones, which are easier, no longer calibrate."""


def calibrate(
    card: ModelCard, logits: NDArray[np.float64], items: Sequence[Item], recipe: Recipe
) -> tuple[ModelCard, NDArray[np.float64]]:
    """Return the card with all that decides, and what to add to the logit of each output (outputs,).

    `logits` (n, outputs) are of `items`, none of which its network was trained on. An addition to `other` makes up for
    training on fewer photos of it than people show (Saerens et al., Neural Computation 2002); it is 0 unless the recipe
    says how many those are. Class means know nothing of how many photos there are: each category has an addition.
    After cross-validation the logits are of the folds' networks; the mean of their weights, which ships, is taken to
    have logits alike.
    """
    weights = calibration_weights(items, card.outputs, recipe)
    targets = np.array(targets_of(items, card.outputs))
    temperature, offsets = fit_scaling(logits, targets, weights, shifted=_shifted(card, recipe))
    card = replace(card, temperature=round(temperature, 4))
    logits = logits + offsets
    probabilities = np.stack([softmax(row / card.temperature) for row in logits.astype(np.float32)])
    card = replace(
        card,
        prediction_sets=calibrate_sets(probabilities, items, outputs=card.outputs, parents=card.parents),
        most_energy=choose_most_energy(logits, np.where(targets < len(card.categories), weights, 0.0)),
    )
    truths = [output_of(item) for item in items]
    accuracy = recipe.decision.answered_accuracy
    threshold = choose_threshold(logits, truths, card, answered_accuracy=accuracy, weights=weights)
    card = replace(card, threshold=threshold)
    levels = choose_levels(
        logits,
        truths,
        card,
        answered_accuracy=accuracy,
        could_be_accuracy=recipe.decision.could_be_accuracy,
        weights=weights,
    )
    return replace(card, levels=levels), offsets


def _shifted(card: ModelCard, recipe: Recipe) -> list[tuple[int, ...]]:
    """Return the outputs, by index, that have an addition, in groups that share one."""
    if not recipe.fit.epochs:
        groups = [group for group in set_groups(card.outputs, card.parents) if OTHER not in group]
        return [tuple(card.outputs.index(member) for member in group) for group in groups]
    return [(len(card.outputs) - 1,)] if recipe.decision.other_prior is not None else []


def calibration_items(items: Sequence[Item], outputs: Sequence[str], recipe: Recipe) -> NDArray[np.int64]:
    """Return the indices of the items that calibration looks at, if they are held back."""
    used = calibration_weights(items, outputs, recipe) > 0
    for group in set_groups(outputs, recipe.decision.parents):
        used |= counted(items, group)
    return np.flatnonzero(used)


def calibration_weights(items: Sequence[Item], outputs: Sequence[str], recipe: Recipe) -> NDArray[np.float64]:
    """Return how much each held-back item counts, summing to 1: `other` its prior, the categories equal parts."""
    names = np.array([output_of(item) for item in items])
    real = np.array([isinstance(item, Example) for item in items])
    prior = recipe.decision.other_prior or recipe.fit.other_share
    weights = np.zeros(len(items))
    for output in outputs:
        chosen = names == output
        if (chosen & real).sum() >= LEAST_REAL:
            chosen &= real
        if chosen.any():
            weights[chosen] = (prior if output == OTHER else (1 - prior) / (len(outputs) - 1)) / chosen.sum()
    return np.asarray(weights / weights.sum())


def fit_scaling(
    logits: NDArray[np.float64],
    targets: NDArray[np.int64],
    weights: NDArray[np.float64] | None = None,
    *,
    shifted: Sequence[tuple[int, ...]] = (),
) -> tuple[float, NDArray[np.float64]]:
    """Return the temperature with the least cross entropy on logits (n, outputs) (Guo et al., ICML 2017).

    `weights` (n,) says how much each photo counts. The temperature lies in [0.05, 20]. The second value (outputs,) is
    what is best added to the logits before it: one number in [-20, 20] for each group of outputs in `shifted`, 0 for
    the others.
    """
    weights = np.ones(len(targets)) if weights is None else weights
    rows = np.arange(len(targets))

    def offsets(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        added = np.zeros(logits.shape[1])
        for group, amount in zip(shifted, parameters[1:], strict=True):
            added[list(group)] = amount
        return added

    def loss(parameters: NDArray[np.float64]) -> float:
        scaled = (logits + offsets(parameters)) / np.exp(parameters[0])
        return float(-(weights * log_softmax(scaled, axis=1)[rows, targets]).sum() / weights.sum())

    bounds = [(np.log(0.05), np.log(20.0)), *[(-20.0, 20.0)] * len(shifted)]
    found = minimize(loss, np.zeros(len(bounds)), method="Nelder-Mead", bounds=bounds, options={"maxiter": 4000})
    return float(np.exp(found.x[0])), offsets(found.x)


def choose_most_energy(logits: NDArray[np.float64], weights: NDArray[np.float64]) -> float | None:
    """Return the lowest energy that `FAMILIAR` of the photos, counted by `weights`, do not exceed; None without any.

    `logits` are (n, outputs); photos of `other` have the weight 0.
    """
    if not weights.any():
        return None
    energies = np.array([energy(row) for row in logits.astype(np.float32)])
    order = np.argsort(energies)
    shares = np.cumsum(weights[order]) / weights.sum()
    # Rounded up: a photo that lies on the threshold passes.
    return math.ceil(float(energies[order][np.searchsorted(shares, FAMILIAR - 1e-9)]) * 1e4) / 1e4


def choose_threshold(
    logits: NDArray[np.float64],
    truths: Sequence[str],
    card: ModelCard,
    *,
    answered_accuracy: float,
    weights: NDArray[np.float64] | None = None,
) -> float:
    """Return the lowest threshold at which `answered_accuracy` of the answers is right; the highest tried if none is.

    An answer is right when it names the photo's category or a parent of it. A photo of `other` has no right answer.
    """
    weights = np.ones(len(truths)) if weights is None else weights
    judged = [judge(row, card) for row in logits.astype(np.float32)]
    for threshold in CANDIDATES:
        tried = replace(card, threshold=float(threshold))
        named = [None if UNFAMILIAR in because else decide(scores, tried)[0] for scores, _, because in judged]
        answered = np.array([name is not None for name in named])
        pairs = zip(named, truths, strict=True)
        right = np.array([name is not None and is_right(name.category, truth, card) for name, truth in pairs])
        if answered.any() and (weights * right).sum() >= answered_accuracy * (weights * answered).sum():
            return round(float(threshold), 4)
    return round(float(CANDIDATES[-1]), 4)
