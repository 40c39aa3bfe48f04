"""Lesions of one real photo laid into the skin of another: real shapes and colours on many more people.

A donor's lesions are what its skin absorbs beyond the calm skin around them, as optical density: log light of the calm
skin minus log light of the photo. Laid into another scene as pigment is, they keep their outline, texture and colour,
and take on the tone and the light of the skin that they come to (copy-paste augmentation, Ghiasi et al., CVPR 2021,
in the place where pigments add up).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.canvas import skin_mask
from training.rendering.noise import Picture, Plane, Rng, blur, log_uniform
from training.rendering.optics import to_linear
from training.rendering.scene import Scene

_ROUNDS = 4
_CALM = 0.04
"""Skin within this optical density of the estimate counts as calm."""
_FADE = 0.09
"""Share of the photo's side over which lesions fade in from the outline of the donor's skin."""
_FLOOR = 0.004
"""Of linear light: what is darker is noise."""


def lay_lesions_of(rng: Rng, scene: Scene, donor: NDArray[np.uint8]) -> Picture:
    """Return the linear light (size, size, 3) of the scene with the lesions of `donor`, sRGB (height, width, 3)."""
    size = scene.size
    pixels = _square(rng, donor, size)
    skin = _affected_skin(pixels)
    density = _density(to_linear(pixels), skin, reach=log_uniform(rng, 0.04, 0.2) * size)
    moved = _move(rng, np.dstack([density, skin]), size)
    share = moved[..., 3] * scene.skin
    added = moved[..., :3] * (share * rng.uniform(0.75, 1.3))[..., None]
    return np.asarray(scene.light * np.exp(-added) + scene.shine[..., None], dtype=np.float32)


def _square(rng: Rng, donor: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return a square crop, most often near the middle, where the lesions are."""
    height, width = donor.shape[:2]
    side = max(8, int(min(height, width) * rng.uniform(0.6, 1.0)))
    top, left = (int((length - side) * np.clip(rng.normal(0.5, 0.3), 0, 1)) for length in (height, width))
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    piece = donor[top : top + side, left : left + side]
    return np.asarray(cv2.resize(piece, (size, size), interpolation=how), dtype=np.uint8)


def _affected_skin(pixels: NDArray[np.uint8]) -> Plane:
    """Return where skin is, its lesions included: they lie in holes of what has the colour of skin."""
    size = pixels.shape[0]
    found = (skin_mask(pixels) > 0.5).astype(np.uint8)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size // 10 | 1, size // 10 | 1))
    filled = cv2.morphologyEx(found, cv2.MORPH_CLOSE, around)
    # Body parts darken towards their outline, and the crop's rim is no edge that skin has: both fade out.
    inside = cv2.distanceTransform(cv2.copyMakeBorder(filled, 1, 1, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 5)
    depth = np.clip(np.asarray(inside, dtype=np.float32)[1:-1, 1:-1] / (_FADE * size) - 0.2, 0, 1)
    return np.asarray(depth * depth * (3 - 2 * depth))


def _density(light: Picture, skin: Plane, *, reach: float) -> Picture:
    """Return what the skin absorbs beyond its calm parts, which are estimated over `reach` pixels, rising to them."""
    dark = -np.log(np.maximum(light, _FLOOR))
    weight = skin + np.float32(1e-4)
    calm = dark
    for _ in range(_ROUNDS):
        calm = blur(dark * weight[..., None], reach) / np.maximum(blur(weight, reach), 1e-6)[..., None]
        # Green tells lesions from shadows best; what lies above the estimate there has no say in the next one.
        weight = skin * np.exp(-np.clip((dark - calm)[..., 1] - _CALM, 0, None) / 0.06) + np.float32(1e-4)
    return np.asarray(np.clip(dark - calm, -0.25, 2.5), dtype=np.float32)


def _move(rng: Rng, planes: Picture, size: int) -> Picture:
    """Return the planes turned, mirrored, scaled and shifted at random; what comes from outside is empty."""
    if rng.random() < 0.5:
        planes = planes[:, ::-1]
    turn = np.asarray(
        cv2.getRotationMatrix2D((size / 2, size / 2), rng.uniform(-180, 180), log_uniform(rng, 0.55, 1.7))
    )
    turn = turn + np.array([[0, 0, 1], [0, 0, 1]]) * rng.normal(0, 0.08 * size, (2, 1))
    return np.asarray(cv2.warpAffine(np.ascontiguousarray(planes), turn, (size, size), flags=cv2.INTER_LINEAR))
