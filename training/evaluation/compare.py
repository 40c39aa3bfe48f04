"""Two models on the same photos: what differs, by how much, and which differences are certain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from model.card import ModelCard
from model.categories import NOT_SKIN, OTHER
from training.evaluation.bootstrap import RESAMPLES, interval, resampled_rows
from training.evaluation.metrics import figures
from training.evaluation.predictions import Scored


class Verdict(StrEnum):
    """What a difference and its interval say."""

    BETTER = "better"
    WORSE = "worse"
    HIGHER = "higher"
    """Certain, but neither good nor bad in itself."""
    LOWER = "lower"
    UNCERTAIN = "not certain"
    """The interval holds zero."""
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of the new model minus that of the old one, with its paired 95 % interval."""

    new: float | None
    old: float | None
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict


_MORE_IS_BETTER = ("auc_", "sensitivity_", "balanced_accuracy", "accuracy_of_", "not_sure_on_")
_LESS_IS_BETTER = ("calibration_error", "spread_over_", "something_else_for_", "no_match_for_")


def compare(
    new: tuple[ModelCard, Scored], old: tuple[ModelCard, Scored], *, seed: int = 0, resamples: int = RESAMPLES
) -> dict[str, Difference]:
    """Return the differences of all figures that both models have.

    Each resample of groups is drawn once and measured for both models: what makes a photo hard is hard for both, and
    falls out of the difference. Photos that one of them could not score count for neither. A photo of a category that
    a model does not know is `other` to it.
    """
    mine, theirs = _paired(new[1], old[1])
    mine, theirs = as_known(mine, new[0]), as_known(theirs, old[0])
    bands = sorted(set(mine.tones.tolist()) - {""})
    of_new, of_old = figures(new[0], bands), figures(old[0], bands)
    shared = [name for name in of_new if name in of_old]
    drawn: dict[str, list[float]] = {name: [] for name in shared}
    alone = mine.measured_alone(), theirs.measured_alone()
    # One resample at a time, since all at once fill the memory.
    for rows in resampled_rows(mine.groups, seed=seed, resamples=resamples):
        one, other = alone[0][rows], alone[1][rows]
        for name in shared:
            drawn[name].append(of_new[name](one) - of_old[name](other))

    def differ(name: str) -> Difference:
        values = of_new[name](mine), of_old[name](theirs)
        if np.isnan(values).any():
            told = [None if np.isnan(value) else round(value, 4) for value in values]
            return Difference(told[0], told[1], None, None, None, Verdict.UNDEFINED)
        low, high = interval(np.array(drawn[name], dtype=np.float64))
        new_value, old_value = round(values[0], 4), round(values[1], 4)
        return Difference(
            new_value, old_value, round(values[0] - values[1], 4), low, high, judge_interval(name, low=low, high=high)
        )

    return {name: differ(name) for name in shared}


def judge_interval(name: str, *, low: float | None, high: float | None) -> Verdict:
    """Return what the interval of a difference says of a figure of this name."""
    if low is None or high is None or low <= 0 <= high:
        return Verdict.UNCERTAIN
    is_higher = low > 0
    if name.startswith(_MORE_IS_BETTER):
        return Verdict.BETTER if is_higher else Verdict.WORSE
    if name.startswith(_LESS_IS_BETTER):
        return Verdict.WORSE if is_higher else Verdict.BETTER
    return Verdict.HIGHER if is_higher else Verdict.LOWER


def comparison_json(differences: Mapping[str, Difference]) -> dict[str, Any]:
    """Return plain values for metrics.json."""
    return {
        name: {
            "new": one.new,
            "old": one.old,
            "difference": one.value,
            "low": one.low,
            "high": one.high,
            "verdict": str(one.verdict),
        }
        for name, one in differences.items()
    }


def _paired(new: Scored, old: Scored) -> tuple[Scored, Scored]:
    places = {path: place for place, path in enumerate(old.paths.tolist())}
    shared = [(place, places[path]) for place, path in enumerate(new.paths.tolist()) if path in places]
    pairs = np.array(shared, dtype=np.int64).reshape(len(shared), 2)
    return new[pairs[:, 0]], old[pairs[:, 1]]


def as_known(scored: Scored, card: ModelCard) -> Scored:
    """Return scored photos with the categories that a model does not know as `other`."""
    known = np.isin(scored.truths, [*card.outputs, NOT_SKIN])
    return replace(scored, truths=np.where(known, scored.truths, OTHER))
