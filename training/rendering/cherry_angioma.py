"""Cherry angiomas: few sharp domes of packed vessels, bright red to dark violet, with a wet highlight."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Plane, Rng, blur, fractal, log_uniform, scatter_points
from training.rendering.optics import Lesions
from training.rendering.scene import Scene, middle, spread
from training.rendering.stamps import stamp

KINDS = ("single", "few", "many", "lobulated", "dark")


def draw_cherry_angioma(rng: Rng, scene: Scene, lesions: Lesions, *, kind: str) -> None:
    """Add cherry angiomas of one of `KINDS` to the lesions, mostly with pinpoint ones among them."""
    size = scene.size
    y, x, radius = _place(rng, scene, kind=kind)
    violet = rng.uniform(0.45, 1.0) if kind == "dark" else rng.beta(1.1, 2.6)
    _domes(rng, scene, lesions, y=y, x=x, radius=radius, violet=violet, lobes=kind == "lobulated" or rng.random() < 0.3)
    if rng.random() < 0.55:
        count = int(log_uniform(rng, 2, 14))
        dot_y, dot_x = scatter_points(rng, spread(rng, scene, contrast=0.6), count)
        small = np.clip(radius.max() * rng.uniform(0.12, 0.4, count), 0.004 * size, 0.02 * size)
        _domes(rng, scene, lesions, y=dot_y, x=dot_x, radius=small, violet=rng.uniform(0, 0.35), lobes=False)


def _place(rng: Rng, scene: Scene, *, kind: str) -> tuple[Plane, Plane, Plane]:
    """Return (y, x, radius) in pixels of the larger domes."""
    size = scene.size
    if kind in ("single", "lobulated", "dark"):
        y, x = scatter_points(rng, middle(scene, rng, width=0.08), 1)
        # Whoever photographs one spot goes near: it takes a twentieth to a fifth of the frame, whatever the scale.
        near = log_uniform(rng, 0.025, 0.085) * size
        return y, x, np.array([max(near, scene.pixels(log_uniform(rng, 1.4, 4.0), most=0.1))])
    count = int(rng.integers(2, 7)) if kind == "few" else int(log_uniform(rng, 7, 45))
    typical = scene.pixels(
        log_uniform(rng, 0.8, 2.5), least=0.014 if kind == "few" else 0.008, most=0.034 if kind == "few" else 0.018
    )
    y, x = scatter_points(rng, spread(rng, scene, contrast=0.7) * (0.2 + middle(scene, rng, width=0.3)), count)
    return y, x, np.clip(typical * np.exp(0.45 * rng.standard_normal(count)), 0.005 * size, 0.09 * size)


def _domes(
    rng: Rng, scene: Scene, lesions: Lesions, *, y: Plane, x: Plane, radius: Plane, violet: float, lobes: bool
) -> None:
    """Add domes; `violet` 0 is bright red, 1 nearly black, `lobes` makes the surface a raspberry's."""
    size, count = scene.size, len(y)
    domes = stamp(
        rng,
        size,
        y=y,
        x=x,
        radius=radius,
        softness=rng.uniform(0.08, 0.25),
        irregularity=rng.uniform(0.05, 0.3) + (0.2 if lobes else 0),
        elongation=rng.uniform(1.05, 1.4),
    )
    dark = np.clip(violet + 0.15 * rng.standard_normal(count), 0, 1)
    each = rng.uniform(1.5, 2.8) * rng.uniform(0.75, 1.2, count)
    grain = np.ones((size, size), dtype=np.float32)
    bumps = np.zeros((size, size), dtype=np.float32)
    if radius.max() > 4:
        cells = size / max(2.5, radius.max() * rng.uniform(0.35, 0.7))
        pattern = fractal(rng, size, cells=cells, octaves=2)
        seams = np.exp(-((pattern / 0.35) ** 2))
        grain = np.clip(1 + 0.2 * pattern + (0.45 * seams if lobes else 0), 0.45, 1.8)
        bumps = (1 - seams) * (rng.uniform(0.6, 1.6) if lobes else rng.uniform(0, 0.3))
    thick = domes.fill * np.clip(0.75 + 0.35 * np.sqrt(np.clip(1 - domes.distance**2, 0, 1)), 0, 1.1)
    lesions.add("oxy", domes.paint(each * (1 - 0.75 * dark), profile=thick) * grain)
    lesions.add("deoxy", domes.paint(each * (0.04 + 1.15 * dark**1.5), profile=thick) * grain)
    if dark.max() > 0.75:
        lesions.add("melanin", domes.paint(each * np.clip(dark - 0.6, 0, 1) * 1.8, profile=thick))
    cover = domes.paint(rng.uniform(0.45, 0.9))
    lesions.cover = np.maximum(lesions.cover, cover)
    height = domes.paint(radius * rng.uniform(0.25, 0.75), profile=domes.dome())
    lesions.height += height + bumps * cover * min(2.5, 0.12 * float(radius.max()))
    lesions.gloss += domes.paint(rng.uniform(0.15, 1.0) * rng.uniform(0.6, 1, count) * np.clip(radius / 7, 0.15, 1))
    if rng.random() < 0.3:
        collar = blur(domes.paint(), 0.35 * float(radius.mean())) - domes.paint()
        lesions.add("oxy", rng.uniform(0.1, 0.5) * np.clip(collar, 0, 1))
