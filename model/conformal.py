"""Prediction sets by split conformal prediction: which outputs a photo may show, at a promised coverage.

Scores are 1 - the calibrated probability of the true output (LAC: Sadinle, Lei and Wasserman, JASA 2019). Every group
of outputs has a threshold of its own (class-conditional, or Mondrian: Vovk, Lindsay, Nouretdinov and Gammerman, 2003):
one for all would keep its promise on common outputs alone, and bleeding spots are the rare ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.prediction import Score

COVERAGE = 0.9
"""Share of the photos of each group of outputs whose set holds the true one."""


@dataclass(frozen=True, slots=True)
class PredictionSets:
    """How the set of a photo follows from its scores."""

    coverage: float
    """Promised for new photos that are like those it was calibrated on, for each output or parent of its own."""
    least: Mapping[str, float]
    """Least calibrated probability with which an output is in the set. 0: always, for want of photos to calibrate."""

    def __post_init__(self) -> None:
        """Refuse a promise that no set can keep, and thresholds that are no probabilities."""
        if not 0 < self.coverage < 1:
            raise ValueError(f"coverage lies in (0, 1), not {self.coverage}")
        if not all(0 <= least <= 1 for least in self.least.values()):
            raise ValueError(f"the thresholds of prediction sets lie in [0, 1]: {dict(self.least)}")

    def of(self, scores: Sequence[Score]) -> tuple[str, ...]:
        """Return the outputs in the set of one photo, likeliest first, `other` among them; never none."""
        row = np.array([[score.probability for score in scores]])
        (inside,) = self.contains(row, [score.category for score in scores])
        held = [score for score, is_in in zip(scores, inside, strict=True) if is_in]
        return tuple(score.category for score in sorted(held, key=lambda score: -score.probability))

    def contains(self, probabilities: NDArray[np.float64], outputs: Sequence[str]) -> NDArray[np.bool_]:
        """Return which outputs are in the set of each photo, (n, outputs) as the calibrated probabilities.

        The likeliest output is in every set: an empty set would say less, and coverage only gains.
        """
        inside = probabilities >= np.array([self.least[output] for output in outputs])
        inside[np.arange(len(inside)), probabilities.argmax(axis=1)] = True
        return np.asarray(inside)


def least_probability(probabilities: NDArray[np.float64], *, coverage: float) -> float:
    """Return the threshold that at least `coverage` of new photos reach, given (n,) of others like them.

    `probabilities` are those of the true output. With k = ceil((n + 1) coverage), it is the k-th highest of them, and 0
    where n is smaller than k: so few photos promise nothing.
    """
    k = math.ceil((len(probabilities) + 1) * coverage - 1e-9)
    if k > len(probabilities):
        return 0.0
    return float(np.sort(probabilities)[::-1][k - 1])


def photos_needed(coverage: float) -> int:
    """Return the least number of photos from which `least_probability` is above 0."""
    return math.ceil(coverage / (1 - coverage) - 1e-9)
