"""Cross-validation: every held-back photo is scored by a network that saw neither it nor anything made from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.preprocess import Preprocess
from training.fitting.inference import logits_of
from training.fitting.network import EvidenceNetwork
from training.loading.composition import split_folds
from training.loading.dataset import Item
from training.loading.shards import Photos, Pixels, SomePixels
from training.recipes import Recipe

Train = Callable[[NDArray[np.int64], Path], EvidenceNetwork]
"""Trains a network on the items of these indices, with a folder for its checkpoints."""
Once = Callable[[str, Callable[[], dict[str, Any]]], dict[str, Any]]
"""Returns what a step of this name comes to, and keeps it, so that a run that goes on does not do it again."""


def cross_validate(
    items: Sequence[Item],
    wanted: NDArray[np.int64],
    pixels: Pixels,
    preprocess: Preprocess,
    recipe: Recipe,
    *,
    train: Train,
    run: Path,
    once: Once,
    tell: Callable[[str], None],
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return (indices, logits) of the `wanted` items that some fold holds back.

    `pixels` are those of the wanted items, at the network's size. `once` keeps what a fold came to.
    """
    row_of = {int(index): row for row, index in enumerate(wanted)}
    indices: list[int] = []
    logits = []
    for fold, (training, held_back) in enumerate(split_folds(items, recipe)):
        scored = [int(index) for index in held_back if int(index) in row_of]
        tell(f"fold {fold + 1} of {recipe.data.folds}: training on {len(training)} photos, {len(scored)} held back")
        network = train(training, run / f"fold{fold}")
        mine = SomePixels(pixels, [row_of[index] for index in scored])
        logits.append(once(f"fold{fold}", partial(_logits, network, mine, preprocess))["logits"].numpy())
        indices += scored
    return np.array(indices, dtype=np.int64), np.concatenate(logits)


def _logits(network: EvidenceNetwork, pixels: Photos, preprocess: Preprocess) -> dict[str, Any]:
    return {"logits": torch.from_numpy(logits_of(network, pixels, preprocess))}
