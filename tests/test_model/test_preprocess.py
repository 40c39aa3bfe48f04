"""Preprocess: one definition of resizing and normalising."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.preprocess import Preprocess


@given(width=st.integers(32, 400), height=st.integers(32, 400))
def test_any_shape_becomes_a_square_and_the_box_is_centred(width: int, height: int) -> None:
    pixels = np.full((height, width, 3), 128, np.uint8)
    preprocess = Preprocess(size=64)
    assert preprocess.resize(pixels).shape == (64, 64, 3)
    left, top, right, bottom = preprocess.box(width=width, height=height)
    assert (left, top) == pytest.approx((1 - right, 1 - bottom))
    assert (right - left) * width == pytest.approx((bottom - top) * height) == pytest.approx(min(width, height))


@pytest.mark.parametrize(("size", "reader", "side"), [(224, 2, 224), (256, 2, 256), (64, 2, 224), (256, 1, 512)])
def test_photos_are_decoded_as_small_as_the_network_allows(size: int, reader: int, side: int) -> None:
    assert Preprocess(size, reader=reader).decoded_side == side


def test_resizing_is_antialiased() -> None:
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 255
    assert np.abs(Preprocess(size=64).resize(stripes).astype(int) - 128).max() < 8


def test_normalising_is_the_formula_of_the_card() -> None:
    pixels = np.arange(32 * 32 * 3, dtype=np.uint8).reshape(32, 32, 3)
    preprocess = Preprocess(size=32, mean=(0.4, 0.5, 0.6), std=(0.2, 0.3, 0.4))
    expected = ((pixels / 255 - (0.4, 0.5, 0.6)) / (0.2, 0.3, 0.4)).transpose(2, 0, 1)
    np.testing.assert_allclose(preprocess(pixels), expected, atol=1e-5)


def test_what_lies_outside_the_box_changes_nothing() -> None:
    wide = np.full((100, 200, 3), 90, np.uint8)
    marked = wide.copy()
    marked[:, :40] = 255
    preprocess = Preprocess(size=32)
    np.testing.assert_array_equal(preprocess.resize(wide), preprocess.resize(marked))


@pytest.mark.parametrize(
    "wrong", [{"size": 0}, {"size": 100}, {"size": -32}, {"std": (1.0, 0.0, 1.0)}, {"mean": (0.5, 0.5)}, {"reader": 3}]
)
def test_nonsense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        Preprocess(**wrong)  # type: ignore[arg-type]
