"""Real photos as canvases: a random crop, where its skin is, and how its surface mirrors light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.noise import Plane, Rng, blur, log_uniform
from training.rendering.optics import ABSORPTION, PIGMENTS, to_linear, tone_colour
from training.rendering.scene import Scene

_TRIES = 5
_ENOUGH_SKIN = 0.35
_WIDE = 0.5
"""Share of canvases that are left whole. Were all of them cropped, a face or a whole leg would be a sign of `other`,
whose real photos are not."""


def crop_canvas(rng: Rng, canvas: NDArray[np.uint8], size: int, *, monk_tone: int | None = None) -> Scene:
    """Return the scene of a random square crop of `canvas` (height, width, 3), turned and mirrored at random.

    With a `monk_tone`, melanin is added to the skin until it is as dark; skin is never made lighter, because what the
    photo lost in its dark parts cannot be invented.
    """
    wide = rng.random() < _WIDE
    pixels, skin = _whole(rng, canvas, size) if wide else _choose_crop(rng, canvas, size)
    light = to_linear(pixels)
    if monk_tone is not None:
        light = _darken(light, skin, tone=float(monk_tone))
    least = np.minimum(np.minimum(light[..., 0], light[..., 1]), light[..., 2])
    # A highlight is whiter and finer than the skin around it: what rises above its surroundings in all three colours.
    shine = np.minimum(np.clip(least - blur(least, 0.012 * size) * 1.05, 0, 0.5), least)
    return Scene(
        light=light - shine[..., None],
        shine=shine,
        skin=skin,
        scale=size / (log_uniform(rng, 120, 450) if wide else log_uniform(rng, 45, 260)),
        angle=rng.uniform(0, 2 * np.pi),
        slant=rng.uniform(0.05, 0.6),
        axis=rng.uniform(0, 2 * np.pi),
        tone=None if monk_tone is None else float(monk_tone),
    )


def _whole(rng: Rng, canvas: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], Plane]:
    """Return (pixels, skin) of almost the whole canvas; a close crop when hardly any skin is found in it."""
    pixels = _crop(rng, canvas, size, least=0.85)
    skin = skin_mask(pixels)
    return (pixels, skin) if skin.mean() > 0.1 else _choose_crop(rng, canvas, size)


def _choose_crop(rng: Rng, canvas: NDArray[np.uint8], size: int) -> tuple[NDArray[np.uint8], Plane]:
    """Return (pixels, skin) of a crop with enough skin, every other time of one with calm skin, else with most skin.

    Canvases show findings of their own; on calm skin the drawn lesion is what the photo is about, as in real ones.
    """
    calm = rng.random() < 0.5
    best: tuple[NDArray[np.uint8], Plane] | None = None
    best_worth = -1.0
    for _ in range(_TRIES):
        pixels = _crop(rng, canvas, size, least=0.35 if calm else 0.5)
        skin = skin_mask(pixels)
        worth = min(float(skin.mean()), _ENOUGH_SKIN)
        if calm and worth == _ENOUGH_SKIN:
            worth += 1 / (1 + float(pixels[::6, ::6, 1].std()))
        if best is None or worth > best_worth:
            best, best_worth = (pixels, skin), worth
        if not calm and worth == _ENOUGH_SKIN:
            break
    assert best is not None
    if best[1].mean() < 0.06:
        # No colour rule finds skin in tinted or very dark photos; all but paper and black is the best guess then.
        level = blur(best[0].mean(axis=2).astype(np.float32), 0.01 * size)
        guess = np.clip((235 - level) / 10, 0, 1) * np.clip((level - 8) / 10, 0, 1)
        return best[0], guess if guess.max() > 0.5 else np.ones((size, size), dtype=np.float32)
    return best


def _crop(rng: Rng, canvas: NDArray[np.uint8], size: int, *, least: float) -> NDArray[np.uint8]:
    height, width = canvas.shape[:2]
    side = max(8, int(min(height, width) * rng.uniform(least, 1.0)))
    top, left = int(rng.integers(0, height - side + 1)), int(rng.integers(0, width - side + 1))
    piece = canvas[top : top + side, left : left + side]
    how = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    pixels = np.asarray(cv2.resize(piece, (size, size), interpolation=how), dtype=np.uint8)
    if rng.random() < 0.5:
        pixels = pixels[:, ::-1]
    if rng.random() < 0.25:
        pixels = np.rot90(pixels, int(rng.integers(1, 4)))
    return np.ascontiguousarray(pixels)


def skin_mask(pixels: NDArray[np.uint8]) -> Plane:
    """Return where skin is, 0 to 1 and soft at the edge, in an sRGB picture (size, size, 3).

    A wide rule in YCrCb (Chai and Ngan 1999, opened downwards for dark skin) finds seeds; their own mean and spread of
    chroma then decide, which leaves out wood, lips and cloths that the wide rule takes for skin.
    """
    size = pixels.shape[0]
    small = np.asarray(cv2.resize(pixels, (96, 96), interpolation=cv2.INTER_AREA), dtype=np.uint8)
    red, green, blue = (small[..., c].astype(np.float32) for c in range(3))
    level = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = np.stack([0.5 * red - 0.419 * green - 0.081 * blue, -0.169 * red - 0.331 * green + 0.5 * blue], axis=2)
    # Chroma shrinks with light: relative to it, skin in shadow and dark skin keep their place.
    chroma = chroma / (level + 20)[..., None] * 150
    seeds = (level > 26) & (chroma[..., 0] > 5) & (chroma[..., 0] < 62) & (chroma[..., 1] < -2) & (chroma[..., 1] > -58)
    if seeds.mean() < 0.03:
        return np.zeros((size, size), dtype=np.float32)
    centre = np.median(chroma[seeds], axis=0)
    width = 1.4826 * np.median(np.abs(chroma[seeds] - centre), axis=0) + 4.0
    away = (((chroma - centre) / width) ** 2).sum(axis=2)
    bright = np.median(level[seeds])
    found = (away < 16) & (level > max(22.0, 0.28 * bright))
    mask = cv2.morphologyEx(found.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), dtype=np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), dtype=np.uint8))
    soft = cv2.resize(blur(mask.astype(np.float32), 0.9), (size, size), interpolation=cv2.INTER_LINEAR)
    return np.asarray(np.clip((np.asarray(soft, dtype=np.float32) - 0.35) * 3, 0, 1))


def _darken(light: Plane, skin: Plane, *, tone: float) -> Plane:
    """Return the light with melanin added to the skin until its median is as dark as the Monk tone."""
    green = light[..., 1][skin > 0.5]
    if green.size == 0:
        return light
    melanin = ABSORPTION[PIGMENTS.index("melanin")]
    # Photos are lit so that skin is not as dark as the printed scale: half a tone of it is exposure.
    wanted = tone_colour(max(1.0, tone - 0.5))[1]
    missing = max(0.0, float(np.log(np.median(green) / wanted)) / float(melanin[1]))
    return np.asarray(light * np.exp(-missing * skin[..., None] * melanin), dtype=np.float32)
