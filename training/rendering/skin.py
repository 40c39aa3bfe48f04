"""Drawn skin of every Monk tone: colour, fine relief, hairs, and the marks that healthy skin has anyway."""

from __future__ import annotations

import cv2
import numpy as np

from training.rendering.backdrop import put_behind, put_clothes
from training.rendering.bodies import Body, draw_body
from training.rendering.noise import (
    Picture,
    Plane,
    Rng,
    blur,
    enlarge,
    fractal,
    log_uniform,
    oriented_noise,
    scatter_points,
    smooth_noise,
)
from training.rendering.optics import ABSORPTION, PIGMENTS, relief_light, tone_colour
from training.rendering.scene import Scene
from training.rendering.stamps import stamp


def draw_skin(rng: Rng, size: int, *, monk_tone: int | None = None) -> tuple[Scene, int]:
    """Return (scene, Monk tone) of a random body part or a close-up; the tone is random if none is given."""
    chosen = int(rng.integers(1, 11)) if monk_tone is None else monk_tone
    tone = float(np.clip(chosen + rng.uniform(-0.35, 0.35), 1, 10))
    body = draw_body(rng, size)
    scale = size / body.width_mm
    angle, slant = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.75)
    skin = np.clip(0.5 + body.inside * size / rng.uniform(1.2, 3.0), 0, 1)
    density = _density(rng, size, tone=tone, scale=scale)
    light = _base(rng, tone) * np.exp(-density @ ABSORPTION)
    relief = _relief(rng, size, scale=scale, axis=body.axis)
    shade, mirrored = relief_light(relief, angle=angle, slant=0.25 + 0.6 * slant)
    around = _roundness_light(body, size, angle=angle, slant=slant)
    shine = _shine(rng, mirrored, around) * float(0.35 + 0.65 * tone_colour(tone)[1])
    light = light * (shade * around)[..., None]
    strands = _hairs(rng, size, scale=scale, axis=body.axis, tone=tone)
    if strands.any():
        light = light * (1 - strands * (1 - rng.uniform(0.05, 0.5) * np.array([1.0, 0.85, 0.7])))
    if body.inside.min() < 0:
        light = put_behind(rng, light, skin, angle=angle)
    if rng.random() < 0.1:
        light, skin = put_clothes(rng, light, skin, axis=body.axis)
    scene = Scene(
        light=light.astype(np.float32),
        shine=(shine * skin).astype(np.float32),
        skin=skin.astype(np.float32),
        scale=scale,
        angle=angle,
        slant=slant,
        axis=body.axis,
        tone=tone,
    )
    return scene, chosen


def _base(rng: Rng, tone: float) -> Picture:
    """Return the linear colour (3,) of a tone in a photo: living skin is warmer and redder than the printed scale."""
    light = max(0.0, (5.5 - tone) / 4.5)
    dark = max(0.0, (tone - 5.5) / 4.5)
    tan = rng.uniform(0.05, 0.42) * light * ABSORPTION[PIGMENTS.index("melanin")]
    warm = np.array([0.28, 0.02, -0.22]) * dark * rng.uniform(0.5, 1.2)
    # Lamps are set so that the middle tones look less yellow than their print.
    warm = warm + np.array([-0.04, 0.0, rng.uniform(0, 0.35)]) * (1 - light - dark)
    return np.asarray(tone_colour(tone) * np.exp(warm - tan), dtype=np.float32)


def _density(rng: Rng, size: int, *, tone: float, scale: float) -> Plane:
    """Return pigment concentrations (size, size, pigments) that a tone has beyond its mean colour."""
    density = np.zeros((size, size, len(PIGMENTS)), dtype=np.float32)
    brown = 0.05 + 0.012 * tone
    melanin = brown * fractal(rng, size, cells=rng.uniform(2, 5), octaves=6, gain=0.68)
    blush = rng.uniform(0.1, 0.5) * (1.15 - 0.06 * tone)
    blood = blush * np.clip(
        1 + rng.uniform(0.08, 0.3) * fractal(rng, size, cells=rng.uniform(3, 9), octaves=6, gain=0.75), 0, 3
    )
    if rng.random() < 0.6:
        melanin = melanin + _brown_marks(rng, size, scale=scale)
    if rng.random() < 0.25:
        density[..., PIGMENTS.index("deoxy")] = _veins(rng, size) * rng.uniform(0.03, 0.14)
    if rng.random() < 0.35:
        blood = blood + rng.uniform(0.05, 0.3) * np.clip(smooth_noise(rng, size, rng.uniform(2, 9)) - 0.3, 0, 2)
    density[..., PIGMENTS.index("melanin")] = melanin
    density[..., PIGMENTS.index("oxy")] = blood
    return density


def _brown_marks(rng: Rng, size: int, *, scale: float) -> Plane:
    """Return melanin of a few freckles and naevi: every category has them, so they mean none."""
    count = int(log_uniform(rng, 1, 40))
    y, x = scatter_points(rng, np.ones((size, size), dtype=np.float32), count)
    radius = np.clip(np.exp(rng.normal(np.log(1.0), 0.5, count)) * scale, 0.7, 0.03 * size)
    marks = stamp(rng, size, y=y, x=x, radius=radius, softness=rng.uniform(0.3, 0.9), irregularity=0.35)
    return marks.paint(rng.uniform(0.08, 1.0) * rng.uniform(0.3, 1, count))


def _veins(rng: Rng, size: int) -> Plane:
    wander = oriented_noise(rng, size, angle=rng.uniform(0, np.pi), along=size * 0.5, across=size * 0.2)
    return np.asarray(np.exp(-((wander / 0.08) ** 2)) * np.clip(smooth_noise(rng, size, 3), 0, 1))


def _relief(rng: Rng, size: int, *, scale: float, axis: float) -> Plane:
    """Return the height in pixels of skin lines, pores and wrinkles."""
    spacing = rng.uniform(0.5, 1.1) * scale
    relief = 0.05 * rng.standard_normal((size, size), dtype=np.float32)
    if spacing > 1.6:
        for turn in (0.5, -0.55, 1.6):
            lines = oriented_noise(
                rng, size, angle=axis + turn + rng.normal(0, 0.15), along=spacing * rng.uniform(2, 4), across=spacing
            )
            relief = relief - 0.35 * np.exp(-((lines / 0.45) ** 2))
    relief = relief + 0.25 * fractal(rng, size, cells=min(size, size / max(spacing, 1.5)), octaves=2)
    if rng.random() < 0.35:
        across = max(2.0, rng.uniform(1.5, 5) * scale)
        lines = oriented_noise(rng, size, angle=axis + np.pi / 2, along=across * 8, across=across)
        relief = relief - rng.uniform(0.2, 1.1) * np.exp(-((lines / 0.4) ** 2))
    return np.asarray(relief * rng.uniform(0.2, 0.9) * np.clip(spacing / 3, 0.5, 1.5))


def _roundness_light(body: Body, size: int, *, angle: float, slant: float) -> Plane:
    """Return the shading of the body part's round surface."""
    small = np.asarray(cv2.resize(body.roundness, (96, 96), interpolation=cv2.INTER_AREA), dtype=np.float32) * 96
    slope_y, slope_x = np.gradient(blur(small, 1.2))
    upright = 1 / np.sqrt(1 + slope_x**2 + slope_y**2)
    lean = 0.25 + 0.75 * slant
    lit = (lean * (slope_x * np.cos(angle) + slope_y * np.sin(angle)) + 1) * upright / np.sqrt(1 + lean * lean)
    return enlarge(0.22 + 0.86 * np.clip(lit, 0, 1), size)


def _shine(rng: Rng, mirrored: Plane, around: Plane) -> Plane:
    """Return mirrored light: a film of oil over the skin lines, strongest where the body faces the lamp."""
    strength = rng.uniform(0.03, 0.24) if rng.random() < 0.5 else rng.uniform(0, 0.03)
    size = mirrored.shape[0]
    facing = np.clip((around - 0.7) / 0.4, 0, 1) * np.clip(0.45 + 0.6 * smooth_noise(rng, size, 2.5), 0, 1)
    # Sweat and oil break the film into grains; only the brightest of them show.
    grain = np.clip(smooth_noise(rng, size, size / 2.2) + rng.uniform(-0.8, 0.4), 0, 2)
    return np.asarray(0.01 + strength * facing * blur(mirrored * grain, 0.4))


def _hairs(rng: Rng, size: int, *, scale: float, axis: float, tone: float) -> Plane:
    """Return how much hair covers each pixel, (size, size, 1), 0 to 1; most skin has little or none."""
    covered = np.zeros((size, size), dtype=np.uint8)
    if rng.random() < 0.55:
        return np.zeros((size, size, 1), dtype=np.float32)
    count = int(log_uniform(rng, 8, 400))
    length = np.clip(rng.uniform(6, 22) * scale, 0.05 * size, 0.35 * size)
    start = rng.uniform(-0.05, 1.05, (count, 1, 2)) * size
    # Hairs lie like grass: neighbours lean the same way.
    lean = 0.8 * smooth_noise(rng, 16, 3)
    row, column = np.clip(start[:, 0, ::-1] / size * 16, 0, 15).astype(int).T
    heading = (axis + lean[row, column] + rng.normal(0, rng.uniform(0.1, 0.35), count))[:, None]
    heading = heading + np.linspace(0, 1, 12) * rng.normal(0, 0.5, (count, 1))
    step = length / 12 * rng.uniform(0.4, 1.2, (count, 1))
    path = start + np.cumsum(np.stack([np.cos(heading) * step, np.sin(heading) * step], axis=2), axis=1)
    strands = [np.ascontiguousarray(strand) for strand in np.round(path * 8).astype(np.int32)]
    thick = 1 if scale < 12 else 2
    cv2.polylines(covered, strands, isClosed=False, color=255, thickness=thick, lineType=cv2.LINE_AA, shift=3)
    faint = rng.uniform(0.08, 0.6)
    return np.asarray(blur(covered.astype(np.float32) / 255, 0.35) * np.float32(faint))[..., None]
