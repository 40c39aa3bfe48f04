"""Drawn photos of every category: lesions from their morphology, on drawn skin of all tones or on real photos.

A photo is made in three steps that share nothing but the scene: skin (`skin.py`, `canvas.py`), lesions (one module per
category, laid in by `compose.py`), and the camera (`camera.py`). Scene and camera depend on the seed alone, never on
the category: two categories with one seed are the same person before the same camera, and only the lesion differs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import threadpoolctl
from numpy.typing import NDArray

from model.categories import OTHER
from training.rendering import cherry_angioma, lookalikes, petechiae, purpura, sun_rash
from training.rendering.camera import take_photo
from training.rendering.canvas import crop_canvas
from training.rendering.compose import lay
from training.rendering.optics import Lesions
from training.rendering.scene import Scene
from training.rendering.skin import draw_skin
from training.rendering.transplant import lay_lesions_of

__all__ = ["DRAWN_CATEGORIES", "DrawnPhoto", "draw", "kinds", "transplant"]

_MODULES: dict[str, tuple[tuple[str, ...], Callable[..., None]]] = {
    "petechiae": (petechiae.KINDS, petechiae.draw_petechiae),
    "purpura": (purpura.KINDS, purpura.draw_purpura),
    "cherry_angioma": (cherry_angioma.KINDS, cherry_angioma.draw_cherry_angioma),
    "sun_rash": (sun_rash.KINDS, sun_rash.draw_sun_rash),
    OTHER: (lookalikes.KINDS, lookalikes.draw_lookalike),
}
DRAWN_CATEGORIES = tuple(_MODULES)
_PLAIN_DRAWN, _PLAIN_CANVAS = 0.15, 0.6
_LEAST_SIZE = 32
# The matrices here are small: more threads only wait for one another, at six times the cost.
_LINEAR_ALGEBRA = threadpoolctl.ThreadpoolController()


@dataclass(frozen=True, slots=True)
class DrawnPhoto:
    """A drawn photo and what was drawn."""

    pixels: NDArray[np.uint8]
    """sRGB (size, size, 3)."""
    category: str
    kind: str
    """Form of the lesion within its category, such as "palpable" or "naevi"."""
    monk_tone: int | None
    """Monk tone of the skin, 1 to 10; none on a real canvas whose tone was left as it is."""


def kinds(category: str) -> tuple[str, ...]:
    """Return the forms that `draw` knows of a category; ValueError for a category that it cannot draw."""
    if category not in _MODULES:
        raise ValueError(f"Cannot draw the category {category!r}; it is none of {', '.join(DRAWN_CATEGORIES)}.")
    return _MODULES[category][0]


def draw(
    category: str,
    *,
    seed: int,
    size: int = 384,
    canvas: NDArray[np.uint8] | None = None,
    monk_tone: int | None = None,
    kind: str | None = None,
) -> DrawnPhoto:
    """Return a drawn photo of `size` x `size` pixels: the same arguments give the same bytes.

    `seed` is 0 or more. `canvas`, a real sRGB photo (height, width, 3) of at least 32 pixels a side, takes the place of
    drawn skin; lesions then lie on its skin only, and for "other" it is mostly left as it is. `monk_tone`, 1 to 10, is
    random on drawn skin and darkens a canvas. `kind` is one of `kinds(category)`, random if none. Anything else is a
    ValueError.
    """
    forms = kinds(category)
    _check(seed=seed, size=size, canvas=canvas, monk_tone=monk_tone)
    if kind is not None and kind not in forms:
        raise ValueError(f"Cannot draw {category} of the kind {kind!r}; it is none of {', '.join(forms)}.")
    with _LINEAR_ALGEBRA.limit(limits=1, user_api="blas"):
        return _draw(category, seed=seed, size=size, canvas=canvas, monk_tone=monk_tone, kind=kind)


def transplant(
    category: str,
    donor: NDArray[np.uint8],
    *,
    seed: int,
    size: int = 384,
    canvas: NDArray[np.uint8] | None = None,
    monk_tone: int | None = None,
) -> DrawnPhoto:
    """Return a photo of `size` x `size` pixels with the lesions of a real one: the same arguments give the same bytes.

    `donor` is a real sRGB photo (height, width, 3) of `category`, which may be any name; the rest is as for `draw`.
    """
    _check(seed=seed, size=size, canvas=canvas, monk_tone=monk_tone)
    _check_photo(donor, "donor")
    with _LINEAR_ALGEBRA.limit(limits=1, user_api="blas"):
        scene, tone = _scene(seed, size, canvas=canvas, monk_tone=monk_tone)
        light = lay_lesions_of(np.random.default_rng([seed, 4]), scene, donor)
        pixels = take_photo(np.random.default_rng([seed, 2]), light, drawn=canvas is None)
    return DrawnPhoto(pixels=pixels, category=category, kind="transplanted", monk_tone=tone)


def _scene(
    seed: int, size: int, *, canvas: NDArray[np.uint8] | None, monk_tone: int | None
) -> tuple[Scene, int | None]:
    """Return the scene and its Monk tone, which on a real canvas is the one asked for."""
    rng = np.random.default_rng([seed, 1])
    if canvas is None:
        return draw_skin(rng, size, monk_tone=monk_tone)
    return crop_canvas(rng, canvas, size, monk_tone=monk_tone), monk_tone


def _draw(
    category: str, *, seed: int, size: int, canvas: NDArray[np.uint8] | None, monk_tone: int | None, kind: str | None
) -> DrawnPhoto:
    forms = kinds(category)
    camera_rng = np.random.default_rng([seed, 2])
    lesion_rng = np.random.default_rng([seed, 3, DRAWN_CATEGORIES.index(category)])
    scene, tone = _scene(seed, size, canvas=canvas, monk_tone=monk_tone)
    chosen = forms[int(lesion_rng.integers(len(forms)))]
    if category == OTHER and lesion_rng.random() < (_PLAIN_DRAWN if canvas is None else _PLAIN_CANVAS):
        chosen = "plain"
    chosen = chosen if kind is None else kind
    lesions = Lesions(size)
    _MODULES[category][1](lesion_rng, scene, lesions, kind=chosen)
    pixels = take_photo(camera_rng, lay(scene, lesions, lesion_rng), drawn=canvas is None)
    return DrawnPhoto(pixels=pixels, category=category, kind=chosen, monk_tone=tone)


def _check(*, seed: int, size: int, canvas: NDArray[np.uint8] | None, monk_tone: int | None) -> None:
    if seed < 0:
        raise ValueError(f"A seed is 0 or more, not {seed}.")
    if size < _LEAST_SIZE:
        raise ValueError(f"A photo is drawn at {_LEAST_SIZE} pixels or more, not {size}.")
    if monk_tone is not None and not 1 <= monk_tone <= 10:
        raise ValueError(f"A Monk tone is 1 to 10, not {monk_tone}.")
    if canvas is not None:
        _check_photo(canvas, "canvas")


def _check_photo(photo: NDArray[np.uint8], name: str) -> None:
    if photo.dtype != np.uint8 or photo.ndim != 3 or photo.shape[2] != 3 or min(photo.shape[:2]) < _LEAST_SIZE:
        raise ValueError(
            f"A {name} is 8-bit sRGB (height, width, 3) of {_LEAST_SIZE} pixels or more a side, "
            f"not {photo.dtype} {photo.shape}."
        )
