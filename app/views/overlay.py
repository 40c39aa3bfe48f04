"""The evidence map over the photo: grey photo below, colour where a part spoke for the category."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from model.photo import Photo

LONGEST_SIDE = 720
"""Pixels; more would only make the page slower."""

# Eight steps of `plasma` (Smith and van der Walt, matplotlib, CC0): lightness rises evenly, also for the colour-blind.
_RAMP = np.array(
    [
        (13, 8, 135),
        (84, 2, 163),
        (139, 10, 165),
        (185, 50, 137),
        (219, 92, 104),
        (244, 136, 73),
        (254, 188, 43),
        (240, 249, 33),
    ],
    dtype=np.float32,
)
_STRONGEST = 0.65  # Opacity of the strongest part; some skin must shine through, or nobody can tell where it is.
_UNSEEN = 0.45  # Brightness of what the network did not see.


def overlay(photo: Photo, evidence: NDArray[np.float32], box: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Return an RGB picture (height, width, 3) of the photo with the positive part of one evidence map.

    `evidence` is (rows, columns) and spans `box`, the left, top, right and bottom of the part that the network saw as
    fractions of the photo. Colours run from the map's zero to its maximum, so they compare parts of one photo, never
    two photos. Outside the box the photo is darker.
    """
    below = Image.fromarray(small(photo, LONGEST_SIDE))
    width, height = below.size
    # At least one pixel, however narrow the box.
    left, top = min(round(box[0] * width), width - 1), min(round(box[1] * height), height - 1)
    right, bottom = max(round(box[2] * width), left + 1), max(round(box[3] * height), top + 1)

    # The spots are told from the skin by colour: half of it stays, the rest leaves room for the ramp's.
    colour = np.asarray(below, dtype=np.float32)
    picture = 0.5 * colour + 0.5 * np.asarray(below.convert("L"), dtype=np.float32)[..., None]
    result = picture * _UNSEEN
    seen = picture[top:bottom, left:right]
    strength = _strength(evidence, size=(seen.shape[1], seen.shape[0]))
    opacity = _STRONGEST * strength[..., None] ** 0.7
    result[top:bottom, left:right] = seen * (1 - opacity) + _colours(strength) * opacity
    return np.asarray(np.clip(np.rint(result), 0, 255), dtype=np.uint8)


def small(photo: Photo, longest: int) -> NDArray[np.uint8]:
    """Return the photo as RGB (height, width, 3) with `longest` pixels at most on its longer side."""
    picture = Image.fromarray(photo.picture)
    picture.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    return np.asarray(picture, dtype=np.uint8)


def has_positive_part(evidence: NDArray[np.float32]) -> bool:
    """Return whether any part of the photo spoke for the category."""
    return bool(np.isfinite(evidence).all() and evidence.max() > 0)


def _strength(evidence: NDArray[np.float32], *, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the positive part in [0, 1] at (width, height) `size`; zeros if there is none."""
    if not has_positive_part(evidence):
        return np.zeros((size[1], size[0]), dtype=np.float32)
    positive = np.maximum(evidence, 0) / evidence.max()
    enlarged = Image.fromarray(positive.astype(np.float32)).resize(size, Image.Resampling.BICUBIC)
    return np.clip(np.asarray(enlarged, dtype=np.float32), 0, 1)


def _colours(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    steps = np.linspace(0, 1, len(_RAMP))
    return np.stack([np.interp(strength, steps, _RAMP[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)
