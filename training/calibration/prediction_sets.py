"""Prediction sets: their thresholds from held-back photos, and how often they hold the truth on others."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from model.conformal import COVERAGE, PredictionSets, least_probability, photos_needed
from model.prediction import OTHER
from training.data.manifest import NOT_SKIN, Example
from training.evaluation.predictions import Scored, mean
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


def set_figures(
    outputs: Sequence[str], parents: Mapping[str, Sequence[str]], sets: PredictionSets
) -> dict[str, Callable[[Scored], float]]:
    """Return the definitions of coverage and mean size; each is NaN where the photos do not define it.

    Coverage is given for each output and parent; of all photos it would be that of the commonest output. `not_skin`
    counts as `other`.
    """
    found: dict[str, Callable[[Scored], float]] = {}
    for name, members in [*((output, (output,)) for output in outputs), *parents.items()]:
        truths = (OTHER, NOT_SKIN) if name == OTHER else tuple(members)
        found[f"coverage_of_sets_{name}"] = partial(_coverage, outputs=outputs, sets=sets, truths=truths)
    found["size_of_sets"] = partial(_size, outputs=outputs, sets=sets)
    found["sets_of_one"] = partial(_singletons, outputs=outputs, sets=sets)
    return found


def _coverage(one: Scored, *, outputs: Sequence[str], sets: PredictionSets, truths: Sequence[str]) -> float:
    part = one[np.isin(one.truths, truths)]
    targets = [outputs.index(OTHER if truth == NOT_SKIN else str(truth)) for truth in part.truths]
    return mean(sets.contains(part.probabilities, outputs)[np.arange(len(targets)), targets])


def _size(one: Scored, *, outputs: Sequence[str], sets: PredictionSets) -> float:
    return mean(sets.contains(one.probabilities, outputs).sum(axis=1))


def _singletons(one: Scored, *, outputs: Sequence[str], sets: PredictionSets) -> float:
    """Share of photos whose set is one output."""
    return mean(sets.contains(one.probabilities, outputs).sum(axis=1) == 1)
