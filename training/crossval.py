"""Cross-validation: every held-back photo is scored by a network that saw neither it nor anything made from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.preprocess import Preprocess
from training.calibrate import logits_of
from training.dataset import Item
from training.network import EvidenceNetwork
from training.plan import split_folds
from training.recipe import Recipe

Train = Callable[[NDArray[np.int64], Path], EvidenceNetwork]
"""Trains a network on the items of these indices, with a folder for its checkpoints."""


def cross_validate(
    items: Sequence[Item],
    wanted: NDArray[np.int64],
    pixels: NDArray[np.uint8],
    preprocess: Preprocess,
    recipe: Recipe,
    *,
    train: Train,
    run: Path,
    tell: Callable[[str], None],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (indices, logits) of the `wanted` items that some fold holds back.

    `pixels` (len(wanted), size, size, 3) are those of the wanted items, at the network's size.
    """
    row_of = {int(index): row for row, index in enumerate(wanted)}
    indices: list[int] = []
    logits = []
    for fold, (training, held_back) in enumerate(split_folds(items, recipe)):
        scored = [int(index) for index in held_back if int(index) in row_of]
        tell(f"fold {fold + 1} of {recipe.data.folds}: training on {len(training)} photos, {len(scored)} held back")
        network = train(training, run / f"fold{fold}")
        logits.append(logits_of(network, pixels[[row_of[index] for index in scored]], preprocess))
        indices += scored
    return np.array(indices, dtype=np.int64), np.concatenate(logits)
