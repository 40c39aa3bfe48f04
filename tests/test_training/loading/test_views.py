"""Views: the same for the same seed, of the wanted size, and masked where sources write their names."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.drawing import skin
from training.loading.augment import seed_augmentation
from training.loading.views import Strips, Tones, build_views
from training.recipes.pretrain import ViewOptions

STILL = ViewOptions(light=0, balance=0, gamma=0, constancy=0, camera=0, strips=0, scale=(1, 1), ratio=(1, 1))
PHOTO = skin(width=120, height=120, seed=4)


def view(options: ViewOptions, *, seed: int, size: int = 96) -> NDArray[np.uint8]:
    views = build_views(options, size=size, seed=1)
    seed_augmentation(views, seed)
    return np.asarray(views(image=PHOTO)["image"])


def test_a_view_follows_from_its_seed_alone() -> None:
    views = build_views(ViewOptions(), size=96, seed=1)
    first = []
    for seed in (3, 4, 5):
        seed_augmentation(views, seed)
        first.append(views(image=PHOTO)["image"])
    for seed, one in zip((3, 4, 5), first, strict=True):
        again = view(ViewOptions(), seed=seed)
        assert again.shape == (96, 96, 3) and again.dtype == np.uint8
        np.testing.assert_array_equal(again, one)
    assert not np.array_equal(first[0], first[1])


def test_options_at_rest_leave_flips_and_turns_only() -> None:
    turned = [np.rot90(flip, turn) for flip in (PHOTO, PHOTO[:, ::-1]) for turn in range(4)]
    found = set()
    for seed in range(40):
        one = view(STILL, seed=seed, size=120)
        found |= {number for number, other in enumerate(turned) if np.array_equal(one, other)}
    assert found == set(range(8))


def test_a_strip_is_masked_in_the_colour_of_the_photo_at_bottom_top_or_middle() -> None:
    strips = Strips(p=1.0)
    places = set()
    for seed in range(60):
        seed_augmentation(strips, seed)
        masked = strips(image=PHOTO)["image"]
        rows = np.flatnonzero((masked == masked[:, :1]).all(axis=(1, 2)) & (masked != PHOTO).any(axis=(1, 2)))
        assert 4 <= len(rows) <= 15
        assert np.abs(masked[rows[0], 0].astype(float) - PHOTO.mean(axis=(0, 1))).max() <= 1
        places.add("bottom" if rows[-1] == 119 else "top" if rows[0] == 0 else "middle")
    assert places == {"bottom", "top", "middle"}


def test_redness_against_the_skin_around_survives_light_balance_and_constancy() -> None:
    options = STILL.model_copy(update={"light": 0.3, "balance": 0.1, "gamma": 0.3, "constancy": 1.0})
    tones = Tones(options, p=1.0)
    # How much redder the dots are than the skin, as the difference of log red and log green.
    dots = (PHOTO[..., 1] < 0.6 * np.median(PHOTO[..., 1])) & (PHOTO[..., 0] > 60)
    assert dots.sum() > 20
    for seed in range(20):
        seed_augmentation(tones, seed)
        changed = tones(image=PHOTO)["image"].astype(float) + 1
        ratio = np.log(changed[..., 0] / changed[..., 1])
        assert ratio[dots].mean() > ratio[~dots].mean() + 0.2


@pytest.mark.parametrize("size", [64, 96])
def test_views_have_the_size_that_is_asked_for(size: int) -> None:
    assert view(ViewOptions(scale=(0.3, 0.4)), seed=2, size=size).shape == (size, size, 3)
