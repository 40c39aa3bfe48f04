"""Order: which photo is worth a reader's time next, and why.

Three reasons take turns. A photo about which the model is unsure teaches it most (Settles, Active Learning Literature
Survey, 2009). One that is unlike all that are labelled shows it what it has not met: the k-centre greedy choice of
Sener and Savarese, ICLR 2018. A share at random keeps the labels a sample from which something can be said of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

MOST_SPREAD = 2000
"""Photos for which the distance to all before them is measured; what comes after is ordered without it."""


MOST_FEATURES = 256


class Why(StrEnum):
    """Why a photo is asked about."""

    UNCERTAIN = "uncertain"
    DIFFERENT = "different"
    RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Pick:
    """One photo in its place."""

    index: int
    """Of the photo."""
    why: Why
    value: float
    """In [0, 1]: of `UNCERTAIN` the uncertainty, of `DIFFERENT` the distance as a share of the largest possible."""


def uncertainties(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the entropy of (n, outputs) probabilities as a share of the largest possible; 1 if not finite."""
    outputs = probabilities.shape[1]
    shares = np.where(probabilities > 0, probabilities, 1.0)
    entropy = -(shares * np.log(shares)).sum(axis=1) / np.log(outputs)
    return np.where(np.isfinite(probabilities).all(axis=1), entropy.clip(0, 1), 1.0)


def choose_order(
    probabilities: NDArray[np.float64],
    features: NDArray[np.float32],
    labelled: NDArray[np.bool_],
    *,
    random_share: float,
    seed: int,
) -> list[Pick]:
    """Return every photo that is not `labelled` (n,) once, the one to ask about first at the beginning.

    `probabilities` are (n, outputs), `features` (n, d) of unit length. `random_share` in [0, 1] of the places goes to
    photos drawn at random, spread evenly; the others are the most uncertain and the most different in turn. The same
    seed gives the same order.
    """
    uncertain = uncertainties(probabilities)
    by_uncertainty = iter(np.argsort(-uncertain, kind="stable").tolist())
    by_chance = iter(np.random.default_rng(seed).permutation(len(uncertain)).tolist())
    spread = _Spread(features, np.flatnonzero(labelled))
    left = ~labelled
    picks: list[Pick] = []

    def first(order: Iterator[int]) -> int:
        return next(index for index in order if left[index])

    for place in range(int(left.sum())):
        if int((place + 1) * random_share) > int(place * random_share):
            pick = Pick(first(by_chance), Why.RANDOM, 0.0)
        elif (place - int(place * random_share)) % 2 and place < MOST_SPREAD:
            index = spread.farthest(left)
            pick = Pick(index, Why.DIFFERENT, spread.distance(index))
        else:
            index = first(by_uncertainty)
            pick = Pick(index, Why.UNCERTAIN, float(uncertain[index]))
        left[pick.index] = False
        if place < MOST_SPREAD:
            spread.cover(pick.index)
        picks.append(pick)
    return picks


def _shortened(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return features (n, at most `MOST_FEATURES`) of unit length that are about as far from each other.

    A random projection (Johnson and Lindenstrauss, 1984) keeps distances to some 4 %, and a choice among thousands of
    photos takes seconds instead of a minute.
    """
    if features.shape[1] <= MOST_FEATURES:
        return features
    directions = np.random.default_rng(0).standard_normal((features.shape[1], MOST_FEATURES), np.float32)
    projected = features @ directions
    return np.asarray(projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12), np.float32)


class _Spread:
    """How far each photo is from the nearest that is labelled, or will be before it."""

    def __init__(self, features: NDArray[np.float32], covered: NDArray[np.int_]) -> None:
        self._features = _shortened(features)
        # The largest cosine with any that is covered; photos of unit length are nearest where it is largest.
        self._nearest = np.full(len(features), -1.0, np.float32)
        for index in covered.tolist():
            self.cover(index)

    def cover(self, index: int) -> None:
        """Count a photo as labelled."""
        np.maximum(self._nearest, self._features @ self._features[index], out=self._nearest)

    def farthest(self, left: NDArray[np.bool_]) -> int:
        """Return the photo of those `left` (n,) whose nearest neighbour that is covered is farthest away."""
        return int(np.where(left, self._nearest, np.inf).argmin())

    def distance(self, index: int) -> float:
        """Return the distance of a photo to its nearest that is covered: 0 for the same, 1 for the opposite."""
        return float(np.sqrt(np.clip((1 - self._nearest[index]) / 2, 0, 1)))
