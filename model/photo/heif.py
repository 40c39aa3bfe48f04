"""HEIC photos through libheif, without touching their metadata.

pi-heif's own classes read all metadata of a file when they open it, and version 1.4.0 crashes the whole process
(segmentation fault) when the lengths in it are broken: one bad file would end a batch or the page. Its extension module
is called directly instead, for the pixels and the colour profile only; tens of thousands of altered files passed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PIL import Image

_THREADS = 4
"""For the tiles of one photo; pi-heif's own default."""


def decode_heif(data: bytes, *, check_size: Callable[[tuple[int, int]], None]) -> tuple[Image.Image, int]:
    """Return the primary photo, already upright, with its profile in `info["icc_profile"]`, and the number of photos.

    `check_size` gets width and height before anything is decoded, to refuse them. libheif applies the rotation that the
    file asks for (`irot` and `imir`); orientation in EXIF data repeats it and must be ignored (ISO/IEC 23008-12).
    Raises ValueError, RuntimeError, EOFError, OSError or SyntaxError for a broken file.
    """
    import _pi_heif  # Takes 10 ms, for files that most folders do not have.

    to_8_bits, bgr, remove_stride, to_16_bits, decoder, no_limits = True, False, False, True, "", False
    loaded = _pi_heif.load_file(data, _THREADS, to_8_bits, bgr, remove_stride, to_16_bits, decoder, no_limits)
    photos: list[Any] = [photo for photo in loaded if photo is not None]
    primary = next((photo for photo in photos if photo.primary), None)
    if primary is None:
        raise ValueError("no primary photo")
    check_size(primary.size_mode[0])
    pixels = primary.data
    size, mode = primary.size_mode  # Asked again: the pixel data may say something else than the header did.
    photo = Image.frombytes(mode, size, pixels, "raw", mode, primary.stride)
    profile = primary.color_profile
    if profile and profile["type"] in ("rICC", "prof"):
        photo.info["icc_profile"] = profile["data"]
    return photo, len(photos)
