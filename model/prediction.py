"""What the classifier says of one photo: probabilities, the category it commits to, and why not if it does not."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

OTHER = "other"
"""The network's last output: skin or things that are none of the categories. Never shown as a category."""

LOW_SCORE = "low_score"
"""Reason for not being sure: no category and no parent is likely enough."""
ABOUT_SCORES = frozenset({LOW_SCORE, OTHER})
"""Reasons for not being sure that rest on the scores. With any other the photo was unfit."""


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
    evidence: Evidence | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        """Refuse a prediction that commits without a probability, or abstains without a reason."""
        if (self.category is None) != bool(self.not_sure_because):
            raise ValueError("a prediction has either a category or a reason for not being sure")
        if (self.category is None) != (self.probability is None):
            raise ValueError("a prediction has a probability exactly when it has a category")
        if not all(math.isfinite(score.probability) for score in self.scores):
            raise ValueError("probabilities are finite; without finite scores leave `scores` empty")

    def probability_of(self, category: str) -> float | None:
        """Return the calibrated probability of one output, or None when there are no scores."""
        return next((score.probability for score in self.scores if score.category == category), None)
