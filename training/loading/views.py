"""Views: strong augmentation for training on names. One resampling, and one table of tones, so that it costs little."""

from __future__ import annotations

from typing import Any

import albumentations as A
import cv2
import numpy as np
from numpy.typing import NDArray

from training.recipes.pretrain import ViewOptions

_TONES = np.arange(256, dtype=np.float32) / 255
_BOTTOM = 0.6
"""Of the masked strips; the others lie across the middle or at the top."""


def build_views(options: ViewOptions, *, size: int, seed: int) -> A.Compose:
    """Return the augmentation of cached squares to `size` pixels, see `ViewOptions`."""
    blur = A.OneOf([A.GaussianBlur(sigma_limit=(0.3, 1.5), p=1.0), A.MotionBlur(blur_limit=(3, 5), p=1.0)], p=1.0)
    blur.p = options.camera
    return A.Compose(
        [
            # First, while the bottom is the bottom.
            Strips(p=options.strips),
            A.RandomResizedCrop(
                (size, size), scale=options.scale, ratio=options.ratio, interpolation=cv2.INTER_AREA, p=1.0
            ),
            A.SquareSymmetry(p=1.0),
            Tones(options, p=1.0),
            blur,
            A.ImageCompression(quality_range=(40, 95), p=options.camera),
        ],
        seed=seed,
    )


class Strips(A.ImageOnlyTransform):  # type: ignore[misc]
    """Masks a strip of a photo with its mean colour."""

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return the first and last row of the strip."""
        rows = params["shape"][0]
        height = round(rows * self.py_random.uniform(0.04, 0.12))
        place = self.py_random.random()
        first = rows - height
        if place > _BOTTOM:
            first = 0 if place < (1 + _BOTTOM) / 2 else (rows - height) // 2
        return {"first": first, "last": first + height}

    def apply(self, img: NDArray[np.uint8], first: int, last: int, **params: Any) -> NDArray[np.uint8]:
        """Return the photo with its strip masked."""
        masked = img.copy()
        masked[first:last] = cv2.mean(img)[:3]
        return masked


class Tones(A.ImageOnlyTransform):  # type: ignore[misc]
    """Changes light, white balance and tone curve, and brings some photos near grey, by one look-up per channel."""

    def __init__(self, options: ViewOptions, p: float) -> None:
        """Keep what changes by how much."""
        super().__init__(p=p)
        self._options = options

    def get_params_dependent_on_data(self, params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
        """Return the table (256, 1, 3) of new tones."""
        options, random = self._options, self.random_generator
        gains = random.uniform(1 - options.balance, 1 + options.balance, 3)
        gains *= random.uniform(1 - options.light, 1 + options.light)
        if random.random() < options.constancy:
            means = np.maximum(cv2.mean(data["image"])[:3], 1.0)
            gains *= (means.mean() / means) ** random.uniform(0.5, 1.0)
        exponent = random.uniform(1 - options.gamma, 1 + options.gamma)
        tones = np.clip(_TONES[:, None] * gains, 0, 1) ** exponent
        return {"tones": (255 * tones).round().astype(np.uint8)[:, None]}

    def apply(self, img: NDArray[np.uint8], tones: NDArray[np.uint8], **params: Any) -> NDArray[np.uint8]:
        """Return the photo in its new tones."""
        return np.asarray(cv2.LUT(img, tones))
