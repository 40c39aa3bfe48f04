"""Prediction sets: their thresholds, from held-back photos."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from model.conformal import COVERAGE, PredictionSets, least_probability, photos_needed
from training.data.manifest import Example
from training.loading.cache import output_of
from training.loading.dataset import Item, targets_of

ENOUGH = photos_needed(COVERAGE)
"""Held-back real photos of a group from which on its drawn ones, which are easier, no longer count."""


def calibrate_sets(
    probabilities: NDArray[np.float64],
    items: Sequence[Item],
    *,
    outputs: Sequence[str],
    parents: Mapping[str, Sequence[str]],
) -> PredictionSets:
    """Return the sets that keep their promise on photos like the held-back `items`, given probabilities (n, outputs).

    Outputs that share a parent share a threshold: apart, petechiae and purpura rarely have the nine photos that a
    promise of 90 % takes. The promise assumes that the scaling of the scores was chosen on other photos; one or two
    numbers fitted on the same ones hardly touch it. Drawn photos promise nothing for real ones.
    """
    targets = np.array(targets_of(items, outputs))
    of_truth = probabilities[np.arange(len(targets)), targets]
    least: dict[str, float] = {}
    for group in set_groups(outputs, parents):
        threshold = least_probability(of_truth[counted(items, group)], coverage=COVERAGE)
        # Rounded down: a photo that lies on the threshold stays in.
        least |= dict.fromkeys(group, math.floor(threshold * 1e6) / 1e6)
    return PredictionSets(COVERAGE, {output: least[output] for output in outputs})


def set_groups(outputs: Sequence[str], parents: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """Yield the outputs in groups that are calibrated together; each is in one group."""
    placed: set[str] = set()
    for members in [*parents.values(), *((output,) for output in outputs)]:
        if group := tuple(member for member in members if member not in placed):
            placed.update(group)
            yield group


def counted(items: Sequence[Item], group: Sequence[str]) -> NDArray[np.bool_]:
    """Return which items calibrate the sets of a group: its real photos where they are enough, else its drawn too."""
    of_group = np.array([output_of(item) in group for item in items], dtype=np.bool_)
    real = of_group & np.array([isinstance(item, Example) for item in items], dtype=np.bool_)
    return real if real.sum() >= ENOUGH else of_group
