"""Resamples: one at a time, however many photos there are, and no interval from a handful of them."""

from __future__ import annotations

import tracemalloc
from functools import partial

import numpy as np
import pytest

from training.evaluation.bootstrap import Counts, interval, resampled_rows
from training.evaluation.metrics import over_resamples
from training.evaluation.predictions import Scored

PHOTOS = 4000


@pytest.fixture(scope="module")
def scored() -> Scored:
    """Photos with long names, each twice in its group."""
    paths = np.array([f"/a/long/folder/with/photos/of/people/{number:080}.jpg" for number in range(PHOTOS)])
    few = np.array(["petechiae"] + ["other"] * (PHOTOS - 1))
    return Scored(
        truths=few,
        groups=np.repeat(paths[::2], 2),
        probabilities=np.full((PHOTOS, 2), 0.5),
        named=few,
        tones=np.zeros(PHOTOS, "U1"),
        fit=np.ones(PHOTOS, np.bool_),
        levels=few,
        could_be=few,
        sources=paths,
        paths=paths,
    )


def test_memory_is_that_of_one_resample(scored: Scored) -> None:
    def peak(resamples: int) -> int:
        tracemalloc.start()
        values = over_resamples(scored, {"n": lambda one: float(len(one.truths))}, seed=0, resamples=resamples)
        highest = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert values["n"].tolist() == [PHOTOS] * resamples
        return highest

    assert peak(40) < 1.2 * peak(4)


def test_groups_are_drawn_whole_and_counts_are_those_of_the_rows(scored: Scored) -> None:
    drawn = partial(resampled_rows, scored.groups, seed=3, resamples=3)
    counts = Counts(scored.groups, seed=3, resamples=3)
    for rows, weights in zip(drawn(), counts, strict=True):
        assert np.array_equal(np.bincount(rows, minlength=PHOTOS), weights)
        assert np.array_equal(weights[::2], weights[1::2]) and len(rows) == PHOTOS
    values = np.random.default_rng(0).random((PHOTOS, 2))
    assert np.allclose(counts @ values, np.array([values[rows].sum(axis=0) for rows in drawn()]))
    assert list(resampled_rows(np.array(["a", "a"]), seed=0, resamples=3)) == []


@pytest.mark.parametrize(("defined", "there"), [(3, False), (449, False), (450, True), (500, True), (0, False)])
def test_an_interval_needs_nine_in_ten_resamples(defined: int, there: bool) -> None:
    values = np.array([0.9] * defined + [np.nan] * (500 - defined))
    assert interval(values) == ((0.9, 0.9) if there else (None, None))
