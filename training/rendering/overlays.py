"""What people and archives add to photos: frames, footers, lettering, arrows, rulers, pen marks, black bars."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.noise import Rng

_LETTERS = list("ABCDEFGHIKLMNOPRSTUVWabcdefghiklmnoprstuvw0123456789 .-/")
_INKS = ((20, 20, 20), (250, 250, 250), (220, 30, 30), (40, 190, 70), (30, 60, 200), (240, 220, 40))


def put_overlay(rng: Rng, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the photo with at most two additions; five photos in six get none."""
    if rng.random() > 0.16:
        return pixels
    pixels = np.ascontiguousarray(pixels)
    kinds = (_frame, _footer, _lettering, _arrow, _ruler, _pen_mark)
    for number in rng.choice(len(kinds), int(rng.integers(1, 3)), replace=False):
        kinds[int(number)](rng, pixels)
    return pixels


def _ink(rng: Rng) -> tuple[int, int, int]:
    return _INKS[int(rng.integers(len(_INKS)))]


def _frame(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    size = pixels.shape[0]
    shade = int(rng.choice([0, 8, 235, 255]))
    top, bottom, left, right = (int(size * max(0.0, rng.uniform(-0.03, 0.06))) for _ in range(4))
    pixels[:top] = shade
    pixels[size - bottom :] = shade
    pixels[:, :left] = shade
    pixels[:, size - right :] = shade


def _write(
    rng: Rng, pixels: NDArray[np.uint8], *, at: tuple[int, int], height: float, ink: tuple[int, int, int]
) -> None:
    text = "".join(rng.choice(_LETTERS, int(rng.integers(3, 22))))
    cv2.putText(pixels, text, at, cv2.FONT_HERSHEY_SIMPLEX, height / 22, ink, 1, cv2.LINE_AA)


def _footer(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    size = pixels.shape[0]
    height = int(size * rng.uniform(0.03, 0.08)) + 2
    light = rng.random() < 0.6
    pixels[size - height :] = 240 if light else 15
    ink = (40, 40, 40) if light else (220, 220, 220)
    _write(rng, pixels, at=(int(rng.uniform(0, 0.5) * size), size - height // 4), height=0.6 * height, ink=ink)


def _lettering(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    """Write a half see-through archive mark across the photo."""
    size = pixels.shape[0]
    marked = pixels.copy()
    for _ in range(int(rng.integers(1, 4))):
        at = (int(rng.uniform(0, 0.6) * size), int(rng.uniform(0.1, 0.98) * size))
        _write(rng, marked, at=at, height=rng.uniform(0.03, 0.09) * size, ink=_ink(rng))
    share = rng.uniform(0.25, 0.9)
    pixels[:] = (pixels * (1 - share) + marked * share).astype(np.uint8)


def _arrow(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    size = pixels.shape[0]
    for _ in range(int(rng.integers(1, 3))):
        tip = rng.uniform(0.2, 0.8, 2)
        turn, length = rng.uniform(0, 2 * np.pi), rng.uniform(0.08, 0.25)
        tail = tip + length * np.array([np.cos(turn), np.sin(turn)])
        ends = [(int(point[0] * size), int(point[1] * size)) for point in (tail, tip)]
        thick = max(1, int(size * rng.uniform(0.004, 0.013)))
        cv2.arrowedLine(pixels, ends[0], ends[1], _ink(rng), thick, cv2.LINE_AA, 0, rng.uniform(0.2, 0.4))


def _ruler(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    """Lay a paper ruler along one side."""
    size = pixels.shape[0]
    wide = int(size * rng.uniform(0.06, 0.13))
    paper = np.full((wide, size, 3), int(rng.integers(200, 250)), dtype=np.uint8)
    step = max(4.0, size * rng.uniform(0.015, 0.05))
    for number in range(int(size / step)):
        long = 0.55 if number % 5 == 0 else 0.3
        at = int(number * step)
        cv2.line(paper, (at, 0), (at, int(long * wide)), (30, 30, 30), 1, cv2.LINE_AA)
        if number % 10 == 0:
            where, font = (at + 2, int(0.9 * wide)), cv2.FONT_HERSHEY_SIMPLEX
            cv2.putText(paper, str(number // 10), where, font, wide / 70, (30, 30, 30), 1, cv2.LINE_AA)
    side = int(rng.integers(4))
    turned = np.rot90(pixels, side)
    turned[size - wide :] = paper


def _pen_mark(rng: Rng, pixels: NDArray[np.uint8]) -> None:
    """Draw the ring or the dots that clinicians put around a spot."""
    size = pixels.shape[0]
    ink = (50, 40, 120) if rng.random() < 0.7 else (25, 25, 30)
    centre = (int(rng.uniform(0.3, 0.7) * size), int(rng.uniform(0.3, 0.7) * size))
    axes = (int(rng.uniform(0.06, 0.3) * size), int(rng.uniform(0.06, 0.3) * size))
    start = rng.uniform(0, 360)
    thick = max(1, int(size * rng.uniform(0.004, 0.01)))
    marked = pixels.copy()
    cv2.ellipse(marked, centre, axes, rng.uniform(0, 180), start, start + rng.uniform(60, 360), ink, thick, cv2.LINE_AA)
    pixels[:] = (pixels * 0.35 + marked * 0.65).astype(np.uint8)
