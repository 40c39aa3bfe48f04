"""Which image format bytes are in, and what their headers say: by content, never by file name, before any decoding."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
_BMP_HEADER_SIZES = frozenset({12, 40, 52, 56, 64, 108, 124})
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_EXIF_PREFIX = b"Exif\0\0"
_ICC_PREFIX = b"ICC_PROFILE\0"
_ORIENTATION_TAG = 0x0112
_MOST_SCANS = 100
"""Encoders write about ten; each costs a pass over the whole photo, so thousands of tiny ones would take hours."""

# Inside compressed data 0xFF is followed by 0x00, a restart marker or fill bytes; anything else ends the scan.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


class Format(StrEnum):
    """The formats that redspots reads."""

    JPEG = "JPEG"
    PNG = "PNG"
    WEBP = "WebP"
    AVIF = "AVIF"
    HEIF = "HEIC"
    BMP = "BMP"
    TIFF = "TIFF"
    GIF = "GIF"


READ_FORMATS = ", ".join(Format)
"""For sentences."""


class NotAnImageError(ValueError):
    """The bytes are in none of the formats."""


def format_of(data: bytes) -> Format:
    """Return the format that the first bytes announce.

    Raises `NotAnImageError` for everything else. Formats that Pillow could open but that are no photos (EPS, PDF, ICO,
    PPM, SVG, JPEG 2000) are left out on purpose: each is one more parser to attack.
    """
    if data.startswith(b"\xff\xd8\xff"):
        return Format.JPEG
    if data.startswith(_PNG_SIGNATURE):
        return Format.PNG
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Format.WEBP
    if data[4:8] == b"ftyp":
        return _iso_media_format(data)
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return Format.TIFF
    if data.startswith((b"GIF87a", b"GIF89a")) and not _is_gif_without_frame(data):
        return Format.GIF
    # Two letters are a weak signature (a text may begin with BM), hence the look at the header size.
    if data.startswith(b"BM") and int.from_bytes(data[14:18], "little") in _BMP_HEADER_SIZES:
        return Format.BMP
    raise NotAnImageError("none of the signatures fits")


def _iso_media_format(data: bytes) -> Format:
    """Return AVIF or HEIF from the brands; `mif1` is used for both, so all compatible brands are looked at."""
    size = min(int.from_bytes(data[:4], "big"), 256)
    brands = {data[8:12], *(data[at : at + 4] for at in range(16, size, 4))}
    if brands & _AVIF_BRANDS:
        return Format.AVIF
    if brands & _HEIF_BRANDS:
        return Format.HEIF
    raise NotAnImageError("a film or another ISO media file")


def _is_gif_without_frame(data: bytes) -> bool:
    """Return whether no GIF block follows the header: scripts hide behind a GIF signature to pass as images."""
    if len(data) < 14:
        return False
    palette = 3 * 2 ** ((data[10] & 7) + 1) if data[10] & 0x80 else 0
    block = data[13 + palette : 14 + palette]
    return block not in (b"", b"!", b",")


def exif_orientation(exif: bytes) -> int:
    """Return the EXIF orientation, 1 to 8; 1 when there is none or the EXIF data is broken.

    Read by hand: Pillow's parser warns and raises on broken EXIF data, and nothing but this one number is wanted.
    """
    tiff = exif.removeprefix(_EXIF_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}L", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, start)
        for at in range(start + 2, start + 2 + 12 * entries, 12):
            tag, kind = struct.unpack_from(f"{order}HH", tiff, at)
            if tag == _ORIENTATION_TAG:
                (value,) = struct.unpack_from(f"{order}L" if kind == 4 else f"{order}H", tiff, at + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        return 1
    return 1


@dataclass(frozen=True, slots=True)
class JpegHeader:
    """What a JPEG says beside its pixels."""

    orientation: int
    """EXIF orientation, 1 to 8."""
    icc: bytes
    """ICC profile; empty when there is none."""
    at_once: bool
    """Whether all of it is in memory while it is decoded, at whatever scale: its scans each bring a part."""


def read_jpeg_header(data: bytes) -> JpegHeader:
    """Return orientation and colour profile. Raises ValueError for a JPEG with so many scans that it is an attack."""
    orientation, components, at_once = 1, 0, False
    pieces: dict[int, bytes] = {}
    for marker, payload in _jpeg_segments(data):
        if marker == 0xE1 and payload.startswith(_EXIF_PREFIX):
            orientation = exif_orientation(payload)
        elif marker == 0xE2 and payload.startswith(_ICC_PREFIX):
            pieces[payload[12] if len(payload) > 12 else 0] = payload[14:]
        elif marker in (0xC0, 0xC1, 0xC2):
            components, at_once = payload[5] if len(payload) > 5 else 0, marker == 0xC2
            if marker == 0xC2:
                check_scans(data)
        elif marker == 0xDA:
            at_once |= payload[:1] != bytes([components])
    return JpegHeader(orientation, b"".join(pieces[number] for number in sorted(pieces)), at_once)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield marker and payload of each segment up to the first scan's; bytes between segments are passed over."""
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker in (0, 0xFF):
            at += 1
            continue
        length = max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
        yield marker, data[at + 4 : at + 2 + length]
        if marker == 0xDA:
            return
        at += 2 + length


def check_scans(data: bytes) -> None:
    """Raise ValueError when a JPEG has more scans than any encoder writes."""
    at, scans = 2, 0
    while found := _END_OF_SCAN.search(data, at):
        marker = data[found.start() + 1]
        if marker == 0xD9:
            return
        scans += marker == 0xDA
        if scans > _MOST_SCANS:
            raise ValueError("too many scans")
        at = found.end() + max(2, int.from_bytes(data[found.end() : found.end() + 2], "big"))


def webp_size(data: bytes) -> tuple[int, int]:
    """Return width and height from the first chunk: Pillow's opener allocates the whole canvas before it tells.

    Source: WebP container specification and RFC 6386 section 9.1. Raises ValueError for an unknown first chunk.
    """
    chunk = data[12:16]
    if len(data) < 30:
        raise ValueError("the header is cut off")
    if chunk == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if chunk == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("unknown first chunk")
