"""From the bytes of one photo to upright sRGB pixels, through simplejpeg or Pillow, or one typed error.

Pillow's file classes are used directly, not `Image.open`: the format is known by then, no plugin has to be registered,
and Pillow's process-wide pixel limit (which only warns below twice its value) is left alone for the other users of
Pillow in the process. The limits here are checked on the header, before a pixel is allocated.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib import import_module
from io import BytesIO
from typing import Final

import numpy as np
import simplejpeg
from numpy.typing import NDArray
from PIL import Image

from model.errors import PhotoError
from model.photo.coded_colour import from_coded, iso_colour, png_colour
from model.photo.colour import in_srgb, without_transparency
from model.photo.formats import (
    READ_FORMATS,
    Format,
    NotAnImageError,
    check_scans,
    exif_orientation,
    format_of,
    read_jpeg_header,
    webp_size,
)
from model.photo.heif import decode_heif
from model.photo.mending import is_around_the_picture, mended_jpeg, mended_png

# What Pillow and pi-heif raise on broken files. `Warning` is for processes that turn warnings into errors.
_BROKEN: Final = (
    OSError,
    SyntaxError,
    ValueError,
    RuntimeError,
    LookupError,
    TypeError,
    EOFError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Warning,
)

# Loaded on first use: a folder of JPEGs never pays for the AVIF and HEIC libraries.
_OPENERS: Final = {
    Format.JPEG: ("PIL.JpegImagePlugin", "JpegImageFile"),
    Format.PNG: ("PIL.PngImagePlugin", "PngImageFile"),
    Format.WEBP: ("PIL.WebPImagePlugin", "WebPImageFile"),
    Format.AVIF: ("PIL.AvifImagePlugin", "AvifImageFile"),
    Format.BMP: ("PIL.BmpImagePlugin", "BmpImageFile"),
    Format.TIFF: ("PIL.TiffImagePlugin", "TiffImageFile"),
    Format.GIF: ("PIL.GifImagePlugin", "GifImageFile"),
}

_UPRIGHT: Final[dict[int, Callable[[NDArray[np.uint8]], NDArray[np.uint8]]]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: pixels[::-1].swapaxes(0, 1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: pixels[:, ::-1].swapaxes(0, 1),
}
"""By EXIF orientation (EXIF 2.32, section 4.6.4.A)."""


_MOST_FAULTS: Final = 4
"""Of different kinds in one JPEG that is mended."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a photo may be; outside of it, it is refused before it costs memory or time."""

    max_bytes: int = 256 * 2**20
    """Largest file, in bytes."""
    max_pixels: int = 100_000_000
    """Most pixels that are in memory at once: those of the full photo, or of a JPEG that is scaled while it is decoded
    what is left of them."""
    max_jpeg_pixels: int = 250_000_000
    """Largest width times height of a JPEG, for the time that it takes."""
    min_side: int = 32
    """Smallest width and smallest height, in pixels."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Pixels of one photo, before they get their provenance."""

    pixels: NDArray[np.uint8]
    """(height, width, 3), sRGB, upright, C-contiguous."""
    size: tuple[int, int]
    """Width and height of the full upright photo."""
    notes: tuple[str, ...]


def decode(data: bytes, *, shown: str, limits: Limits, shorter_side: int | None) -> Decoded:
    """Return the pixels, scaled down to no less than `shorter_side`; `shown` names the photo in errors."""
    try:
        kind = format_of(data)
    except NotAnImageError as error:
        sentence = f"{shown} is not a photo in a format that redspots reads ({READ_FORMATS}); export it as JPEG."
        raise PhotoError("not_an_image", sentence) from error
    try:
        if kind is Format.JPEG:
            return _decode_jpeg(data, shown=shown, limits=limits, shorter_side=shorter_side)
        return _decode_with_pillow(data, kind, shown=shown, limits=limits, shorter_side=shorter_side)
    except MemoryError as error:
        sentence = f"{shown} has more pixels than fit into the memory that is free; scale it down."
        raise PhotoError("too_many_pixels", sentence) from error
    except _BROKEN as error:
        sentence = f"{shown} is a damaged or incomplete {kind} file; copy it again or take the photo again."
        raise PhotoError("damaged", sentence) from error


def _decode_jpeg(data: bytes, *, shown: str, limits: Limits, shorter_side: int | None) -> Decoded:
    """Decode through simplejpeg, which scales while it decodes; leave to Pillow what simplejpeg does not take."""
    height, width, colours, _ = simplejpeg.decode_jpeg_header(data, strict=False)
    header = read_jpeg_header(data)
    _check_jpeg_size((width, height), shown=shown, limits=limits, least=shorter_side, at_once=header.at_once)
    for_pillow = colours in ("CMYK", "YCCK")
    # Halvings only: libjpeg-turbo has fast code for no other factor, and others move pixels twice as far.
    least = 32 if for_pillow else shorter_side or 0
    options = {"colorspace": "CMYK" if for_pillow else "RGB", "min_factor": 2 if least else 1}
    decode_pixels = partial(simplejpeg.decode_jpeg, min_height=least, min_width=least, **options)
    notes: tuple[str, ...] = ()
    for _ in range(_MOST_FAULTS):
        try:
            pixels = decode_pixels(data)
            break
        except ValueError as error:
            mended, remark = mended_jpeg(data, str(error)), str(error)
        if mended == data:  # What is left stands between two scans: Pillow passes over it.
            if not is_around_the_picture(remark):
                raise ValueError(remark)
            for_pillow = True
            break
        data, notes = mended, ("header_fault",)
    else:
        raise ValueError(remark)
    if for_pillow:
        decoded = _decode_with_pillow(data, Format.JPEG, shown=shown, limits=limits, shorter_side=shorter_side)
        return replace(decoded, notes=notes + decoded.notes)
    if header.icc:
        pixels = np.array(in_srgb(Image.fromarray(pixels), header.icc))
    return _upright(pixels, (width, height), orientation=header.orientation, notes=notes)


def _decode_with_pillow(data: bytes, kind: Format, *, shown: str, limits: Limits, shorter_side: int | None) -> Decoded:
    """Decode in full (JPEG: scaled), then bring to sRGB and scale down what is still larger than asked for."""
    check_size = partial(_check_size, shown=shown, limits=limits)
    faults: list[str] = []
    if kind is Format.PNG:
        data, was_mended = mended_png(data)
        faults = ["header_fault"] if was_mended else []
    if kind is Format.HEIF:
        photo, frames = decode_heif(data, check_size=check_size)
        notes = ["first_frame"] if frames > 1 else []
    else:
        photo = _open(data, kind, check_size=check_size)
        if kind is not Format.JPEG:  # Whose size was looked at together with its scale.
            check_size(photo.size)
        notes = ["first_frame"] if getattr(photo, "is_animated", False) else []
    full, least = photo.size, shorter_side or min(photo.size)
    if kind is Format.JPEG:
        photo.draft(None, (least, least))
    else:
        photo.load()
        # Again: some decoders learn the size from the pixel data, and Pillow turns TIFF upright by itself.
        full = photo.size
        check_size(full)
    icc, exif = photo.info.get("icc_profile") or b"", photo.info.get("exif") or b""
    photo, seen = without_transparency(photo, shown=shown)
    photo = in_srgb(photo, icc)
    coded = _coded_colour(data, kind) if kind is Format.PNG or not icc else None
    if (factor := min(photo.size) // least) >= 2:
        photo = photo.reduce(factor)
    pixels = np.array(from_coded(photo, coded))
    return _upright(pixels, full, orientation=exif_orientation(exif), notes=(*faults, *notes, *seen))


def _coded_colour(data: bytes, kind: Format) -> tuple[int, int] | None:
    if kind is Format.PNG:
        return png_colour(data)
    return iso_colour(data) if kind in (Format.AVIF, Format.HEIF) else None


def _open(data: bytes, kind: Format, *, check_size: Callable[[tuple[int, int]], None]) -> Image.Image:
    """Return the photo with its header read, after the checks that Pillow leaves out."""
    if kind is Format.JPEG:
        check_scans(data)
    elif kind is Format.WEBP:
        check_size(webp_size(data))
    module, opener = _OPENERS[kind]
    photo: Image.Image = getattr(import_module(module), opener)(BytesIO(data))
    return photo


def _check_jpeg_size(size: tuple[int, int], *, shown: str, limits: Limits, least: int | None, at_once: bool) -> None:
    """Raise PhotoError for a JPEG that would take too much memory or time at the scale at which it is decoded."""
    kept, most = size, limits.max_jpeg_pixels
    if least and not at_once:
        while min(kept) >= 2 * least and 8 * max(kept) > max(size):
            kept = (kept[0] + 1) // 2, (kept[1] + 1) // 2
    if kept[0] * kept[1] > limits.max_pixels:
        most = min(most, limits.max_pixels)
    _check_size(size, shown=shown, limits=replace(limits, max_pixels=most))


def _check_size(size: tuple[int, int], *, shown: str, limits: Limits) -> None:
    """Raise PhotoError for a photo that is too large or too small."""
    width, height = size
    if width * height > limits.max_pixels:
        sentence = (
            f"{shown} has {width} x {height} pixels, more than {limits.max_pixels / 1e6:g} million; scale it down."
        )
        raise PhotoError("too_many_pixels", sentence)
    if min(size) < limits.min_side:
        sentence = (
            f"{shown} has {width} x {height} pixels, each side must be at least {limits.min_side}; take a larger photo."
        )
        raise PhotoError("too_small", sentence)


def _upright(
    pixels: NDArray[np.uint8], size: tuple[int, int], *, orientation: int, notes: tuple[str, ...] = ()
) -> Decoded:
    width, height = size if orientation < 5 else size[::-1]
    return Decoded(np.ascontiguousarray(_UPRIGHT[orientation](pixels)), (width, height), notes)
