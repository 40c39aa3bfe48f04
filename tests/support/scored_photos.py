"""Scored photos as a test writes them down: what it does not name is ordinary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.evaluation.predictions import Scored


def scored_photos(
    truths: Sequence[str], probabilities: Any, *, named: Sequence[str] | None = None, **columns: Sequence[Any]
) -> Scored:
    """Return photos that are fit, of no known tone and source, each a group of its own, unless `columns` say else."""
    count = len(truths)
    numbers = [str(number) for number in range(count)]
    ordinary: dict[str, Sequence[Any]] = {
        "groups": numbers,
        "tones": [""] * count,
        "fit": [True] * count,
        "levels": ["looks_like" if name else "no_match" for name in named or [""] * count],
        "could_be": [""] * count,
        "sources": [""] * count,
        "paths": [f"{number}.jpg" for number in numbers],
    }
    return Scored(
        truths=np.array(truths),
        probabilities=np.array(probabilities, dtype=np.float64),
        named=np.array([""] * count if named is None else named),
        **{name: np.array(value) for name, value in {**ordinary, **columns}.items()},
    )
