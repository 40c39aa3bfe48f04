"""The scene of one photo before any lesion lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.rendering.noise import Picture, Plane, Rng, fractal, squash


@dataclass(frozen=True, slots=True)
class Scene:
    """Skin as the camera sees it: the same for every category, so that it teaches none of them."""

    light: Picture
    """Linear light (size, size, 3) that comes back without the mirrored part."""
    shine: Plane
    """Light mirrored by the surface, the same in red, green and blue; no pigment dims it."""
    skin: Plane
    """1 on skin, 0 elsewhere, soft at the edge."""
    scale: float
    """Pixels for one millimetre of skin."""
    angle: float
    """Direction that the lamp comes from, radians."""
    slant: float
    """0 is a lamp beside the lens, 1 a grazing one."""
    axis: float
    """Direction of the body part, radians: straps lie across it, hairs and skin lines along it."""
    tone: float | None
    """Monk tone where it is known."""

    @property
    def size(self) -> int:
        """Side of the photo in pixels."""
        return int(self.skin.shape[0])

    def pixels(self, millimetres: float, *, least: float = 0.0, most: float = 1.0) -> float:
        """Return `millimetres` in pixels, kept between two shares of the photo's side."""
        return float(np.clip(millimetres * self.scale, least * self.size, most * self.size))


def spread(rng: Rng, scene: Scene, *, contrast: float = 2.0) -> Plane:
    """Return how densely lesions lie, 0 to 1: patches of skin that are more and less affected, none off the skin."""
    patches = fractal(rng, scene.size, cells=rng.uniform(1.5, 4), octaves=2)
    return squash(contrast * (patches + rng.uniform(-0.5, 1))) * scene.skin


def middle(scene: Scene, rng: Rng, *, width: float) -> Plane:
    """Return a bell, 1 near the middle of the skin, `width` (share of the side) wide: what a photographer aims at."""
    size = scene.size
    weight = scene.skin.sum() + 1e-6
    steps = np.arange(size, dtype=np.float32) / np.float32(size)
    centre_y = float((scene.skin.sum(axis=1) * steps).sum() / weight) * 0.5 + 0.25 + rng.normal(0, 0.05)
    centre_x = float((scene.skin.sum(axis=0) * steps).sum() / weight) * 0.5 + 0.25 + rng.normal(0, 0.05)
    down = np.exp(-(((steps - centre_y) / width) ** 2) / 2)
    right = np.exp(-(((steps - centre_x) / width) ** 2) / 2)
    return np.asarray(down[:, None] * right[None, :] * scene.skin, dtype=np.float32)
