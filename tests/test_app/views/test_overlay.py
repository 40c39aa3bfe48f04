"""The evidence map lies over the part that it speaks of."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from app.views.overlay import LONGEST_SIDE, has_positive_part, overlay
from model.photo import Photo
from tests.support.drawing import skin

WHOLE = (0.0, 0.0, 1.0, 1.0)


def photo_of(pixels: np.ndarray) -> Photo:
    return Photo(pixels, (pixels.shape[1], pixels.shape[0]), (), "")


def test_the_strongest_part_is_coloured_most_and_the_weakest_not_at_all() -> None:
    photo = photo_of(np.full((200, 300, 3), 128, np.uint8))
    evidence = np.full((4, 6), -1.0, np.float32)
    evidence[0, 5] = 8.0
    shown = overlay(photo, evidence, WHOLE).astype(int)
    assert shown.shape == (200, 300, 3)
    strongest, weakest = shown[10, 290], shown[150, 20]
    assert np.ptp(strongest) > 60, "the ramp ends in yellow"
    assert np.ptp(weakest) <= 1, "negative parts stay grey"


def test_what_the_network_did_not_see_is_darker_and_has_no_colour() -> None:
    photo = photo_of(np.full((100, 200, 3), 200, np.uint8))
    shown = overlay(photo, np.ones((4, 4), np.float32), (0.25, 0.0, 0.75, 1.0)).astype(int)
    assert shown[50, 10].max() < 110
    assert np.ptp(shown[50, 10]) == 0
    assert np.ptp(shown[50, 100]) > 60


def test_a_large_photo_is_shown_small() -> None:
    shown = overlay(photo_of(skin(width=1500, height=1000)), np.ones((8, 8), np.float32), WHOLE)
    assert max(shown.shape) == LONGEST_SIDE


@given(
    evidence=arrays(
        np.float32, (3, 5), elements=some.floats(-1e3, 1e3, width=32) | some.sampled_from([np.nan, np.inf, -np.inf])
    ),
    left=some.floats(0, 1),
    top=some.floats(0, 1),
)
def test_any_map_and_any_box_give_a_picture(evidence: np.ndarray, left: float, top: float) -> None:
    shown = overlay(photo_of(skin(width=40, height=60)), evidence, (left, top, 1.0, 1.0))
    assert shown.shape == (60, 40, 3)
    assert shown.dtype == np.uint8


def test_a_map_without_a_positive_part_is_known_as_such() -> None:
    assert not has_positive_part(np.zeros((2, 2), np.float32))
    assert not has_positive_part(np.full((2, 2), np.nan, np.float32))
    assert has_positive_part(np.eye(2, dtype=np.float32))
