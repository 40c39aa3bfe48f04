"""Scaly look-alikes: eczema, psoriasis, ringworm's ring, and the stuck-on warts of age."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Plane, Rng, blur, fractal, log_uniform, scatter_points, squash
from training.rendering.optics import Lesions
from training.rendering.scene import Scene, middle, spread
from training.rendering.stamps import stamp


def _flakes(rng: Rng, size: int, *, cells: float) -> Plane:
    """Return fine flakes of scale, 0 to 1."""
    return squash(5 * (fractal(rng, size, cells=cells, octaves=3, gain=0.8) - rng.uniform(0.1, 0.9)))


def draw_eczema(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add ill-defined pink patches with dryness, scratches and some scale."""
    size = scene.size
    uneven = fractal(rng, size, cells=rng.uniform(1.5, 4), octaves=4)
    patch = squash(rng.uniform(2, 5) * (uneven - rng.uniform(-0.3, 0.5)))
    patch = patch * (0.15 + middle(scene, rng, width=0.3))
    rough = fractal(rng, size, cells=size / max(2.0, scene.scale * 1.2), octaves=3, gain=0.7)
    lesions.add("oxy", rng.uniform(0.3, 0.8) * patch * np.clip(1 + 0.4 * rough, 0.1, 2))
    lesions.add("melanin", rng.uniform(-0.1, 0.3) * patch)
    lesions.height += rng.uniform(0.2, 1.2) * rough * patch
    lesions.white += rng.uniform(0, 0.45) * patch * _flakes(rng, size, cells=min(60, size / 4))


def draw_psoriasis(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add sharply edged red plaques under silvery scale."""
    size = scene.size
    count = int(rng.integers(1, 9))
    y, x = scatter_points(rng, spread(rng, scene, contrast=1) * (0.1 + middle(scene, rng, width=0.3)), count)
    sizes = size * np.clip(np.exp(rng.normal(np.log(0.06), 0.5, count)), 0.015, 0.22)
    plaques = stamp(rng, size, y=y, x=x, radius=sizes, softness=0.12, irregularity=0.5, elongation=1.7)
    plane = plaques.paint()
    lesions.add("oxy", rng.uniform(0.5, 1.0) * plane * np.clip(1 + 0.25 * fractal(rng, size, cells=14), 0.3, 2))
    lesions.height += rng.uniform(0.8, 2.5) * plane * (1 + 0.3 * fractal(rng, size, cells=40))
    lesions.white += rng.uniform(0.3, 0.85) * plane * _flakes(rng, size, cells=rng.uniform(15, 45))


def draw_ring(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add one to four rings with a raised scaly rim and a healing middle."""
    size = scene.size
    count = int(rng.integers(1, 5))
    y, x = scatter_points(rng, middle(scene, rng, width=0.18), count)
    sizes = size * rng.uniform(0.05, 0.24, count)
    rings = stamp(rng, size, y=y, x=x, radius=sizes, softness=0.15, irregularity=0.3, elongation=1.4)
    rim = rings.paint(profile=rings.ring(at=0.88, width=rng.uniform(0.08, 0.2)))
    rim = rim * np.clip(1 + 0.4 * fractal(rng, size, cells=16, octaves=3), 0, 2)
    lesions.add("oxy", rng.uniform(0.4, 0.9) * rim + rng.uniform(0, 0.3) * rings.paint())
    lesions.add("melanin", rng.uniform(0, 0.2) * rings.paint())
    lesions.height += rng.uniform(0.5, 2.5) * blur(rim, 0.6)
    lesions.white += rng.uniform(0, 0.5) * rim * _flakes(rng, size, cells=40)


def draw_keratoses(rng: Rng, scene: Scene, lesions: Lesions) -> None:
    """Add brown to black warty plaques that look stuck on (seborrhoeic keratoses)."""
    size = scene.size
    count = int(log_uniform(rng, 1, 12))
    y, x = scatter_points(rng, 0.02 * spread(rng, scene) + middle(scene, rng, width=0.15), count)
    radius = scene.pixels(log_uniform(rng, 2, 7), least=0.02, most=0.12)
    sizes = radius * np.clip(np.exp(rng.normal(-0.2, 0.45, count)), 0.25, 1.5)
    plaques = stamp(rng, size, y=y, x=x, radius=sizes, softness=0.1, irregularity=0.5, elongation=1.6)
    warty = fractal(rng, size, cells=size / max(2.0, 0.25 * radius), octaves=3, gain=0.7)
    brown = plaques.paint(log_uniform(rng, 0.4, 2.2) * rng.uniform(0.5, 1, count))
    lesions.add("melanin", brown * np.clip(1 + 0.4 * warty, 0.2, 2))
    lesions.height += plaques.paint(rng.uniform(0.5, 2.5)) * (1 + 0.6 * warty)
    lesions.gloss += plaques.paint(rng.uniform(0, 0.35))
    lesions.white += rng.uniform(0, 0.3) * plaques.paint() * _flakes(rng, size, cells=50)
