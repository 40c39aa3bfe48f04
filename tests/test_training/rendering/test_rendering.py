"""Drawn photos: deterministic, of every category, on every tone, with the lesion as the only difference."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from training.rendering import DRAWN_CATEGORIES, draw, kinds
from training.rendering.canvas import crop_canvas, skin_mask
from training.rendering.compose import lay
from training.rendering.noise import scatter_points, smooth_noise
from training.rendering.optics import PIGMENTS, Lesions, to_linear, to_srgb, tone_colour
from training.rendering.petechiae import draw_petechiae
from training.rendering.stamps import stamp

ALL_KINDS = [(category, kind) for category in DRAWN_CATEGORIES for kind in kinds(category)]


def beside_cloth(*, height: int = 150, width: int = 200) -> NDArray[np.uint8]:
    """Return a canvas whose left half is skin and whose right half is blue cloth."""
    grain = np.random.default_rng(0).integers(-6, 7, (height, width, 1))
    canvas = np.where(np.arange(width)[None, :, None] < width // 2, (205, 155, 130), (40, 80, 160)) + grain
    return np.broadcast_to(canvas, (height, width, 3)).astype(np.uint8)


def lightness(pixels: NDArray[np.uint8]) -> float:
    return float(to_linear(pixels).mean())


@pytest.mark.parametrize("category", DRAWN_CATEGORIES)
@pytest.mark.parametrize("canvas", [None, beside_cloth()], ids=["drawn", "canvas"])
def test_same_arguments_give_the_same_bytes(category: str, canvas: NDArray[np.uint8] | None) -> None:
    first = draw(category, seed=7, size=96, canvas=canvas)
    again = draw(category, seed=7, size=96, canvas=canvas)
    assert first.pixels.tobytes() == again.pixels.tobytes()
    assert (first.kind, first.monk_tone) == (again.kind, again.monk_tone)


@pytest.mark.parametrize(("category", "kind"), ALL_KINDS)
@pytest.mark.parametrize("canvas", [None, beside_cloth()], ids=["drawn", "canvas"])
def test_every_kind_is_drawn(category: str, kind: str, canvas: NDArray[np.uint8] | None) -> None:
    photo = draw(category, seed=3, size=96, canvas=canvas, kind=kind)
    assert photo.pixels.shape == (96, 96, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags["C_CONTIGUOUS"]
    assert (photo.category, photo.kind) == (category, kind)
    assert photo.pixels.std() > 2


@settings(max_examples=25, deadline=None)
@given(
    category=st.sampled_from(DRAWN_CATEGORIES),
    seed=st.integers(0, 2**63),
    size=st.integers(32, 160),
    tone=st.none() | st.integers(1, 10),
    shape=st.none() | st.tuples(st.integers(32, 300), st.integers(32, 300)),
)
def test_any_seed_and_size_gives_a_photo(
    category: str, seed: int, size: int, tone: int | None, shape: tuple[int, int] | None
) -> None:
    canvas = None if shape is None else np.random.default_rng(1).integers(0, 256, (*shape, 3)).astype(np.uint8)
    photo = draw(category, seed=seed, size=size, canvas=canvas, monk_tone=tone)
    assert photo.pixels.shape == (size, size, 3)
    assert photo.kind in kinds(category)
    assert photo.monk_tone == tone or (tone is None and canvas is None and photo.monk_tone in range(1, 11))


def test_other_seeds_give_other_photos() -> None:
    photos = {draw("petechiae", seed=seed, size=48).pixels.tobytes() for seed in range(6)}
    assert len(photos) == 6


def test_darker_tones_give_darker_photos() -> None:
    means = [
        np.mean(
            [lightness(draw("other", seed=seed, size=64, monk_tone=tone, kind="plain").pixels) for seed in range(12)]
        )
        for tone in (2, 5, 7, 10)
    ]
    assert means == sorted(means, reverse=True)
    assert means[0] > 1.8 * means[-1]


def test_a_tone_darkens_a_canvas_and_is_told() -> None:
    canvas = beside_cloth()
    left = draw("other", seed=5, size=64, canvas=canvas, kind="plain")
    dark = draw("other", seed=5, size=64, canvas=canvas, kind="plain", monk_tone=9)
    assert left.monk_tone is None
    assert dark.monk_tone == 9
    assert lightness(dark.pixels) < lightness(left.pixels)


def test_every_tone_is_drawn_when_none_is_asked_for() -> None:
    tones = {draw("other", seed=seed, size=32, kind="plain").monk_tone for seed in range(60)}
    assert tones == set(range(1, 11))


@pytest.mark.parametrize("category", ["petechiae", "purpura", "cherry_angioma", "sun_rash"])
def test_only_the_lesion_differs_between_categories(category: str) -> None:
    redder = 0
    for seed in range(8):
        plain = draw("other", seed=seed, size=128, monk_tone=4, kind="plain").pixels.astype(int)
        photo = draw(category, seed=seed, size=128, monk_tone=4).pixels.astype(int)
        changed = (plain[..., 1] - photo[..., 1]) > 15
        shift = (photo[..., 0] - photo[..., 1]) - (plain[..., 0] - plain[..., 1])
        redder += changed.any() and float(shift[changed].mean()) > 0
    assert redder >= 6


def test_petechiae_are_many_small_dots_that_take_green_light() -> None:
    canvas = np.full((160, 160, 3), (215, 170, 145), dtype=np.uint8)
    rng = np.random.default_rng(0)
    scene = crop_canvas(rng, canvas, 160)
    lesions = Lesions(160)
    draw_petechiae(rng, scene, lesions, kind="scattered")
    after, before = lay(scene, lesions, rng), scene.light + scene.shine[..., None]
    lost = np.log(before + 1e-3) - np.log(after + 1e-3)
    dots = lost[..., 1] > 0.3
    assert 0.002 < dots.mean() < 0.3
    assert lost[dots][:, 1].mean() > 1.5 * lost[dots][:, 0].mean()


def test_lesions_leave_everything_but_skin_as_it_is() -> None:
    scene = crop_canvas(np.random.default_rng(1), beside_cloth(), 128)
    lesions = Lesions(128)
    for pigment in PIGMENTS:
        lesions.add(pigment, 0.5)
    lesions.cover += 0.5
    lesions.white += 0.2
    after, before = lay(scene, lesions, np.random.default_rng(2)), scene.light + scene.shine[..., None]
    cloth = scene.skin == 0
    assert cloth.any()
    np.testing.assert_allclose(after[cloth], before[cloth], atol=1e-5)
    assert (after[scene.skin == 1] < 0.9 * before[scene.skin == 1]).mean() > 0.9


def test_skin_is_told_from_cloth_on_light_and_dark_skin() -> None:
    for skin_colour in ((225, 185, 165), (150, 105, 80), (85, 58, 45)):
        pixels = np.full((96, 96, 3), skin_colour, dtype=np.uint8)
        pixels[:, 48:] = (40, 90, 150)
        pixels[:20] = (10, 10, 12)
        mask = skin_mask(pixels)
        assert mask[30:, :40].mean() > 0.95
        assert mask[30:, 56:].mean() < 0.05
        assert mask[:14].mean() < 0.05


@pytest.mark.parametrize(
    "wrong",
    [
        {"category": "measles"},
        {"kind": "measles"},
        {"seed": -1},
        {"size": 8},
        {"monk_tone": 0},
        {"monk_tone": 11},
        {"canvas": np.zeros((64, 64), dtype=np.uint8)},
        {"canvas": np.zeros((64, 64, 3), dtype=np.float32)},
        {"canvas": np.zeros((8, 64, 3), dtype=np.uint8)},
    ],
)
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    arguments: dict[str, object] = {"category": "petechiae", "seed": 0, "size": 64} | wrong
    with pytest.raises(ValueError, match=r"not|none"):
        draw(**arguments)  # type: ignore[arg-type]


def test_light_survives_the_way_to_srgb_and_back() -> None:
    values = np.arange(256, dtype=np.uint8)
    np.testing.assert_allclose(to_srgb(to_linear(values)) * 255, values, atol=0.6)


def test_tones_darken_in_order() -> None:
    greens = [float(tone_colour(tone)[1]) for tone in (3, 4, 5, 6, 7, 8, 9, 10)]
    assert greens == sorted(greens, reverse=True)


@pytest.mark.parametrize("cells", [1, 3, 20, 64])
def test_noise_has_about_unit_variance(cells: int) -> None:
    rng = np.random.default_rng(0)
    assert 0.75 < float(np.std([smooth_noise(rng, 64, cells) for _ in range(40)])) < 1.3


def test_points_lie_where_the_density_is() -> None:
    density = np.zeros((50, 50), dtype=np.float32)
    density[10:20, 30:40] = 1
    y, x = scatter_points(np.random.default_rng(0), density, 500)
    assert ((y >= 10) & (y < 20) & (x >= 30) & (x < 40)).all()


def test_stamps_cover_the_area_of_their_radius() -> None:
    radius = np.array([3.0, 8.0, 20.0])
    y, x = np.array([20.0, 60.0, 120.0]), np.array([20.0, 60.0, 120.0])
    rng = np.random.default_rng(0)
    shapes = stamp(rng, 160, y=y, x=x, radius=radius, irregularity=0.0, elongation=1.0, softness=0.1)
    assert float(shapes.paint().sum()) == pytest.approx(float((np.pi * radius**2).sum()), rel=0.05)
    assert shapes.paint(np.array([0.0, 0.0, 1.0]))[60, 60] == 0
