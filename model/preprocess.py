"""From pixels to the network's input: one definition for training, evaluation, page and command line."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

READER = 2
"""The newest way of reading photos, in which models are trained: see `Preprocess.reader`."""
LEAST_DECODED = 224
"""Shorter side in pixels below which no photo is scaled while it is decoded, however small the network's input: the
quality check measures at half of it."""


@dataclass(frozen=True, slots=True)
class Preprocess:
    """Decode, resize, centre crop and normalise. The values travel in the model card; calling it needs nothing else."""

    size: int = 256
    """Side of the network's square input in pixels; a multiple of 32, so that evidence maps nest exactly."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Per-channel mean of RGB in [0, 1], subtracted."""
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Per-channel divisor, positive."""
    reader: int = READER
    """How far large photos are scaled down while they are decoded, before the one resampling to the input: 1 (cards
    from before 0.3) to no less than twice `size`, 2 to no less than `size`. A network keeps the one it was trained
    with: the other moves pixels by 0.8 of 255 on average, and single scores by up to 0.09."""

    def __post_init__(self) -> None:
        """Refuse values that no network here was built for."""
        if self.size < 32 or self.size % 32:
            raise ValueError(f"size is a positive multiple of 32, not {self.size}")
        if len(self.mean) != 3 or len(self.std) != 3 or min(self.std) <= 0:
            raise ValueError("mean and std have three values each, and std is positive")
        if self.reader not in (1, READER):
            raise ValueError(f"reader is 1 or {READER}, not {self.reader}: a later version of redspots knows it")

    @property
    def decoded_side(self) -> int:
        """Return the least shorter side, in pixels, to which photos are decoded: `shorter_side` of `read_photo`."""
        return decoded_side(self.size) if self.reader == READER else 2 * self.size

    def __call__(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the network's input (3, size, size) for a photo (height, width, 3)."""
        return self.normalise(self.resize(pixels))

    def resize(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return (size, size, 3) uint8: what `centre_square` makes of the photo."""
        return centre_square(pixels, side=self.size)

    def normalise(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (3, height, width) float32, (pixels / 255 - mean) / std."""
        scale = np.float32(1 / 255) / np.asarray(self.std, np.float32)
        shift = np.asarray(self.mean, np.float32) / np.asarray(self.std, np.float32)
        # Plane by plane into place: five times as fast as all channels of a pixel together.
        planes = np.empty((3, *pixels.shape[:2]), np.float32)
        np.multiply(pixels.transpose(2, 0, 1), scale[:, None, None], out=planes)
        planes -= shift[:, None, None]
        return planes

    @staticmethod
    def box(*, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right, bottom of the part that the network sees, as fractions of the photo."""
        short = min(width, height)
        left, top = (1 - short / width) / 2, (1 - short / height) / 2
        return left, top, 1 - left, 1 - top


def decoded_side(side: int) -> int:
    """Return the least shorter side to which the newest reader decodes photos that become (side, side) pixels."""
    return max(LEAST_DECODED, side)


def centre_square(pixels: NDArray[np.uint8], *, side: int) -> NDArray[np.uint8]:
    """Return (side, side, 3): the largest centred square, resized with antialiased bicubic interpolation."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = Preprocess.box(width=width, height=height)
    corners = (left * width, top * height, right * width, bottom * height)
    photo = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC, box=corners)
    return np.asarray(photo)
