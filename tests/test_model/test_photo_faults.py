"""Faults of files that other readers forgive: a photo that is whole is read, with a note, and half a one is not."""

from __future__ import annotations

import base64
import struct
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser

from model.errors import PhotoError
from model.photo import read_photo
from tests.support.drawing import encoded, png_chunk, skin

SMALL = skin(width=64, height=48)
JPEG, PNG = encoded(SMALL, quality=90), encoded(SMALL, "PNG")
IHDR_END = 33
SCAN = JPEG.index(b"\xff\xda")
SCAN_LENGTH = int.from_bytes(JPEG[SCAN + 2 : SCAN + 4], "big")
VERSION = JPEG.index(b"JFIF\0") + 5


def with_wrong_checksum(chunk: bytes) -> bytes:
    return chunk[:-1] + bytes([chunk[-1] ^ 1])


def counting_wrong(jpeg: bytes) -> bytes:
    """Return a JPEG whose restart markers are all the same: an encoder that does not count."""
    for number in range(1, 8):
        jpeg = jpeg.replace(bytes([0xFF, 0xD0 + number]), b"\xff\xd0")
    return jpeg


WHOLE = {
    "JFIF 3.01": JPEG[:VERSION] + b"\3\1" + JPEG[VERSION + 2 :],
    "no end mark": JPEG[:-2],
    "half an end mark": JPEG[:-1],
    "no end mark, progressive": encoded(SMALL, progressive=True, quality=90)[:-2],
    "no end mark, CMYK": encoded(SMALL, mode="CMYK", quality=90)[:-2],
    "no end mark, JFIF 3.01": JPEG[:VERSION] + b"\3\1" + JPEG[VERSION + 2 : -2],
    "stray bytes": JPEG[:SCAN] + b"\0\0stray" + JPEG[SCAN:],
    "wrong bounds of the scan": JPEG[: SCAN + SCAN_LENGTH - 1] + b"\0\0\0" + JPEG[SCAN + SCAN_LENGTH + 2 :],
    "restart markers do not count": counting_wrong(encoded(SMALL, restart_marker_rows=1, quality=90)),
    "PNG without its end": PNG[:-12],
    "PNG with half its end": PNG[:-5],
    "PNG whose text has a wrong checksum": PNG[:IHDR_END]
    + with_wrong_checksum(png_chunk(b"tEXt", b"Comment\0hello"))
    + PNG[IHDR_END:],
    "PNG whose picture has a wrong checksum": PNG[:-16] + b"\0\0\0\0" + PNG[-12:],
    "PNG whose picture is said to be longer": PNG[:IHDR_END] + b"\1" + PNG[IHDR_END + 1 :],
    "PNG with half a text behind the picture": PNG[:-12] + png_chunk(b"tEXt", b"Comment\0hello")[:12],
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_photo_is_read_whatever_its_header_says(name: str) -> None:
    photo = read_photo(WHOLE[name])
    kind = "PNG" if "PNG" in name else "JPEG"
    options = {"progressive": True} if "progressive" in name else {"mode": "CMYK"} if "CMYK" in name else {}
    expected = read_photo(encoded(SMALL, kind, **({} if kind == "PNG" else {"quality": 90} | options)))
    assert np.abs(photo.pixels.astype(int) - expected.pixels).max() <= (6 if options else 0)
    assert photo.notes == ("header_fault",)


def test_whatever_pillow_shows_whole_of_an_altered_header_is_read() -> None:
    """Each byte before the picture becomes each of four values, one at a time: about 2,000 files."""
    whole, refused = 0, []
    for data, end in ((JPEG, SCAN + 2 + SCAN_LENGTH), (PNG, PNG.index(b"IDAT") + 4)):
        with Image.open(BytesIO(data)) as picture:
            expected = np.asarray(picture.convert("RGB"))
        for at in range(4, end):
            for value in {0, 1, data[at] ^ 0x80, 255} - {data[at]}:
                altered = data[:at] + bytes([value]) + data[at + 1 :]
                if not _shown_by_pillow(altered, expected):
                    continue
                whole += 1
                try:
                    read_photo(altered)
                except PhotoError as error:
                    refused.append((at, value, error.code))
    assert whole > 300
    assert refused == []


def _shown_by_pillow(data: bytes, expected: np.ndarray) -> bool:
    try:
        with Image.open(BytesIO(data), formats=("JPEG", "PNG")) as picture:
            return np.array_equal(np.asarray(picture.convert("RGB")), expected)
    except Exception:  # noqa: BLE001 - whatever Pillow raises, it does not show the photo
        return False


def test_a_browser_shows_each_of_them_too(browser: Browser) -> None:
    page = browser.new_page()
    script = """async (url) => {
        const picture = new Image(); picture.src = url;
        await picture.decode(); return [picture.naturalWidth, picture.naturalHeight];
    }"""
    for name, data in WHOLE.items():
        kind = "png" if "PNG" in name else "jpeg"
        url = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        shown = page.evaluate(script, url)
        assert shown == [64, 48], name
        assert read_photo(data).size == (64, 48)
    page.close()


def test_what_stands_before_stray_bytes_and_behind_them_counts() -> None:
    """The orientation is found behind the stray bytes, as browsers find it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = encoded(SMALL, exif=exif.tobytes())
    at = turned.index(b"\xff\xe1")
    assert read_photo(turned[:at] + b"\0\0\0" + turned[at:]).size == (48, 64)


def test_a_png_of_endless_zeros_without_its_end_is_refused_quickly() -> None:
    header = struct.pack(">IIBBBBB", 64, 64, 8, 2, 0, 0, 0)
    import zlib

    bomb = zlib.compress(b"\0" * 50_000_000, 9)
    data = PNG[:8] + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", bomb[:-8])
    with pytest.raises(PhotoError) as caught:
        read_photo(data)
    assert caught.value.code == "damaged"
