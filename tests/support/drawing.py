"""Small photos drawn with numpy for tests: skin with red dots, marked corners, and a corpus of bad files. No torch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]

SKIN_TONES = {"light": (236, 200, 178), "medium": (190, 140, 108), "dark": (92, 60, 45)}
"""sRGB of lit skin, from light to dark."""

CORNER_COLOURS = ((220, 30, 30), (30, 200, 30), (30, 30, 220), (240, 240, 240))
"""Of `marked_corners`: top left, top right, bottom left, bottom right."""

# How a camera that was held in each EXIF orientation stores an upright photo: the inverse of what a reader must do.
_STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda pixels: pixels,
    2: np.fliplr,
    3: lambda pixels: np.rot90(pixels, 2),
    4: np.flipud,
    5: lambda pixels: np.swapaxes(pixels, 0, 1),
    6: lambda pixels: np.rot90(pixels, 1),
    7: lambda pixels: np.swapaxes(np.rot90(pixels, 2), 0, 1),
    8: lambda pixels: np.rot90(pixels, -1),
}


def skin(*, width: int = 320, height: int = 240, tone: str = "medium", dots: int = 12, seed: int = 0) -> Pixels:
    """Return (height, width, 3) of unevenly lit skin with crisp red dots."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    light = 0.85 + 0.15 * np.cos(3 * x / width) * np.cos(2 * y / height)
    pixels = np.array(SKIN_TONES[tone]) * light[..., None] + random.normal(0, 4, (height, width, 1))
    for _ in range(dots):
        radius = random.uniform(0.008, 0.02) * width
        inside = (x - random.uniform(0, width)) ** 2 + (y - random.uniform(0, height)) ** 2 < radius**2
        pixels[inside] *= (0.85, 0.35, 0.4)
    drawn: Pixels = pixels.clip(0, 255).astype(np.uint8)
    return drawn


def marked_corners(*, width: int = 64, height: int = 48) -> Pixels:
    """Return (height, width, 3) with a colour of its own in each quarter, to see how a photo is turned."""
    pixels = np.empty((height, width, 3), np.uint8)
    top, left = slice(None, height // 2), slice(None, width // 2)
    bottom, right = slice(height // 2, None), slice(width // 2, None)
    for quarter, colour in zip(
        ((top, left), (top, right), (bottom, left), (bottom, right)), CORNER_COLOURS, strict=True
    ):
        pixels[quarter] = colour
    return pixels


def stored_as(pixels: Pixels, orientation: int) -> Pixels:
    """Return an upright photo as a camera stores it with this EXIF orientation."""
    stored: Pixels = np.ascontiguousarray(_STORED[orientation](pixels))
    return stored


def encoded(pixels: NDArray[Any], kind: str = "JPEG", *, mode: str | None = None, **options: Any) -> bytes:
    """Return the bytes of a file in a format of Pillow, converted to `mode` before."""
    photo = Image.fromarray(pixels)
    file = BytesIO()
    (photo.convert(mode) if mode else photo).save(file, kind, **options)
    return file.getvalue()


def exif_with_place(orientation: int = 1) -> bytes:
    """Return EXIF data with the orientation, a maker and a GPS position that must never leave the reader."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "SECRET-MAKER"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 12.0, 31.0), 29: "2026:01:02"})
    return exif.tobytes()


def png_chunk(name: bytes, payload: bytes) -> bytes:
    """Return one PNG chunk with a right checksum."""
    return struct.pack(">I", len(payload)) + name + payload + struct.pack(">I", zlib.crc32(name + payload))


def png_of_size(width: int, height: int) -> bytes:
    """Return a PNG that announces a size and has next to no pixel data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks)


def jpeg_of_size(width: int, height: int) -> bytes:
    """Return a JPEG whose header announces another size than its data have."""
    data = bytearray(encoded(skin(width=64, height=64)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def cut_between_scans(progressive: bytes) -> bytes:
    """Return a progressive JPEG without its last scan: whole at a glance, but coarse."""
    return progressive[: progressive.rindex(b"\xff\xda")]


def without_an_interval(jpeg: bytes) -> bytes:
    """Return a JPEG that lacks what lies between two of its restart markers."""
    return jpeg[: jpeg.index(b"\xff\xd2")] + jpeg[jpeg.index(b"\xff\xd3") :]


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Return bytes that no reader can turn into a photo, by name, with the code of the error that they must give."""
    jpeg, png = encoded(skin()), encoded(skin(), "PNG")
    signature = png[:8]
    wrong_checksum = bytearray(png)
    wrong_checksum[len(png) // 2] ^= 0xFF
    text_bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"a" * 70_000_000, 9))
    nothing = np.zeros((64, 64, 4), np.uint8)
    small = skin(width=64, height=64)
    return {
        "zero bytes": (b"", "empty"),
        "text": (b"Dear doctor, the photo is attached.", "not_an_image"),
        "text that begins like BMP": (b"BMW is no bitmap, whatever its first letters say.", "not_an_image"),
        "HTML": (b"<!doctype html><img src=x onerror=alert(1)>", "not_an_image"),
        "SVG": (b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>', "not_an_image"),
        "EPS": (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 64 64\n", "not_an_image"),
        "PDF": (b"%PDF-1.7\n1 0 obj\n", "not_an_image"),
        "ICO": (encoded(small, "ICO"), "not_an_image"),
        "PPM": (encoded(small, "PPM"), "not_an_image"),
        "JPEG 2000": (encoded(small, "JPEG2000"), "not_an_image"),
        "GIF polyglot": (b"GIF89a/*\x01\x00\x00\x00\x00*/=1;alert('a script, no photo')//", "not_an_image"),
        "MP4 film": (b"\0\0\0\x18ftypisom\0\0\0\0isommp42" + b"\0" * 64, "not_an_image"),
        "truncated JPEG": (jpeg[: len(jpeg) // 2], "damaged"),
        "JPEG without its last rows": (jpeg[:-60], "damaged"),
        "progressive JPEG cut between two scans": (cut_between_scans(encoded(skin(), progressive=True)), "damaged"),
        "JPEG that lost a restart interval": (without_an_interval(encoded(skin(), restart_marker_rows=1)), "damaged"),
        "JPEG header only": (jpeg[:20], "damaged"),
        "truncated progressive JPEG": (encoded(skin(), progressive=True)[:-500], "damaged"),
        "truncated CMYK JPEG": (encoded(skin(), mode="CMYK")[:-500], "damaged"),
        "truncated PNG": (png[: len(png) // 2], "damaged"),
        "PNG without its last rows": (png[:-40], "damaged"),
        "PNG signature only": (signature, "damaged"),
        "PNG with a wrong checksum": (bytes(wrong_checksum), "damaged"),
        "PNG text bomb": (png[:33] + text_bomb + png[33:], "damaged"),
        "truncated WebP": (encoded(skin(), "WEBP")[:-500], "damaged"),
        "truncated AVIF": (encoded(skin(), "AVIF")[:-500], "damaged"),
        "truncated BMP": (encoded(skin(), "BMP")[:-500], "damaged"),
        "truncated TIFF": (encoded(skin(), "TIFF", compression="tiff_lzw")[:-500], "damaged"),
        "truncated GIF": (encoded(skin(), "GIF")[:-500], "damaged"),
        "12k x 12k PNG": (png_of_size(12_000, 12_000), "too_many_pixels"),
        "50k x 50k PNG": (png_of_size(50_000, 50_000), "too_many_pixels"),
        "2^31 PNG": (png_of_size(2**31 - 1, 2**31 - 1), "too_many_pixels"),
        "20k x 20k JPEG": (jpeg_of_size(20_000, 20_000), "too_many_pixels"),
        "50k x 50k JPEG": (jpeg_of_size(50_000, 50_000), "too_many_pixels"),
        "1 x 1": (encoded(small[:1, :1], "PNG"), "too_small"),
        "32 x 24": (encoded(small[:24, :32]), "too_small"),
        "4000 x 2": (encoded(skin(width=4000, height=2, dots=0)), "too_small"),
        "fully transparent": (encoded(nothing, "PNG"), "fully_transparent"),
    }
