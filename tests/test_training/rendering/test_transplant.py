"""Lesions of a real photo in the skin of another: they arrive, and nothing else does."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.rendering import draw, transplant
from training.rendering.scene import Scene
from training.rendering.transplant import lay_lesions_of

SIZE = 192


def calm_scene() -> Scene:
    light = np.ones((SIZE, SIZE, 3), np.float32) * np.array([0.5, 0.3, 0.22], np.float32)
    still = np.zeros((SIZE, SIZE), np.float32)
    return Scene(light, still, still + 1, scale=2.0, angle=0.0, slant=0.1, axis=0.0, tone=None)


def skin(spots: bool) -> NDArray[np.uint8]:
    photo = np.full((SIZE, SIZE, 3), (205, 160, 138), np.uint8)
    if spots:
        rows, columns = np.mgrid[:SIZE, :SIZE]
        inside = ((rows % 48 - 24) ** 2 + (columns % 48 - 24) ** 2) < 36
        photo[inside] = (140, 40, 50)
    return photo


@pytest.mark.parametrize("seed", range(4))
def test_red_spots_arrive_as_red_spots(seed: int) -> None:
    scene = calm_scene()
    light = lay_lesions_of(np.random.default_rng(seed), scene, skin(spots=True))
    changed = light[..., 1] < 0.6 * scene.light[..., 1]
    assert 0.002 < changed.mean() < 0.3
    redness = light[changed][:, 0] / light[changed][:, 1]
    assert np.median(redness) > 1.5 * 0.5 / 0.3


@pytest.mark.parametrize("seed", range(4))
def test_a_donor_without_lesions_changes_next_to_nothing(seed: int) -> None:
    scene = calm_scene()
    light = lay_lesions_of(np.random.default_rng(seed), scene, skin(spots=False))
    assert np.abs(light / scene.light - 1).max() < 0.02


def test_nothing_lands_off_the_skin() -> None:
    scene = calm_scene()
    scene.skin[:, SIZE // 2 :] = 0
    light = lay_lesions_of(np.random.default_rng(1), scene, skin(spots=True))
    np.testing.assert_array_equal(light[:, SIZE // 2 :], scene.light[:, SIZE // 2 :])


def test_the_same_seed_gives_the_same_photo_of_the_size_asked_for() -> None:
    donor = draw("purpura", seed=5, size=160).pixels
    canvas = draw("other", seed=6, size=128).pixels
    one, again = (transplant("purpura", donor, seed=3, size=96, canvas=canvas) for _ in range(2))
    np.testing.assert_array_equal(one.pixels, again.pixels)
    assert one.pixels.shape == (96, 96, 3)
    assert one.category == "purpura"
    assert not np.array_equal(one.pixels, transplant("purpura", donor, seed=4, size=96, canvas=canvas).pixels)


def test_a_donor_that_is_no_photo_is_refused() -> None:
    with pytest.raises(ValueError, match="A donor is 8-bit sRGB"):
        transplant("purpura", np.zeros((40, 40), np.uint8), seed=0)
