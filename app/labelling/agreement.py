"""Agreement: how far two readers say the same of the photos that both have read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.labelling.readings import Readings

RESAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Agreement:
    """Two readers, and the photos that both have read."""

    readers: tuple[str, str]
    photos: int
    same: int
    """Photos of which both say the same."""
    kappa: float | None
    """See `cohen_kappa`."""
    low: float | None
    """From here, with `high`: the 95 % interval of `kappa`, by the bootstrap over photos; None where it is None."""
    high: float | None


def agreements(readings: Readings, *, seed: int = 0) -> list[Agreement]:
    """Return the agreement of every two readers who have read a photo in common; `cannot_tell` counts as said."""
    labels = [readings.labels(photo) for photo in readings.photos()]
    found = []
    for one, other in combinations(readings.readers(), 2):
        both = [(said[one].value, said[other].value) for said in labels if one in said and other in said]
        if both:
            found.append(_agreement((one, other), both, seed=seed))
    return found


def cohen_kappa(first: NDArray[np.int_], second: NDArray[np.int_]) -> float | None:
    """Return how far two readers agree beyond chance (Cohen, Educational and Psychological Measurement, 1960).

    `first` and `second` are (n,) what each says of the same photos, as whole numbers from 0. 1 is full agreement, 0
    what chance alone would bring; None where it is not defined, since both say the same one thing of every photo.
    """
    kinds = int(max(first.max(), second.max())) + 1
    by_chance = float(np.bincount(first, minlength=kinds) @ np.bincount(second, minlength=kinds)) / len(first) ** 2
    if by_chance == 1:
        return None
    return (float((first == second).mean()) - by_chance) / (1 - by_chance)


def _agreement(readers: tuple[str, str], both: Sequence[tuple[str, str]], *, seed: int) -> Agreement:
    kinds = sorted({said for pair in both for said in pair})
    first, second = np.array([[kinds.index(said) for said in pair] for pair in both]).T
    kappa = cohen_kappa(first, second)
    low = high = None
    if kappa is not None:
        random = np.random.default_rng(seed)
        drawn = [random.integers(len(both), size=len(both)) for _ in range(RESAMPLES)]
        values = [value for rows in drawn if (value := cohen_kappa(first[rows], second[rows])) is not None]
        low, high = (float(value) for value in np.quantile(values or [kappa], (0.025, 0.975)))
    return Agreement(readers, len(both), int((first == second).sum()), kappa, low, high)
