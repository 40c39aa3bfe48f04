"""Body parts as tapered capsules: their outline and their roundness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from training.rendering.noise import Plane, Rng, enlarge, fractal, log_uniform

Capsule = tuple[float, float, float, float, float, float]
"""x, y, radius at one end, x, y, radius at the other, as shares of the photo's side."""

_GRID = 112


@dataclass(frozen=True, slots=True)
class Body:
    """A body part: `inside` above 0 is skin, in shares of the side; `roundness` is its height in the same unit."""

    inside: Plane
    roundness: Plane
    axis: float
    width_mm: float
    """Millimetres that the photo's side shows."""


def draw_body(rng: Rng, size: int) -> Body:
    """Return a random body part, or skin that fills the photo (about half of the time)."""
    if rng.random() < 0.55:
        return _close_up(rng, size)
    # Limbs and trunks are what people photograph most, and what capsules draw best.
    parts = (_limb,) * 8 + (_trunk,) * 5 + (_legs,) * 2 + (_hand, _foot, _shoulders, _cheek)
    capsules, axis, width_mm = parts[int(rng.integers(len(parts)))](rng)
    capsules, axis = _place(rng, capsules, axis)
    inside, roundness = _round(rng, capsules)
    return Body(enlarge(inside, size), enlarge(roundness, size), axis, width_mm)


def _close_up(rng: Rng, size: int) -> Body:
    swell = fractal(rng, size, cells=rng.uniform(1, 2.2), octaves=2) * rng.uniform(0.01, 0.06)
    return Body(np.ones_like(swell), swell, rng.uniform(0, 2 * np.pi), log_uniform(rng, 26, 150))


def _limb(rng: Rng) -> tuple[list[Capsule], float, float]:
    """Return an arm or a leg that crosses the photo, thicker in the middle of the muscle."""
    thick, taper = rng.uniform(0.2, 0.42), rng.uniform(0.6, 1.0)
    bend = rng.normal(0, 0.06)
    capsules: list[Capsule] = [
        (0.5 + bend, -0.4, thick, 0.5, rng.uniform(0.2, 0.5), thick * rng.uniform(0.95, 1.12)),
        (0.5, 0.4, thick * 1.02, 0.5 + bend, 1.4, thick * taper),
    ]
    return capsules, np.pi / 2, log_uniform(rng, 90, 300)


def _legs(rng: Rng) -> tuple[list[Capsule], float, float]:
    apart, thick = rng.uniform(0.2, 0.27), rng.uniform(0.13, 0.2)
    ankle = thick * rng.uniform(0.55, 0.9)
    capsules: list[Capsule] = []
    for side in (-1, 1):
        x = 0.5 + side * apart
        capsules.append((x, -0.3, thick, x, 0.35, thick * 1.05))
        capsules.append((x, 0.35, thick * 1.05, x - side * 0.02, 1.3, ankle))
    return capsules, np.pi / 2, log_uniform(rng, 220, 420)


def _trunk(rng: Rng) -> tuple[list[Capsule], float, float]:
    wide, waist = rng.uniform(0.36, 0.5), rng.uniform(0.8, 1.0)
    capsules: list[Capsule] = [
        (0.5, -0.4, wide * 1.1, 0.5, 0.55, wide * waist),
        (0.5, 0.55, wide * waist, 0.5, 1.5, wide * 1.05),
    ]
    if rng.random() < 0.4:
        capsules.append((0.5 - wide * 1.3, -0.2, 0.16, 0.5 - wide * 1.45, 1.2, 0.12))
    return capsules, np.pi / 2, log_uniform(rng, 200, 420)


def _hand(rng: Rng) -> tuple[list[Capsule], float, float]:
    palm = rng.uniform(0.15, 0.19)
    capsules: list[Capsule] = [
        (0.5, 1.4, palm * 0.85, 0.5, 0.85, palm * 0.8),
        (0.44, 0.62, palm, 0.44, 0.52, palm * 0.9),
        (0.56, 0.62, palm, 0.56, 0.52, palm * 0.9),
        (0.42, 0.72, palm * 0.6, 0.2, 0.46, 0.042),
    ]
    fan = rng.uniform(0.03, 0.12)
    for number, length in enumerate((0.3, 0.34, 0.32, 0.25)):
        x = 0.36 + 0.093 * number
        tip = x + fan * (number - 1.5)
        capsules.append((x, 0.45, 0.05, tip, 0.45 - length * rng.uniform(0.9, 1.05), 0.036))
    return capsules, np.pi / 2, log_uniform(rng, 160, 230)


def _foot(rng: Rng) -> tuple[list[Capsule], float, float]:
    ankle = rng.uniform(0.11, 0.15)
    capsules: list[Capsule] = [
        (0.3, -0.3, ankle * 1.25, 0.3, 0.45, ankle),
        (0.3, 0.5, ankle, 0.26, 0.72, ankle * 0.95),
        (0.3, 0.6, ankle * 1.1, 0.62, 0.74, ankle * 0.75),
        (0.62, 0.74, ankle * 0.75, 0.82, 0.79, 0.06),
    ]
    for number in range(5):
        capsules.append((0.8, 0.77 + 0.012 * number, 0.04, 0.89 - 0.018 * number, 0.79 + 0.02 * number, 0.03))
    return capsules, np.pi / 2, log_uniform(rng, 200, 320)


def _shoulders(rng: Rng) -> tuple[list[Capsule], float, float]:
    neck, drop = rng.uniform(0.13, 0.19), rng.uniform(0.12, 0.25)
    capsules: list[Capsule] = [
        (0.5, -0.2, neck * 1.2, 0.5, 0.45, neck),
        (0.5, 0.42, neck * 0.9, -0.1, 0.42 + drop, 0.13),
        (0.5, 0.42, neck * 0.9, 1.1, 0.42 + drop, 0.13),
        (0.25, 0.95, 0.32, 0.75, 0.95, 0.32),
        (0.3, 1.3, 0.4, 0.7, 1.3, 0.4),
    ]
    return capsules, np.pi / 2, log_uniform(rng, 220, 380)


def _cheek(rng: Rng) -> tuple[list[Capsule], float, float]:
    """Return part of a face, so near that it fills most of the photo: brow, nose, chin, neck."""
    head = rng.uniform(0.5, 0.75)
    turned = rng.uniform(-0.15, 0.15)
    nose = 0.5 + turned
    capsules: list[Capsule] = [
        (0.5, 0.3, head, 0.5, 0.55, head * 0.86),
        (0.5 + turned * 0.5, 0.8, head * 0.5, 0.5 + turned * 0.5, 0.86, head * 0.42),
        (0.5, 0.8, head * 0.55, 0.5, 1.5, head * 0.62),
        (nose * 0.5 + 0.25, 0.38, 0.03, nose, 0.56, 0.065),
    ]
    return capsules, np.pi / 2, log_uniform(rng, 150, 260)


def _place(rng: Rng, capsules: list[Capsule], axis: float) -> tuple[list[Capsule], float]:
    """Return the part turned, shifted, mirrored and scaled as people happen to hold the camera."""
    quarter = 0.0 if rng.random() < 0.6 else float(rng.choice([0.5, 1.0, 1.5])) * np.pi
    turn = quarter + rng.normal(0, 0.18)
    grow = rng.uniform(0.9, 1.45)
    shift = rng.normal(0, 0.06, 2)
    mirror = float(rng.choice([-1.0, 1.0]))
    cos, sin = np.cos(turn), np.sin(turn)

    def move(x: float, y: float) -> tuple[float, float]:
        x, y = mirror * (x - 0.5) * grow, (y - 0.5) * grow
        return float(cos * x - sin * y + 0.5 + shift[0]), float(sin * x + cos * y + 0.5 + shift[1])

    return [(*move(x0, y0), r0 * grow, *move(x1, y1), r1 * grow) for x0, y0, r0, x1, y1, r1 in capsules], axis + turn


def _round(rng: Rng, capsules: list[Capsule]) -> tuple[Plane, Plane]:
    """Return (inside, roundness) of the capsules melted into each other, on a coarse grid."""
    steps = (np.arange(_GRID, dtype=np.float32) + np.float32(0.5)) / np.float32(_GRID)
    y, x = steps[:, None], steps[None, :]
    warp = 0.008 * fractal(rng, _GRID, cells=3, octaves=2)
    depths, heights = [], []
    for x0, y0, r0, x1, y1, r1 in capsules:
        along_x, along_y = x1 - x0, y1 - y0
        place = ((x - x0) * along_x + (y - y0) * along_y) / (along_x**2 + along_y**2 + 1e-9)
        place = np.clip(place, 0, 1)
        away = np.hypot(x - x0 - place * along_x, y - y0 - place * along_y)
        radius = r0 + place * (r1 - r0)
        depths.append(radius - away)
        heights.append(radius * radius - away * away)
    # A soft maximum lets fingers grow out of the palm instead of cutting through it.
    sharpness = 60.0
    most = np.max(depths, axis=0)
    inside = most + np.log(sum(np.exp(sharpness * (depth - most)) for depth in depths)) / sharpness
    high = np.max(heights, axis=0)
    high = high + np.log(sum(np.exp(120 * (height - high)) for height in heights)) / 120
    return (inside + warp).astype(np.float32), np.sqrt(np.clip(high, 0, None)).astype(np.float32)
