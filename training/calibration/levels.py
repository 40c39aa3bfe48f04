"""Levels: from which probability on a kind is named as possible, chosen on held-back photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from model.card import ModelCard
from model.decision import could_be, judge, kind_of, kinds
from model.levels import Levels, Limit
from model.prediction import ABOUT_SCORES

CANDIDATES = np.linspace(0.1, 0.9, 81)
"""Limits that are tried. Below 0.1 a kind would be possible on nearly every photo."""


def choose_levels(
    logits: NDArray[np.float64],
    truths: Sequence[str],
    card: ModelCard,
    *,
    answered_accuracy: float,
    could_be_accuracy: float,
    weights: NDArray[np.float64] | None = None,
) -> Levels:
    """Return the limits of the levels for a card that has its threshold, temperature and energy; nothing is measured.

    `logits` (n, outputs) are of photos that the network was not trained on, `truths` their outputs, `weights` (n,) how
    much each counts. The limit of `could_be` is the lowest at which at least `could_be_accuracy` of such answers name
    the right kind first, where members of a parent are one kind; the highest tried if none is. A second name does not
    count: two are right more often than one and say less. A photo of `other` has no right answer.
    `answered_accuracy` is what the threshold was chosen for, see `scaling.choose_threshold`.
    """
    weights = np.ones(len(truths)) if weights is None else weights
    unnamed = []
    for row, truth, weight in zip(logits.astype(np.float32), truths, weights, strict=True):
        scores, named, because = judge(row, card)
        if named is None and ABOUT_SCORES.issuperset(because):
            unnamed.append((kinds(scores, card), kind_of(truth, card), float(weight)))
    looks_like = Limit(card.threshold, answered_accuracy)
    for least in CANDIDATES:
        limit = round(float(least), 4)
        tried = replace(card, levels=Levels(looks_like, Limit(limit, could_be_accuracy)))
        told = [(could_be(ranked, None, tried), truth, weight) for ranked, truth, weight in unnamed]
        said = sum(weight for possible, _, weight in told if possible)
        right = sum(weight for possible, truth, weight in told if possible[:1] == (truth,))
        if said and right >= could_be_accuracy * said:
            break
    return Levels(looks_like, Limit(limit, could_be_accuracy))
