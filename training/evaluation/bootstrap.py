"""The bootstrap over groups: photos of one person or lesion are drawn together, or intervals would be too narrow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500
"""Enough for two digits of a 95 % interval."""
DEFINED = 0.9
"""Least share of resamples that must define a figure for it to have an interval."""


def resampled_rows(groups: NDArray[np.str_], *, seed: int, resamples: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of photos in each resample; nothing where a single group leaves nothing to draw."""
    random = np.random.default_rng(seed)
    _, codes = np.unique(groups, return_inverse=True)
    rows = np.argsort(codes, kind="stable")
    members = np.split(rows, np.flatnonzero(np.diff(codes[rows])) + 1)
    for _ in range(resamples if len(members) > 1 else 0):
        yield np.concatenate([members[index] for index in random.integers(len(members), size=len(members))])


class Counts:
    """How often each of n photos was drawn in each resample. What is linear in photos is one product then."""

    def __init__(self, groups: NDArray[np.str_], *, seed: int, resamples: int) -> None:
        """Draw the resamples; two bytes are kept for each photo of each."""
        rows = resampled_rows(groups, seed=seed, resamples=resamples)
        counts = [np.bincount(drawn, minlength=len(groups)).astype(np.uint16) for drawn in rows]
        self._counts = np.array(counts, dtype=np.uint16).reshape(len(counts), len(groups))

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """Yield the counts of each resample, (n)."""
        return (row.astype(np.float64) for row in self._counts)

    def __matmul__(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (resamples, ...): the sum over photos of their values (n, ...), each as often as it was drawn."""
        weights = values.astype(np.float64)
        sums = [row @ weights for row in self]
        return np.array(sums, dtype=np.float64).reshape(len(sums), *weights.shape[1:])


def interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the middle 95 % of the values of resamples, rounded; none where too few of them are defined.

    A figure that fewer than `DEFINED` of the resamples define hangs on a handful of photos: a narrow interval of the
    rest would be called certain.
    """
    defined = values[~np.isnan(values)]
    if not len(defined) or len(defined) < DEFINED * len(values):
        return None, None
    low, high = np.percentile(defined, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
