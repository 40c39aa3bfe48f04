"""Lesions laid into a scene: pigment dims the skin's own light, relief shades it, wet surfaces mirror the lamp."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Picture, Plane, Rng, blur
from training.rendering.optics import Lesions, relief_light, to_srgb
from training.rendering.scene import Scene

_VISIBLE = 0.075
_TISSUE = np.array([0.86, 0.58, 0.46], dtype=np.float32)
_SCALE = np.array([0.95, 0.9, 0.82], dtype=np.float32)


def lay(scene: Scene, lesions: Lesions, rng: Rng) -> Picture:
    """Return the linear light (size, size, 3) of the scene with the lesions in its skin; nothing else changes."""
    light = scene.light
    strength = lesions.strength() * scene.skin
    if float(strength.max()) > 0:
        light = _dim(scene, lesions, light)
    shade, mirrored = relief_light(lesions.height * scene.skin, angle=scene.angle, slant=0.3 + 0.7 * scene.slant)
    light = light * shade[..., None]
    wet = lesions.gloss * scene.skin * np.clip(mirrored - 0.15, 0, 1)
    # Frost on the old surface under a dome goes with it; its own gloss takes the place.
    shine = scene.shine * (1 - 0.8 * lesions.cover * scene.skin) + rng.uniform(0.1, 0.6) * wet
    return np.asarray(light + shine[..., None], dtype=np.float32)


def _raise(green: Plane, density: Plane) -> float:
    """Return by how much to multiply the density so that the change in green is seen where the lesion is."""
    amount = np.abs(density)
    affected = amount > 0.25 * float(amount.max())
    green, density = green[affected], density[affected]
    before = to_srgb(green)
    raised = 1.0
    # Small changes drown sooner in dark skin, where the camera adds noise too.
    for _ in range(5 if green.size and float(np.median(green)) < 0.1 else 3):
        if green.size == 0 or float(np.abs(before - to_srgb(green * np.exp(-raised * density))).mean()) > _VISIBLE:
            break
        raised *= 1.35
    return raised


def _dim(scene: Scene, lesions: Lesions, light: Picture) -> Picture:
    """Return the light under cover, pigment and scale, with the pigment raised until an eye would notice it."""
    skin = scene.skin[..., None]
    brightest = np.maximum(np.maximum(light[..., 0], light[..., 1]), light[..., 2])
    around = blur(brightest, 0.045 * scene.size)[..., None]
    cover = lesions.cover[..., None] * skin
    bare = light * (1 - cover) + cover * around * _TISSUE
    density = lesions.absorbance() * skin
    raised = _raise(bare[..., 1], density[..., 1])
    white = lesions.white[..., None] * skin
    return bare * np.exp(-np.float32(raised) * density) * (1 - white) + white * around * 1.1 * _SCALE
