"""What lies around the skin: cloth with folds, dark rooms, patterns, and clothes that cover part of it."""

from __future__ import annotations

import numpy as np

from training.rendering.noise import Picture, Plane, Rng, blur, coordinates, fractal, log_uniform, oriented_noise
from training.rendering.optics import to_linear

_CLOTHS = (
    (14, 14, 16),  # black velvet and unlit rooms, the commonest backdrop of atlas photos
    (14, 14, 16),
    (24, 22, 22),
    (8, 8, 9),
    (28, 50, 95),
    (70, 120, 165),
    (135, 180, 200),
    (50, 95, 90),
    (105, 145, 130),
    (225, 225, 222),
    (235, 238, 242),
    (205, 200, 190),
    (120, 118, 115),
    (150, 120, 90),
)


def draw_backdrop(rng: Rng, size: int) -> Picture:
    """Return the linear light (size, size, 3) of a cloth, a sheet, a dark room or some furniture."""
    if rng.random() < 0.85:
        colour = to_linear(np.array(_CLOTHS[int(rng.integers(len(_CLOTHS)))], dtype=np.uint8))
    else:
        colour = to_linear(np.clip(rng.integers(20, 215) + rng.integers(-45, 46, 3), 5, 235).astype(np.uint8))
    colour = colour * log_uniform(rng, 0.4, 1.1) * np.exp(rng.normal(0, 0.12, 3))
    light = 1 + rng.uniform(0.05, 0.4) * _folds(rng, size)
    if rng.random() < 0.18:
        light = light * _weave(rng, size)
    # The skin is in focus; what lies behind it mostly is not.
    light = blur(light.astype(np.float32), rng.uniform(0, 0.012) * size)
    light = light + rng.uniform(0, 0.08) * rng.standard_normal((size, size), dtype=np.float32)
    return np.asarray(np.clip(light, 0.12, 2)[..., None] * colour, dtype=np.float32)


def _folds(rng: Rng, size: int) -> Plane:
    long = oriented_noise(
        rng, size, angle=rng.uniform(0, np.pi), along=size * rng.uniform(0.3, 1), across=size * rng.uniform(0.06, 0.3)
    )
    # The crest of a fold is sharp, its valley wide.
    return np.asarray(1.2 - 1.6 * np.abs(long) ** 0.7 + 0.9 * fractal(rng, size, cells=2.5))


def _weave(rng: Rng, size: int) -> Plane:
    y, x = coordinates(size)
    turn = rng.uniform(0, np.pi)
    count = rng.uniform(4, 30)
    stripes = np.sin(2 * np.pi * count * (x * np.cos(turn) + y * np.sin(turn)))
    if rng.random() < 0.5:
        stripes = stripes * np.sin(2 * np.pi * count * (y * np.cos(turn) - x * np.sin(turn)))
    return np.asarray(np.clip(1 + rng.uniform(0.1, 0.6) * np.tanh(4 * stripes), 0.1, 2))


def put_behind(rng: Rng, skin_light: Picture, skin: Plane, *, angle: float) -> Picture:
    """Return the skin before a backdrop on which it throws a shadow away from the lamp at `angle`."""
    size = skin.shape[0]
    away = rng.uniform(0.0, 0.05) * size
    move = (-int(away * np.sin(angle)), -int(away * np.cos(angle)))
    shadow = blur(np.roll(skin, move, axis=(0, 1)), size * rng.uniform(0.01, 0.05))
    behind = draw_backdrop(rng, size) * (1 - rng.uniform(0.2, 0.75) * shadow)[..., None]
    return skin_light * skin[..., None] + behind * (1 - skin)[..., None]


def put_clothes(rng: Rng, light: Picture, skin: Plane, *, axis: float) -> tuple[Picture, Plane]:
    """Return (light, skin) with a sleeve, sock, waistband or strap over part of the skin."""
    size = skin.shape[0]
    y, x = coordinates(size)
    lean = axis + rng.normal(0, 0.25)
    along = (x - 0.5) * np.cos(lean) + (y - 0.5) * np.sin(lean)
    along = along + 0.012 * fractal(rng, size, cells=3, octaves=2)
    if rng.random() < 0.3:
        start = rng.uniform(-0.35, 0.25)
        inside = np.minimum(along - start, start + rng.uniform(0.06, 0.16) - along)
    else:
        inside = rng.choice([-1.0, 1.0]) * along - rng.uniform(0.22, 0.42)
    cloth = np.clip(0.5 + inside * size / 1.5, 0, 1)
    shadow = blur(cloth, 0.012 * size) * (1 - cloth)
    light = light * (1 - 0.5 * shadow)[..., None]
    light = light * (1 - cloth)[..., None] + draw_backdrop(rng, size) * cloth[..., None]
    return light, skin * (1 - cloth)
