"""Light in skin: sRGB and linear light, what pigments absorb, and how a lesion changes the light that comes back.

Colours are computed in optical density: reflected light falls as exp(-sum of concentration x absorption), so a spot on
dark skin is a darker spot, not the same red paint. Absorptions are relative to haemoglobin in green light, fitted by
eye to published skin spectra (Anderson and Parrish 1981; Jacques 2013) seen through a camera's red, green and blue.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.rendering.noise import Picture, Plane, blur

PIGMENTS = ("oxy", "deoxy", "melanin", "haemosiderin", "bilirubin", "biliverdin")
ABSORPTION = np.array(
    [
        [0.21, 1.00, 0.91],  # fresh blood: bright red
        [0.64, 1.00, 0.66],  # blood without oxygen, or lying deep: violet
        [0.48, 0.80, 1.12],  # melanin: brown to black
        [0.34, 0.70, 1.02],  # iron left behind by old blood: rust
        [0.03, 0.20, 0.95],  # bruise turning yellow
        [0.50, 0.22, 0.62],  # bruise turning green
    ],
    dtype=np.float32,
)
MONK_TONES = (
    (246, 237, 228),
    (243, 231, 219),
    (247, 234, 208),
    (234, 218, 186),
    (215, 189, 150),
    (160, 126, 86),
    (130, 92, 67),
    (96, 65, 52),
    (58, 49, 42),
    (41, 36, 32),
)
"""The ten tones of the Monk Skin Tone scale (Monk 2019) in 8-bit sRGB, lightest first."""

_TO_LINEAR = np.array(
    [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.arange(256) / 255], dtype=np.float32
)
_roots = np.linspace(0, 1, 4096) ** 2
_TO_SRGB = np.where(_roots <= 0.0031308, 12.92 * _roots, 1.055 * _roots ** (1 / 2.4) - 0.055).astype(np.float32)


def to_linear(pixels: NDArray[np.uint8]) -> Picture:
    """Return linear light, 0 to 1, of 8-bit sRGB pixels of any shape."""
    return np.asarray(_TO_LINEAR[pixels])


def to_srgb(light: Picture) -> Picture:
    """Return sRGB values, 0 to 1, of linear light; what lies outside 0 to 1 is clipped."""
    # The table runs over square roots, which spreads its steps as the eye does.
    steps = np.sqrt(np.clip(light, 0, 1)) * 4095 + 0.5
    return np.asarray(_TO_SRGB[steps.astype(np.int32)])


def tone_colour(tone: float) -> Picture:
    """Return the linear colour (3,) of a Monk tone, 1 to 10; a fraction lies between its two neighbours."""
    linear = to_linear(np.array(MONK_TONES, dtype=np.uint8))
    place = np.clip(tone, 1, 10) - 1
    return np.array([np.exp(np.interp(place, range(10), np.log(linear[:, c]))) for c in range(3)], dtype=np.float32)


def blood_of_age(age: Plane) -> dict[str, Plane]:
    """Return the share of each pigment in spilled blood of an `age` from 0 (minutes) to 1 (weeks)."""
    return {
        "oxy": np.clip(1 - 1.5 * age, 0, 1),
        "deoxy": 0.95 * np.exp(-(((age - 0.4) / 0.24) ** 2)),
        "haemosiderin": np.clip((age - 0.4) * 1.7, 0, 1) * 0.85,
    }


class Lesions:
    """What lies in the skin of one photo: a plane per pigment, and cover, height, gloss and white scale.

    Pigments are concentrations (1 is strong), `cover` is the share of skin replaced by red tissue (0 to 1), `height`
    is in pixels, `gloss` (0 to 1) is how wet the surface is, `white` (0 to 1) is scale or crust that hides the colour.
    """

    def __init__(self, size: int) -> None:
        """Start with skin that has nothing in it, `size` x `size` pixels."""
        self._pigments = np.zeros((len(PIGMENTS), size, size), dtype=np.float32)
        self.cover: Plane = np.zeros((size, size), dtype=np.float32)
        self.height: Plane = np.zeros((size, size), dtype=np.float32)
        self.gloss: Plane = np.zeros((size, size), dtype=np.float32)
        self.white: Plane = np.zeros((size, size), dtype=np.float32)

    def add(self, pigment: str, plane: Plane | float) -> None:
        """Add a concentration to the plane of one pigment."""
        self._pigments[PIGMENTS.index(pigment)] += plane

    def pigment(self, name: str) -> Plane:
        """Return the plane of one pigment, to be changed in place."""
        return np.asarray(self._pigments[PIGMENTS.index(name)])

    def warp(self, down: Plane, right: Plane) -> None:
        """Shift every plane by `down` and `right` pixels (size, size): smooth shifts make round outlines natural."""
        size = self.cover.shape[0]
        rows, columns = np.mgrid[:size, :size].astype(np.float32)
        rows, columns = rows + down, columns + right

        def moved(plane: Plane) -> Plane:
            return np.asarray(cv2.remap(plane.astype(np.float32), columns, rows, cv2.INTER_LINEAR), dtype=np.float32)

        self._pigments = np.stack([moved(plane) if plane.any() else plane for plane in self._pigments])
        self.cover, self.height, self.gloss, self.white = (
            moved(plane) for plane in (self.cover, self.height, self.gloss, self.white)
        )

    def absorbance(self) -> Picture:
        """Return the added optical density (size, size, 3)."""
        planes = self._pigments.reshape(len(PIGMENTS), -1)
        return np.asarray((planes.T @ ABSORPTION).reshape(*self.cover.shape, 3))

    def strength(self) -> Plane:
        """Return how much is there at each pixel: pigment, cover and scale together."""
        return np.asarray(np.abs(self._pigments).sum(axis=0) + self.cover + self.white)


def relief_light(height: Plane, *, angle: float, slant: float) -> tuple[Plane, Plane]:
    """Return (shade, highlight) of a surface of `height` pixels lit from `angle`; `slant` 0 is frontal, 1 grazing.

    Shade is about 1 and multiplies the light; highlight, 0 to 1, is where the surface mirrors the lamp (Blinn 1977).
    """
    surface = blur(height, 0.6)
    slope_y, slope_x = np.gradient(surface)
    toward = slope_x * np.float32(np.cos(angle)) + slope_y * np.float32(np.sin(angle))
    shade = np.clip(1 + slant * toward / np.sqrt(1 + toward * toward), 0.35, 1.6)
    # The half vector between lamp and eye leans by half the lamp's angle.
    lean = 0.25 + 0.35 * slant
    apart = (slope_x - lean * np.cos(angle)) ** 2 + (slope_y - lean * np.sin(angle)) ** 2
    return shade, np.exp(-apart * 9)
