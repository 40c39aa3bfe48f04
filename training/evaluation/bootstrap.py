"""The bootstrap over groups: photos of one person or lesion are drawn together, or intervals would be too narrow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 500
"""Enough for two digits of a 95 % interval."""


def resampled_rows(groups: NDArray[np.str_], *, seed: int, resamples: int) -> Iterator[NDArray[np.int64]]:
    """Yield the indices of photos in each resample; nothing where a single group leaves nothing to draw."""
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(groups == group) for group in np.unique(groups)]
    for _ in range(resamples if len(members) > 1 else 0):
        yield np.concatenate([members[index] for index in random.integers(len(members), size=len(members))])


def resampled_counts(groups: NDArray[np.str_], *, seed: int, resamples: int) -> NDArray[np.float64]:
    """Return (resamples, n): how often each of n photos was drawn. What is linear in photos is one product then."""
    rows = resampled_rows(groups, seed=seed, resamples=resamples)
    counts = [np.bincount(drawn, minlength=len(groups)).astype(np.float64) for drawn in rows]
    return np.array(counts, dtype=np.float64).reshape(len(counts), len(groups))


def interval(values: NDArray[np.float64]) -> tuple[float | None, float | None]:
    """Return the middle 95 % of values, rounded; those that are undefined do not count, and of none there is none."""
    defined = values[~np.isnan(values)]
    if not len(defined):
        return None, None
    low, high = np.percentile(defined, [2.5, 97.5])
    return round(float(low), 4), round(float(high), 4)
