"""Many small shapes at once: every dot is computed in a window of its own, all windows of one size together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.rendering.noise import Plane, Rng

_WINDOWS = (3, 5, 8, 12, 18, 27, 40, 60, 90, 130, 200, 300, 450)


@dataclass(frozen=True, slots=True)
class Stamps:
    """The pixels of many shapes: where they lie, whose they are, how full, and how far from the middle."""

    size: int
    place: NDArray[np.int64]
    """Flat index of each pixel in the plane of `size` x `size`."""
    owner: NDArray[np.int64]
    """Number of the shape that each pixel belongs to."""
    fill: Plane
    """How much of the pixel the shape covers, 0 to 1, soft at the edge."""
    distance: Plane
    """0 in the middle of the shape, 1 on its outline."""

    def paint(self, weight: Plane | float = 1.0, *, profile: Plane | None = None) -> Plane:
        """Return a plane of `profile` (fill, if none) times the `weight` of each shape; overlaps take the most."""
        plane: Plane = np.zeros(self.size * self.size, dtype=np.float32)
        values = self.fill if profile is None else profile
        each = np.asarray(weight, dtype=np.float32)
        values = values * (each[self.owner] if each.ndim else each)
        np.maximum.at(plane, self.place, values.astype(np.float32))
        return plane.reshape(self.size, self.size)

    def dome(self) -> Plane:
        """Return the profile of a dome: 1 in the middle, falling steeply to 0 at the outline."""
        return np.asarray(np.sqrt(np.clip(1 - self.distance * self.distance, 0, 1)) * self.fill)

    def hill(self) -> Plane:
        """Return the profile of a swelling: 1 in the middle, flattening out towards the outline."""
        return np.asarray(np.clip(1 - self.distance * self.distance, 0, 1) ** 1.5)

    def ring(self, *, at: float, width: float) -> Plane:
        """Return the profile of a ring at a `distance`, `width` wide, both as shares of the radius."""
        return np.asarray(self.fill * np.exp(-(((self.distance - at) / width) ** 2)))


def stamp(
    rng: Rng,
    size: int,
    *,
    y: Plane,
    x: Plane,
    radius: Plane,
    softness: float = 0.4,
    irregularity: float = 0.2,
    elongation: float = 1.3,
    direction: float | None = None,
) -> Stamps:
    """Return roundish shapes centred at (`y`, `x`) with `radius`, all in pixels.

    `softness` is the width of the edge as a share of the radius, `irregularity` how far the outline leaves an ellipse,
    `elongation` the largest ratio of its axes, `direction` (radians) the common long axis, random if none.
    """
    count = len(y)
    stretch = np.sqrt(rng.uniform(1.0, max(1.001, elongation), count))
    turn = rng.uniform(0, np.pi, count) if direction is None else direction + 0.15 * rng.standard_normal(count)
    harmonics = rng.uniform(0.3, 1, (4, count)) * np.exp(1j * rng.uniform(0, 2 * np.pi, (4, count)))
    harmonics = irregularity * harmonics / np.array([3.5, 3.0, 3.5, 4.5])[:, None]
    reach = radius * (1 + irregularity * 0.7) * stretch * (1 + softness) + 1.5
    bucket = np.searchsorted(_WINDOWS[:-1], reach)
    pieces = []
    for number in np.unique(bucket):
        members = np.flatnonzero(bucket == number)
        shape = _Shape(y[members], x[members], radius[members], stretch[members], turn[members], harmonics[:, members])
        pieces.append(_draw(shape, members, size=size, half=_WINDOWS[number], softness=softness))
    place, owner, fill, distance = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return Stamps(size, place, owner, fill, distance)


@dataclass(frozen=True, slots=True)
class _Shape:
    y: Plane
    x: Plane
    radius: Plane
    stretch: Plane
    turn: Plane
    harmonics: NDArray[np.complexfloating]


def _draw(
    shape: _Shape, members: NDArray[np.int64], *, size: int, half: int, softness: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], Plane, Plane]:
    """Return (place, owner, fill, distance) of the shapes whose windows reach `half` pixels to each side."""
    steps = np.arange(-half, half + 1)
    rows = np.floor(shape.y).astype(np.int64)[:, None] + steps
    columns = np.floor(shape.x).astype(np.int64)[:, None] + steps
    down = (rows + 0.5 - shape.y[:, None]).astype(np.float32)
    right = (columns + 0.5 - shape.x[:, None]).astype(np.float32)
    offset = right[:, None, :] + 1j * down[:, :, None]
    offset = offset * np.exp(-1j * shape.turn).astype(np.complex64)[:, None, None]
    wide = shape.stretch.astype(np.float32)[:, None, None]
    offset = offset.real / wide + 1j * (offset.imag * wide)
    radius = shape.radius.astype(np.float32)[:, None, None]
    far = np.abs(offset) / radius
    if half > _WINDOWS[0]:  # Below that, an outline has too few pixels to be seen as irregular.
        unit = offset / np.maximum(np.abs(offset), 1e-3)
        power = unit
        outline = np.ones_like(far)
        for harmonic in shape.harmonics.astype(np.complex64):
            power = power * unit
            outline += (power * harmonic[:, None, None]).real
        far = far / np.maximum(outline, 0.25)
    edge = np.maximum(1.0, 2 * softness * radius)
    fill = np.clip(0.5 + (1 - far) * radius / edge, 0, 1)
    fill = fill * fill * (3 - 2 * fill)
    inside = (rows >= 0) & (rows < size)
    across = (columns >= 0) & (columns < size)
    kept = (fill > 0.004) & inside[:, :, None] & across[:, None, :]
    which, row, column = np.nonzero(kept)
    place = rows[which, row] * size + columns[which, column]
    return place, members[which], fill[kept], far[kept]
