"""Smooth random planes: the raw material of skin, cloth, light and irregular lesions."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.floating[Any]]
Picture = NDArray[np.floating[Any]]
Rng = np.random.Generator


def log_uniform(rng: Rng, low: float, high: float) -> float:
    """Return a number between `low` and `high` whose logarithm is uniform: sizes and counts spread so."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def blur(plane: Plane, sigma: float) -> Plane:
    """Return the plane or picture blurred by a Gaussian of `sigma` pixels; below 0.2 pixels it comes back as it is."""
    if sigma < 0.2:
        return plane
    if sigma > 12:
        # A wide blur has no fine detail to keep: a quarter of the size gives the same picture at a tenth of the time.
        small = cv2.resize(plane, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
        soft = cv2.GaussianBlur(small, (0, 0), sigma / 4, borderType=cv2.BORDER_REFLECT_101)
        wide = cv2.resize(soft, (plane.shape[1], plane.shape[0]), interpolation=cv2.INTER_LINEAR)
        return np.asarray(wide, dtype=np.float32)
    soft = cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(soft, dtype=np.float32)


def enlarge(plane: Plane, size: int) -> Plane:
    """Return the plane resized to `size` x `size` pixels with cubic interpolation."""
    return np.asarray(cv2.resize(plane, (size, size), interpolation=cv2.INTER_CUBIC), dtype=np.float32)


def smooth_noise(rng: Rng, size: int, cells: float) -> Plane:
    """Return noise of about unit variance with some `cells` bumps across the `size` pixels of its side."""
    count = int(np.clip(round(cells), 1, size))
    if count > size // 2:
        return rng.standard_normal((size, size), dtype=np.float32)
    grid = rng.standard_normal((count + 3, count + 3), dtype=np.float32)
    weights = _spline_weights(size, count)
    return np.asarray(weights @ grid @ weights.T, dtype=np.float32)


@lru_cache(maxsize=256)
def _spline_weights(size: int, count: int) -> Plane:
    """Return the cubic B-spline weights (size, count + 3) that spread a row of numbers over `size` pixels.

    Two small matrix products cost a tenth of a cubic resize. Rows are scaled so that unit variance stays so on average.
    """
    place = (np.arange(size) + 0.5) * count / size
    first, t = np.divmod(place, 1)
    parts = np.stack([(1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3]) / 6
    weights = np.zeros((size, count + 3), dtype=np.float32)
    for number in range(4):
        weights[np.arange(size), first.astype(int) + number] = parts[number]
    return weights / np.float32(np.sqrt((parts**2).sum(axis=0).mean()))


def fractal(rng: Rng, size: int, *, cells: float, octaves: int = 3, gain: float = 0.55) -> Plane:
    """Return the sum of `octaves` noises, each 2.3 times finer and `gain` times weaker, at about unit variance."""
    total: Plane = np.zeros((size, size), dtype=np.float32)
    power = 0.0
    for octave in range(octaves):
        total = total + gain**octave * smooth_noise(rng, size, cells * 2.3**octave)
        power += gain ** (2 * octave)
    return total / np.float32(np.sqrt(power))


def oriented_noise(rng: Rng, size: int, *, angle: float, along: float, across: float) -> Plane:
    """Return noise drawn out along `angle` (radians): bumps `along` pixels long and `across` pixels wide."""
    big = int(size * 1.45) + 2
    rows, columns = max(3, int(big / max(across, 1.0))), max(3, int(big / max(along, 1.0)))
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    wide = cv2.resize(grid, (big, big), interpolation=cv2.INTER_CUBIC)
    turn = cv2.getRotationMatrix2D((big / 2, big / 2), -float(np.degrees(angle)), 1.0)
    turn = turn - np.array([[0, 0, 1], [0, 0, 1]]) * (big - size) / 2
    turned = cv2.warpAffine(wide, turn, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned, dtype=np.float32) * 1.25


def squash(plane: Plane) -> Plane:
    """Return the plane through a logistic curve: any value becomes one between 0 and 1."""
    return 1 / (1 + np.exp(-np.clip(plane, -30, 30)))


def coordinates(size: int) -> tuple[Plane, Plane]:
    """Return the planes (y, x) of the pixel centres as fractions of the side, from 0 to 1."""
    steps = (np.arange(size, dtype=np.float32) + np.float32(0.5)) / np.float32(size)
    return np.repeat(steps[:, None], size, axis=1), np.repeat(steps[None, :], size, axis=0)


def scatter_points(rng: Rng, density: Plane, count: int) -> tuple[Plane, Plane]:
    """Return (y, x) in pixels of `count` random points, as dense as `density` (not below 0) asks for."""
    heaped = np.cumsum(density.ravel(), dtype=np.float64)
    if heaped[-1] <= 0:
        heaped = np.arange(1, density.size + 1, dtype=np.float64)
    chosen = np.searchsorted(heaped, rng.random(count) * heaped[-1], side="right").clip(0, density.size - 1)
    y, x = np.divmod(chosen, density.shape[1])
    return y + rng.random(count), x + rng.random(count)
