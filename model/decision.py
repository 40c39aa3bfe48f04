"""Energy: how far a photo is from what the network knows, from its logits alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

UNFAMILIAR = "unfamiliar"
"""Reason for not being sure: the energy is higher than that of nearly all photos of the categories."""


def energy(logits: NDArray[np.float32]) -> float:
    """Return the energy, -log(sum(exp(logit))) over the categories, of (outputs,) logits; the higher, the stranger.

    Liu, Wang, Owens and Li, NeurIPS 2020, at temperature 1. `other`, the last output, is left out: it was trained on
    what is unlike the categories, and with it the energy tells nothing apart. A probability cannot stand in for this:
    softmax forgets how large the logits were.
    """
    categories = logits[:-1].astype(np.float64)
    return float(-np.logaddexp.reduce(categories))
