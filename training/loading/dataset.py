"""Datasets of cached photos, and how often each photo is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeAlias

import albumentations as A
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from model.categories import OTHER
from model.preprocess import Preprocess
from training.data.manifest import Example
from training.loading.augment import seed_augmentation
from training.loading.cache import DrawnExample, output_of
from training.loading.sampler import Draw
from training.loading.shards import Photos
from training.recipes import FitOptions

Item: TypeAlias = Example | DrawnExample


class PhotoDataset(Dataset[tuple[Tensor, int]]):
    """Pairs of a normalised photo (3, size, size) and the index of its output."""

    def __init__(
        self,
        pixels: Photos,
        targets: Sequence[int],
        preprocess: Preprocess,
        augmentation: A.Compose | None = None,
        *,
        rows: NDArray[np.int64] | None = None,
    ) -> None:
        """Take cached photos (side, side, 3), or those of some rows; an augmentation brings them to its size."""
        self._rows = np.arange(len(pixels)) if rows is None else rows
        if len(self._rows) != len(targets):
            raise ValueError(f"{len(self._rows)} photos but {len(targets)} targets")
        self._pixels = pixels
        # An array: worker processes share it, where counting the references to a list's entries would copy them.
        self._targets = np.asarray(targets, dtype=np.int64)
        self._preprocess = preprocess
        self._augmentation = augmentation

    def __len__(self) -> int:
        """Return the number of photos."""
        return len(self._targets)

    def __getitem__(self, index: int | Draw) -> tuple[Tensor, int]:
        """Return one photo, augmented by the random numbers of its draw if there is an augmentation."""
        row, seed = index if isinstance(index, Draw) else (index, None)
        pixels = np.asarray(self._pixels[int(self._rows[row])])
        if self._augmentation is not None:
            if seed is not None:
                seed_augmentation(self._augmentation, seed)
            pixels = self._augmentation(image=pixels)["image"]
        return torch.from_numpy(self._preprocess.normalise(pixels)), int(self._targets[row])


def targets_of(items: Sequence[Item], outputs: Sequence[str]) -> list[int]:
    """Return the index of the output that each item trains."""
    return [outputs.index(output_of(item)) for item in items]


def sampling_weights(items: Sequence[Item], options: FitOptions) -> NDArray[np.float64]:
    """Return how often each item is to be seen, summing to 1.

    `other` gets its share and the categories the rest in equal parts; inside each, a real photo counts
    `real_weight` times as much as a drawn one, all real ones together at least `least_real_share`, and of the real ones
    those that are mixed in at most `mixed_share`.
    """
    real = np.array([isinstance(item, Example) for item in items])
    mixed = np.array([isinstance(item, Example) and item.mixed for item in items])
    raw = np.where(real, options.real_weight, 1.0)
    names = np.array([output_of(item) for item in items])
    present = Counter(names.tolist())
    categories = len(present) - (OTHER in present)
    rest = 1.0 - (options.other_share if OTHER in present else 0.0)
    weights = np.zeros(len(items))
    for name in present:
        chosen = names == name
        raw[chosen & real] = _with_most_share(raw[chosen & real], mixed[chosen & real], options.mixed_share)
        raw[chosen] = _with_least_share(raw[chosen], real[chosen], options.least_real_share)
        share = 1.0 if not categories else (options.other_share if name == OTHER else rest / categories)
        weights[chosen] = share * raw[chosen] / raw[chosen].sum()
    return np.asarray(weights / weights.sum())


def _with_least_share(weights: NDArray[np.float64], real: NDArray[np.bool_], least: float) -> NDArray[np.float64]:
    """Return the weights with those of real photos raised, where needed, to `least` of the sum."""
    total, drawn = weights[real].sum(), weights[~real].sum()
    if not real.any() or real.all() or total >= least * (total + drawn):
        return weights
    return np.where(real, weights * (least / (1 - least)) * drawn / total, weights)


def _with_most_share(weights: NDArray[np.float64], mixed: NDArray[np.bool_], most: float) -> NDArray[np.float64]:
    """Return the weights with those of mixed photos lowered, where needed, to `most` of the sum."""
    total, own = weights[mixed].sum(), weights[~mixed].sum()
    if not own or total <= most * (total + own):
        return weights
    return np.where(mixed, weights * (most / (1 - most)) * own / total, weights)
