"""Temperature and threshold, both chosen on validation photos alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from model.card import ModelCard
from model.classifier import decide, softmax
from model.prediction import OTHER, Score
from model.preprocess import Preprocess
from training.cache import output_of
from training.dataset import Item, sampling_weights, targets_of
from training.network import EvidenceNetwork
from training.recipe import Recipe

CANDIDATES = np.linspace(0.4, 0.95, 56)
"""Thresholds that are tried. Drawn validation photos are easier than real ones and would allow less than 0.4."""


def calibrate(
    card: ModelCard,
    network: EvidenceNetwork,
    validation: Sequence[Item],
    pixels: NDArray[np.uint8],
    recipe: Recipe,
) -> ModelCard:
    """Return the card with temperature and threshold, from cached validation pixels (n, size, size, 3).

    Each photo counts as it would in training, so that the mix of drawn and real photos is the same.
    """
    logits = logits_of(network, pixels, card.preprocess)
    targets = np.array(targets_of(validation, card.outputs))
    weights = sampling_weights(validation, recipe.fit)
    card = replace(card, temperature=round(fit_temperature(logits, targets, weights), 4))
    threshold = choose_threshold(
        logits,
        [output_of(item) for item in validation],
        card,
        answered_accuracy=recipe.decision.answered_accuracy,
        weights=weights,
    )
    return replace(card, threshold=threshold)


def logits_of(network: EvidenceNetwork, pixels: NDArray[np.uint8], preprocess: Preprocess) -> NDArray[np.float64]:
    """Return the logits (n, outputs) of photos that have the network's size."""
    network.eval()
    rows = []
    with torch.inference_mode():
        for start in range(0, len(pixels), 32):
            batch = np.stack([preprocess.normalise(np.asarray(one)) for one in pixels[start : start + 32]])
            rows.append(network(torch.from_numpy(batch))[0].double().numpy())
    return np.concatenate(rows)


def fit_temperature(
    logits: NDArray[np.float64], targets: NDArray[np.int64], weights: NDArray[np.float64] | None = None
) -> float:
    """Return the temperature with the least cross entropy on logits (n, outputs) (Guo et al., ICML 2017).

    `weights` (n,) says how much each photo counts. The result lies in [0.05, 20].
    """
    weights = np.ones(len(targets)) if weights is None else weights
    rows = np.arange(len(targets))

    def loss(log_temperature: float) -> float:
        chosen = log_softmax(logits / np.exp(log_temperature), axis=1)[rows, targets]
        return float(-(weights * chosen).sum() / weights.sum())

    found = minimize_scalar(loss, bounds=(np.log(0.05), np.log(20.0)), method="bounded")
    return float(np.exp(found.x))


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
    probabilities = [softmax(row / card.temperature) for row in logits.astype(np.float32)]
    scores = [[Score(name, float(p)) for name, p in zip(card.outputs, row, strict=True)] for row in probabilities]
    for threshold in CANDIDATES:
        tried = replace(card, threshold=float(threshold))
        named = [decide(one, tried)[0] for one in scores]
        answered = np.array([name is not None for name in named])
        pairs = zip(named, truths, strict=True)
        right = np.array([name is not None and is_right(name.category, truth, card) for name, truth in pairs])
        if answered.any() and (weights * right).sum() >= answered_accuracy * (weights * answered).sum():
            return round(float(threshold), 4)
    return round(float(CANDIDATES[-1]), 4)


def is_right(named: str, truth: str, card: ModelCard) -> bool:
    """Return whether an answer names a photo's category or a parent of it."""
    return truth != OTHER and (named == truth or truth in card.parents.get(named, ()))
