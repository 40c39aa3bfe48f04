"""What the classifier says of one photo: probabilities, the category it commits to, and why not if it does not."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from model.categories import OTHER

LOW_SCORE = "low_score"
"""Reason for not being sure: no category and no parent is likely enough."""
UNFAMILIAR = "unfamiliar"
"""Reason for not being sure: the energy is higher than that of nearly all photos of the categories."""
ABOUT_SCORES = frozenset({LOW_SCORE, OTHER})
"""Reasons for not being sure that rest on the scores. With any other the photo was unfit."""


class Level(StrEnum):
    """How far an answer commits itself. It never says how urgent the answer is."""

    LOOKS_LIKE = "looks_like"
    """A category or a parent is named."""
    COULD_BE = "could_be"
    """One kind or two are named as possible."""
    NO_MATCH = "no_match"
    """Nothing is named. That does not rule the kinds out: many photos of them end here."""
    NOT_USABLE = "not_usable"
    """The photo, or what the network made of it, is not fit to judge."""


def level_of(category: str | None, could_be: Sequence[str], because: Collection[str]) -> Level:
    """Return the level of an answer from what it names, what it names as possible, and its reasons."""
    if category is not None:
        return Level.LOOKS_LIKE
    if could_be:
        return Level.COULD_BE
    return Level.NO_MATCH if (ABOUT_SCORES | {UNFAMILIAR}).issuperset(because) else Level.NOT_USABLE


@dataclass(frozen=True, slots=True)
class Record:
    """How often something held on labelled photos."""

    share: float | None
    """Of `photos`, in [0, 1]; None where there were none."""
    low: float | None
    """From here, with `high`: the 95 % interval of `share`; None where it is not known."""
    high: float | None
    photos: int

    def __post_init__(self) -> None:
        """Refuse what is no share."""
        if self.photos < 0 or any(not 0 <= one <= 1 for one in (self.share, self.low, self.high) if one is not None):
            raise ValueError(f"a share and its interval lie in [0, 1], and photos are counted from 0: {self}")


@dataclass(frozen=True, slots=True)
class Score:
    """One output of the network with its calibrated probability."""

    category: str
    probability: float
    """In [0, 1]; the scores of a prediction sum to 1."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where in the photo the scores come from."""

    maps: NDArray[np.float32]
    """(categories, height, width) in the order of `Prediction.scores`; the mean of a map is that output's logit."""
    box: tuple[float, float, float, float]
    """Left, top, right, bottom of the part that the network saw, as fractions of the upright photo."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """The classifier's statement on one photo. Words are added by `app.answers.words`, never here."""

    scores: tuple[Score, ...]
    """All outputs in the order of the card, `other` included. Empty when the network gave no finite scores."""
    category: str | None
    """A category id, the id of a parent such as `bleeding_spots`, or None when not sure."""
    probability: float | None
    """Calibrated probability of `category`; for a parent, the sum over its members."""
    not_sure_because: tuple[str, ...]
    """Codes of the reasons: empty exactly when `category` is given."""
    photo_notes: tuple[str, ...]
    """Codes of what the reader or the quality check noticed, such as `first_frame` or `blurred`."""
    model_version: str
    prediction_set: tuple[str, ...] = ()
    """Outputs that the photo may show, likeliest first, at the coverage that the card promises; `other` may be among
    them. Empty when the model has no such promise, or when the photo is unlike those that it holds for."""
    members: tuple[str, ...] = ()
    """Outputs for which `category` stands: itself, or the members of a parent."""
    kinds: tuple[Score, ...] = ()
    """What the photo fits, likeliest first: each parent with the sum of its members, the other categories, and `other`
    left out. Empty when the photo was unfit."""
    could_be: tuple[str, ...] = ()
    """At most two of `kinds` that are still possible besides what is named, likeliest first."""
    record: Record | None = field(default=None, compare=False)
    """How often answers of this level were right on labelled photos, or, at `no_match`, how many photos of
    `record_of` ended there, too. None where nobody has measured it."""
    record_of: str = field(default="", compare=False)
    """A kind, or empty."""
    evidence: Evidence | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse a prediction that commits without a probability, or abstains without a reason."""
        if (self.category is None) != bool(self.not_sure_because):
            raise ValueError("a prediction has either a category or a reason for not being sure")
        if (self.category is None) != (self.probability is None):
            raise ValueError("a prediction has a probability exactly when it has a category")
        if not all(math.isfinite(score.probability) for score in self.scores):
            raise ValueError("probabilities are finite; without finite scores leave `scores` empty")
        if self.could_be and not ABOUT_SCORES.issuperset(self.not_sure_because):
            raise ValueError("an unfit photo could be nothing in particular")

    @property
    def level(self) -> Level:
        """Return how far this commits itself."""
        return level_of(self.category, self.could_be, self.not_sure_because)

    @property
    def closest(self) -> Score | None:
        """Return the likeliest kind, `other` left aside; None when the photo was unfit."""
        return self.kinds[0] if self.kinds else None

    def probability_of(self, category: str) -> float | None:
        """Return the calibrated probability of one output, or None when there are no scores."""
        return next((score.probability for score in self.scores if score.category == category), None)
