"""Colour spaces that a file names by numbers instead of a profile: `cICP` in PNG, `nclx` in AVIF and HEIC.

Numbers and chromaticities are those of ITU-T H.273 (tables 2 and 3).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Coded = tuple[int, int]
"""Colour primaries and transfer characteristics."""

_D65 = (0.3127, 0.329)
_SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))
_PRIMARIES = {
    5: ((0.64, 0.33), (0.29, 0.6), (0.15, 0.06)),
    6: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    7: ((0.63, 0.34), (0.31, 0.595), (0.155, 0.07)),
    9: ((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)),
    12: ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
}
"""Chromaticities x, y of red, green and blue, white at D65; others are taken for those of sRGB."""
_GAMMAS = {4: 2.2, 5: 2.8, 8: 1.0}
"""Transfer by a power; others are taken for that of sRGB, as displays show the curves of BT.709 and BT.601."""


def png_colour(data: bytes) -> Coded | None:
    """Return what the `cICP` chunk of a PNG says, None without one."""
    at = 8
    while at + 12 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"cICP" and length == 4:
            return data[at + 8], data[at + 9]
        at += 12 + length
    return None


def iso_colour(data: bytes) -> Coded | None:
    """Return what the `nclx` box of the primary item of an AVIF or HEIC file says, None without one.

    Source: ISO/IEC 23008-12, boxes `pitm`, `ipco` and `ipma`.
    """
    try:
        meta = next((begin + 4, end) for kind, begin, end in _boxes(data, 0, len(data)) if kind == b"meta")
        parts = {kind: (begin, end) for kind, begin, end in _boxes(data, *meta)}
        properties = {kind: (begin, end) for kind, begin, end in _boxes(data, *parts[b"iprp"])}
        primary = data[parts[b"pitm"][0] : parts[b"pitm"][1]]
        item = int.from_bytes(primary[4:8] if primary[0] else primary[4:6], "big")
        listed = list(_boxes(data, *properties[b"ipco"]))
        chosen = [listed[index - 1] for index in _associated(data[slice(*properties[b"ipma"])], item) if index]
    except (StopIteration, KeyError, IndexError):
        return None
    for kind, begin, _ in chosen:
        if kind == b"colr" and data[begin : begin + 4] == b"nclx":
            return int.from_bytes(data[begin + 4 : begin + 6], "big"), int.from_bytes(
                data[begin + 6 : begin + 8], "big"
            )
    return None


def _boxes(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of the content of each box."""
    while at + 8 <= end:
        size, kind, begin = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if size == 1:
            size, begin = int.from_bytes(data[begin : begin + 8], "big"), begin + 8
        stop = end if size == 0 else at + size
        if stop < begin or stop > end:
            return
        yield kind, begin, stop
        at = stop


def _associated(box: bytes, item: int) -> list[int]:
    """Return the numbers, from 1, of the properties that an `ipma` box gives to an item."""
    wide_ids, wide_indices = 4 if box[0] else 2, 2 if box[3] & 1 else 1
    at = 8
    for _ in range(int.from_bytes(box[4:8], "big")):
        own, count = int.from_bytes(box[at : at + wide_ids], "big"), box[at + wide_ids]
        at += wide_ids + 1
        if own == item:
            places = range(at, at + count * wide_indices, wide_indices)
            most = (1 << 8 * wide_indices - 1) - 1  # The first bit says whether the property is essential.
            return [int.from_bytes(box[place : place + wide_indices], "big") & most for place in places]
        at += count * wide_indices
    return []


def from_coded(photo: Image.Image, coded: Coded | None) -> Image.Image:
    """Return an RGB photo in sRGB; the same one where the numbers say sRGB, or nothing that is known here."""
    if coded is None or photo.mode != "RGB" or (coded[0] not in _PRIMARIES and coded[1] not in _GAMMAS):
        return photo
    linear, matrix = _linear(coded[1]), _to_srgb(coded[0])
    pixels = np.asarray(photo)
    converted = np.empty_like(pixels)
    for row in range(0, len(pixels), 64):  # Some rows at a time: floats of a whole photo take many times its memory.
        light = linear[pixels[row : row + 64]] @ matrix.T
        converted[row : row + 64] = np.rint(255 * _encoded(light.clip(0, 1)))
    return Image.fromarray(converted)


def _linear(transfer: int) -> NDArray[np.float32]:
    """Return the light of each of 256 values."""
    values = np.arange(256, dtype=np.float32) / 255
    if transfer in _GAMMAS:
        return np.asarray(values ** _GAMMAS[transfer], dtype=np.float32)
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4).astype(np.float32)


def _encoded(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@lru_cache
def _to_srgb(primaries: int) -> NDArray[np.float32]:
    own, srgb = _to_xyz(_PRIMARIES.get(primaries, _SRGB)), _to_xyz(_SRGB)
    return np.asarray(np.linalg.solve(srgb, own), dtype=np.float32)


def _to_xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """Return the matrix (3, 3) from linear RGB to CIE XYZ (SMPTE RP 177)."""
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in primaries]).T
    white = np.array([_D65[0] / _D65[1], 1.0, (1 - sum(_D65)) / _D65[1]])
    return np.asarray(columns * np.linalg.solve(columns, white))
