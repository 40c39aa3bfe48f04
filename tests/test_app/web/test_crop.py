"""A framed part of a photo is looked at as if it were a photo of its own, and nothing but a part is accepted."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.answers.words import Words
from app.web.uploads.crop import Crop, crop_of
from app.web.uploads.store import DETAIL, PhotoStore
from model.errors import PhotoError
from model.photo import read_photo
from tests.support.drawing import encoded

SHARES = st.floats(0, 1)


@pytest.fixture
def store(tmp_path: Path) -> PhotoStore:
    return PhotoStore(tmp_path, lambda data: read_photo(data, shorter_side=256), Words.read().page)


def quarters(*, width: int = 3200, height: int = 2400) -> Image.Image:
    """Return a large photo whose four quarters have four colours."""
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    for row, column, colour in (
        (0, 0, (200, 60, 60)),
        (0, 1, (60, 200, 60)),
        (1, 0, (60, 60, 200)),
        (1, 1, (90, 90, 90)),
    ):
        pixels[row * height // 2 :, column * width // 2 :] = colour
    return Image.fromarray(pixels)


@given(SHARES, SHARES, SHARES, SHARES, st.integers(1, 40), st.integers(1, 40))
def test_what_is_cut_lies_inside_the_photo(
    left: float, top: float, across: float, down: float, width: int, height: int
) -> None:
    crop = Crop(left, top, across * (1 - left), down * (1 - top))
    pixels = np.arange(width * height, dtype=np.uint8).reshape(height, width)
    with Image.open(BytesIO(crop.cut(Image.fromarray(pixels)))) as part:
        cut = np.asarray(part)
    assert 1 <= cut.shape[0] <= height
    assert 1 <= cut.shape[1] <= width
    assert abs(cut.shape[1] - crop.width * width) <= 2
    assert cut[0, 0] == pixels[min(int(top * height), height - 1), min(int(left * width), width - 1)]


@pytest.mark.parametrize(
    "value",
    [
        "0,0,1,1",
        {"left": 0},
        [0, 0, 1],
        [0, 0, 1, 1, 1],
        [0, 0, 0, 1],
        [0.5, 0, 0.6, 1],
        [-0.1, 0, 1, 1],
        [0, 0, 1, None],
        [0, 0, True, 1],
        [0, 0, float("nan"), 1],
        [0, 0, float("inf"), 1],
    ],
)
def test_what_is_no_part_of_a_photo_is_refused(value: Any) -> None:
    with pytest.raises(PhotoError) as caught:
        Crop.parse(value)
    assert caught.value.code == "bad_crop"
    assert "whole photo" in str(caught.value)


def test_crops_belong_to_the_photos_in_order() -> None:
    crops = [None, [0, 0, 0.5, 0.5]]
    assert crop_of(None, 3) is None
    assert [crop_of(crops, index) for index in range(3)] == [None, Crop(0, 0, 0.5, 0.5), None]
    with pytest.raises(PhotoError, match="frame it again"):
        crop_of("all", 0)


def test_a_part_is_read_with_the_detail_of_the_photo(store: PhotoStore) -> None:
    picture = quarters()
    whole = read_photo(data := encoded(np.asarray(picture)))
    path = store.receive(data)
    part = store.load(path, Crop(0.5, 0, 0.5, 0.5))
    assert min(part.size) == 768, "half of the shorter side that is kept"
    assert np.abs(part.pixels.reshape(-1, 3).mean(axis=0) - (60, 200, 60)).max() < 8
    assert part.sha256 == whole.sha256
    assert store.load(path).size == whole.size


def test_no_detail_is_invented(store: PhotoStore) -> None:
    path = store.receive(encoded(np.asarray(quarters(width=320, height=240))))
    with Image.open(path.with_name(DETAIL)) as detail:
        assert detail.size == (320, 240)


def test_a_part_that_is_too_small_is_said_to_be(store: PhotoStore) -> None:
    path = store.receive(encoded(np.asarray(quarters(width=320, height=240))))
    with pytest.raises(PhotoError) as caught:
        store.load(path, Crop(0, 0, 0.1, 0.1))
    assert caught.value.code == "too_small"


def test_detail_carries_no_metadata_and_goes_with_its_photo(store: PhotoStore) -> None:
    exif = Image.Exif()
    exif[0x010E] = "Jane Doe"
    picture = quarters()
    picture.save(file := store.folder / "sent.jpg", exif=exif, comment=b"Jane Doe")
    path = store.receive(file.read_bytes())
    detail = path.with_name(DETAIL)
    assert b"Jane Doe" not in detail.read_bytes()
    with Image.open(detail) as kept:
        assert not kept.getexif()
    store.forget(path)
    assert not detail.exists()


def test_a_part_of_a_photo_that_is_gone_has_expired(store: PhotoStore) -> None:
    path = store.receive(encoded(np.asarray(quarters())))
    store.forget(path)
    with pytest.raises(PhotoError, match="deleted"):
        store.load(path, Crop(0, 0, 0.5, 0.5))
