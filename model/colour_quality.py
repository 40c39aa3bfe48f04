"""Colour that cannot be judged: none at all, one hue all over, or that of a coloured lamp, from a thumbnail.

A scan or a filter makes every colour a function of lightness alone, whatever the hue; on skin, light and photo noise
never do. So what is measured is the colour that lightness does not explain.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_BLOCK = 4
"""Side in pixels of the squares that are averaged first: compression and rounding change single colours."""
_BURNT = 250
"""A channel from here on is cut off, and its colour with it."""
_WELL_LIT = 120.0
"""Luma: colours of a darker photo lie closer together, and are measured by its own light."""

Values = NDArray[np.float64]


def block_colours(thumbnail: NDArray[np.uint8]) -> Values:
    """Return the mean colours (n, 3) of squares of a thumbnail (height, width, 3) without burnt-out pixels."""
    rows, columns = thumbnail.shape[0] // _BLOCK, thumbnail.shape[1] // _BLOCK
    squares = thumbnail[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK, 3)
    # Whole numbers along one axis after the other: in one step it takes thrice as long.
    sums = squares.sum(axis=3, dtype=np.uint16).sum(axis=1, dtype=np.uint16).reshape(-1, 3)
    kept = squares.max(axis=3).max(axis=1).max(axis=2).ravel() < _BURNT
    return np.asarray(sums[kept], dtype=np.float64) / _BLOCK**2


def colourfulness(colours: Values) -> float:
    """Return the difference between the largest and the smallest channel that 95 % of the (n, 3) colours stay below."""
    spread = np.sort(colours.max(axis=1) - colours.min(axis=1))
    return float(spread[int(0.95 * (spread.size - 1))])


def unexplained_colour(colours: Values) -> float:
    """Return the standard deviation of (n, 3) colours that a parabola in lightness leaves unexplained.

    The larger one of red minus green and of green minus blue.
    """
    red, green, blue = colours.T
    light = 0.299 * red + 0.587 * green + 0.114 * blue
    bases = _orthogonal(light, light * light)
    return max(_left(red - green, bases), _left(green - blue, bases))


def _orthogonal(*values: Values) -> list[Values]:
    """Return the values without their mean and without what the ones before explain (Gram and Schmidt)."""
    bases: list[Values] = []
    for one in values:
        rest = one - one.mean()
        for base in bases:
            rest = rest - (rest * base).mean() * base
        size = math.sqrt(float((rest * rest).mean()))
        if size > 1e-6:
            bases.append(rest / size)
    return bases


def _left(values: Values, bases: list[Values]) -> float:
    rest = values - values.mean()
    for base in bases:
        rest = rest - (rest * base).mean() * base
    return math.sqrt(float((rest * rest).mean()))


def typical_ratios(planes: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the medians of ln(red / green) and ln(green / blue) of (3, height, width) sRGB, every other pixel."""
    # Half the pixels in each direction say the same in a quarter of the time.
    red, green, blue = planes[:, ::2, ::2].reshape(3, -1).astype(np.float32) + np.float32(4)
    return _log_median(red / green), _log_median(green / blue)


def _log_median(ratios: NDArray[np.float32]) -> float:
    middle = ratios.size // 2
    return math.log(float(np.partition(ratios, middle)[middle]))


def by_its_light(value: float, light: float) -> float:
    """Return what a measure would be if the photo, whose luma stays below `light`, were well lit."""
    return value * max(1.0, _WELL_LIT / max(light, 1.0))
