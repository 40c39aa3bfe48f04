"""Few photos: what a handful of photos can and cannot tell, said before training and above the figures."""

from __future__ import annotations

import math
from collections.abc import Mapping

FEW = 50
"""Photos of a category below which it is said."""
_NORMAL_95 = 1.96


def within(photos: int) -> float:
    """Return how far from the truth a share measured on so many photos may lie, in [0, 0.5].

    Half of Wilson's 95 % interval (1927) around a measured 50 %, where it is widest.
    """
    if photos < 1:
        return 0.5
    square = _NORMAL_95**2
    return _NORMAL_95 * math.sqrt(photos / 4 + square / 4) / (photos + square)


def few_photos(counts: Mapping[str, int], *, of: str) -> str:
    """Return one sentence on the categories with few photos, and what that costs; empty when none has few.

    `counts` are real photos by category, `of` what they are, such as "to train and test on".
    """
    few = {category: count for category, count in counts.items() if count < FEW}
    if not few:
        return ""
    named = ", ".join(f"{count} {category.replace('_', ' ')}" for category, count in sorted(few.items()))
    least = min(few.values())
    known = f"a share of {least} photos is known to within ±{100 * within(least):.0f} points only"
    return (
        f"Few photos {of}: {named}. With 95 % confidence, {known}, so that their figures cannot tell a good model from "
        f"chance; {FEW} give ±{100 * within(FEW):.0f}, 200 give ±{100 * within(200):.0f}."
    )
