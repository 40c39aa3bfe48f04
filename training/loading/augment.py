"""Augmentation of uint8 photos with albumentations. It never normalises, and what leaves it has the network's size."""

from __future__ import annotations

import random
from typing import Any

import albumentations as A
import cv2
import numpy as np


def build_augmentation(size: int, *, seed: int) -> A.Compose:
    """Return the augmentation of square photos, somewhat larger than `size` pixels, to `size`.

    Redness is the sign: hue turns by at most 3 of 180 degrees, saturation changes little, and no channel is
    shifted or dropped. Brightness, contrast, blur and compression differ between cameras, so they vary freely.
    """
    reflect: dict[str, Any] = {"border_mode": 4}
    return A.Compose(
        [
            A.SquareSymmetry(p=1.0),
            A.Affine(rotate=(-20, 20), shear=(-6, 6), p=0.5, **reflect),
            # From the whole photo to a close crop: people stand at any distance.
            A.RandomResizedCrop((size, size), scale=(0.35, 1.0), ratio=(0.8, 1.25), interpolation=cv2.INTER_AREA),
            A.RandomBrightnessContrast(brightness_limit=0.25, contrast_limit=0.25, p=0.7),
            A.RandomGamma(gamma_limit=(75, 130), p=0.3),
            A.HueSaturationValue(hue_shift_limit=3, sat_shift_limit=15, val_shift_limit=0, p=0.5),
            A.OneOf([A.GaussianBlur(sigma_limit=(0.3, 1.2), p=1.0), A.MotionBlur(blur_limit=(3, 5), p=1.0)], p=0.2),
            A.OneOf([A.GaussNoise(std_range=(0.01, 0.04), p=1.0), A.ISONoise(color_shift=(0.005, 0.02), p=1.0)], p=0.2),
            A.ImageCompression(quality_range=(50, 95), p=0.3),
            A.CoarseDropout(
                num_holes_range=(1, 2), hole_height_range=(0.05, 0.15), hole_width_range=(0.05, 0.15), p=0.2
            ),
        ],
        seed=seed,
    )


def seed_augmentation(augmentation: A.Compose, seed: int) -> None:
    """Let the next photo be augmented by the random numbers of a seed, whatever was augmented before."""
    # One stream for all steps: `set_random_seed` would give each the same numbers, so that rare steps came together.
    augmentation.set_random_state(np.random.default_rng(seed), random.Random(seed))
