"""Levels in a model card: from which probability on a kind is named, and how often that was right on which photos."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from model.prediction import Level, Record

FALLBACK = 0.3
"""Limit of `could_be` for a card that has none. At calibrated probabilities, three of ten such answers or more are
right."""


@dataclass(frozen=True, slots=True)
class Limit:
    """Where a level begins."""

    least: float
    """Calibrated probability of what is named, in [0, 1]."""
    wanted: float | None
    """Least share of right answers for which the limit was chosen; None if it was not chosen so."""
    right: Record | None = None
    """How often an answer of this level was right on the photos of `Levels`; None before it is measured."""

    def __post_init__(self) -> None:
        """Refuse what is no probability."""
        if not all(0 <= one <= 1 for one in (self.least, self.wanted) if one is not None):
            raise ValueError(f"a limit and the share that it is chosen for lie in [0, 1]: {self.least}, {self.wanted}")


@dataclass(frozen=True, slots=True)
class Levels:
    """The limits of a model's levels, and what became of labelled photos at them."""

    looks_like: Limit
    could_be: Limit
    no_match: Mapping[str, Record] = field(default_factory=dict)
    """By kind: how many of its photos ended at `no_match`."""
    measured_on: str = ""
    """Which photos the records are of, such as `test` or `cross_validation`; empty before they are measured."""
    photos: Mapping[str, int] = field(default_factory=dict)
    """How many of each category those were."""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Levels:
        """Return the levels that `dataclasses.asdict` made plain. Raises ValueError, TypeError or KeyError."""
        rest = {key: value[key] for key in value if key not in {"looks_like", "could_be", "no_match"}}
        return cls(
            looks_like=_limit(value["looks_like"]),
            could_be=_limit(value["could_be"]),
            no_match={kind: Record(**record) for kind, record in value.get("no_match", {}).items()},
            **rest,
        )

    def record(self, level: Level, parents: Mapping[str, Any]) -> tuple[Record | None, str]:
        """Return what was measured of a level, and the kind that it is of; at `no_match` that is a parent.

        Parents are what is most dangerous to miss; without one, nothing is told of `no_match`.
        """
        if level is Level.NO_MATCH:
            kind = next((parent for parent in parents if parent in self.no_match), "")
            return self.no_match.get(kind), kind
        limit = {Level.LOOKS_LIKE: self.looks_like, Level.COULD_BE: self.could_be}.get(level)
        return (limit.right if limit else None), ""


def _limit(value: Mapping[str, Any]) -> Limit:
    right = value.get("right")
    return Limit(value["least"], value["wanted"], None if right is None else Record(**right))


def levels_of_older(threshold: float, metrics: Mapping[str, Any]) -> Levels:
    """Return the levels of a card that has none: its threshold, and what it says of its answers.

    The photos that chose nothing come first. Of `could_be` and `no_match` such a card has measured nothing.
    """
    name = next((name for name in ("test", "cross_validation", "validation") if name in metrics), "")
    right, photos = None, {}
    if name:
        photos = dict(metrics[name].get("photos", {}))
        figures = metrics[name].get("figures", {})
        answered, accuracy = (figures.get(key, {}) for key in ("answered", "accuracy_of_answers"))
        if answered.get("value") is not None and accuracy.get("value") is not None:
            count = round(answered["value"] * sum(photos.values()))
            right = Record(accuracy["value"], accuracy.get("low"), accuracy.get("high"), count)
    return Levels(
        looks_like=Limit(threshold, None, right),
        could_be=Limit(min(FALLBACK, threshold), None),
        measured_on=name if right else "",
        photos=photos if right else {},
    )
