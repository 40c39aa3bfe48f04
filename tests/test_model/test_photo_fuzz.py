"""`model.photo.read_photo` on random and altered files: a Photo or a PhotoError, never another error, crash or hang."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.errors import PhotoError
from model.photo import Limits, read_photo
from tests.support.drawing import encoded, exif_with_place, skin

HEIC_FILES = sorted((Path(__file__).parents[1] / "data").glob("orientation_*.heic"))


def assert_photo_or_error(data: bytes) -> None:
    for shorter_side in (None, 16):
        try:
            photo = read_photo(data, shorter_side=shorter_side, limits=Limits(max_pixels=4_000_000))
        except PhotoError as error:
            assert error.code in PhotoError.codes
        else:
            height, width, channels = photo.pixels.shape
            assert channels == 3
            assert (width <= photo.size[0], height <= photo.size[1]) == (True, True)


def test_a_heic_with_broken_metadata_does_not_crash_the_process() -> None:
    """Each byte of the headers is broken in turn: the classes of pi-heif 1.4.0 end in a segmentation fault here."""
    for path in HEIC_FILES[:2]:
        whole = path.read_bytes()
        for place in range(len(whole) // 2):
            altered = bytearray(whole)
            altered[place] = 255
            assert_photo_or_error(bytes(altered))


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(
        [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"\0\0\0\x1cftypheic", b"RIFFxxxxWEBP"]
    ),
    st.binary(max_size=300),
)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_random_bytes_give_a_photo_or_a_photo_error(start: bytes, rest: bytes) -> None:
    assert_photo_or_error(start + rest)


SMALL = skin(width=48, height=40, dots=2)
VALID = [encoded(SMALL, kind) for kind in ("JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF")]
VALID += [
    encoded(SMALL, progressive=True, exif=exif_with_place(6)),
    encoded(SMALL, mode="CMYK"),
    HEIC_FILES[5].read_bytes(),
]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(VALID), st.data())
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_altered_files_give_a_photo_or_a_photo_error(valid: bytes, data: st.DataObject) -> None:
    altered = bytearray(valid)
    places = st.integers(0, len(valid) - 1) | st.integers(0, 99)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=4)):
        altered[place] = value
    if altered.startswith(b"\x89PNG"):  # With right checksums, so that the damage reaches the decoder.
        altered = repaired_png(altered)
    assert_photo_or_error(bytes(altered[: data.draw(st.integers(1, 2 * len(valid)))]))


def repaired_png(data: bytearray) -> bytearray:
    at = 8
    while at + 12 <= len(data):
        end = at + 8 + int.from_bytes(data[at : at + 4], "big")
        if end + 4 <= len(data):
            data[end : end + 4] = zlib.crc32(data[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
    return data
