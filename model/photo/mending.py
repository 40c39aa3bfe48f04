"""Files that other readers show whole although they are not quite as their format wants them: mended in memory.

A fault is forgiven when every pixel is there; what lacks pixels stays damaged. Nothing here decodes a photo.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
_END = b"\xff\xd9"
_SCAN = 0xDA
_MARKER = re.compile(rb"\xff([^\x00\xff])")
_AROUND_THE_PICTURE = ("unknown JFIF revision", "extraneous bytes before marker", "Invalid SOS parameters")
"""Remarks of libjpeg about bytes beside the picture; every other one means that pixels are lost, or may be."""
_BETWEEN_INTERVALS = re.compile(r"extraneous bytes before marker 0xd[0-7]")
_MOST_BYTES = 2**30
"""Of a PNG's pixel data that are unpacked to see whether they are all there."""


def mended_jpeg(data: bytes, remark: str) -> bytes:
    """Return a JPEG on which libjpeg remarked, with its end, a plain header, and restart markers in order.

    Decoded again without a remark, it is whole. Raises ValueError, with the remark, where pixels are lost.
    """
    if "Premature end of JPEG file" in remark and _has_all_scans(data):
        # If bits of the picture are missing as well, libjpeg comes upon this mark too early and says so.
        data = data.rstrip(b"\xff") + _END
    elif "instead of RST" in remark:
        data = _with_counted_intervals(data)
    elif not is_around_the_picture(remark):
        raise ValueError(remark)
    return _with_plain_header(data)


def is_around_the_picture(remark: str) -> bool:
    """Return whether libjpeg remarks on bytes beside the picture only."""
    return any(known in remark for known in _AROUND_THE_PICTURE) and not _BETWEEN_INTERVALS.search(remark)


def _with_plain_header(data: bytes) -> bytes:
    """Return a JPEG without bytes between its segments, with a known version of JFIF and plain bounds of its scan."""
    kept, end, is_progressive = bytearray(b"\xff\xd8"), 2, False
    for begin, marker in _markers(data):
        if _stands_alone(marker):
            end = begin + 2
            continue
        end = begin + 2 + max(2, int.from_bytes(data[begin + 2 : begin + 4], "big"))
        segment = bytearray(data[begin:end])
        is_progressive |= marker == 0xC2
        if marker == 0xE0 and segment[4:9] == b"JFIF\0":
            segment[9:11] = b"\x01\x02"
        if marker == _SCAN and not is_progressive:
            segment[-3:] = b"\0\x3f\0"
        kept += segment
        if marker == _SCAN:
            break
    return bytes(kept) + data[end:]


def _with_counted_intervals(data: bytes) -> bytes:
    """Return a JPEG whose restart markers count 0 to 7 in each scan, whatever its encoder wrote."""
    mended, number = bytearray(data), 0
    for at, marker in _markers(data):
        if marker == _SCAN:
            number = 0
        elif 0xD0 <= marker <= 0xD7:
            mended[at + 1] = 0xD0 + number % 8
            number += 1
    return bytes(mended)


def _has_all_scans(data: bytes) -> bool:
    """Return whether no scan is missing at the end: a progressive JPEG is cut off unseen between two of them.

    Each scan brings some coefficients of some components down to a bit (ITU-T T.81, G.1.1.1); the last bit is 0.
    """
    progressive, components = False, b""
    lowest: dict[tuple[int, int], int] = {}
    for at, marker in _markers(data):
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        payload = data[at + 4 : at + 2 + length]
        if marker in (0xC0, 0xC1, 0xC2):
            progressive, components = marker == 0xC2, payload[6::3]
        elif marker == _SCAN and progressive and len(payload) >= 6:
            chosen, (first, last, bits) = payload[1:-3:2], payload[-3:]
            lowest |= {(one, number): bits & 15 for one in chosen for number in range(first, min(last, 63) + 1)}
    return not progressive or all(lowest.get((one, number)) == 0 for one in components for number in range(64))


def _markers(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield place and code of each marker, those inside segments left out."""
    at = 2
    while found := _MARKER.search(data, at):
        marker = found[1][0]
        yield found.start(), marker
        at = found.end()
        if not _stands_alone(marker):
            at += max(2, int.from_bytes(data[at : at + 2], "big"))


def _stands_alone(marker: int) -> bool:
    """Return whether no segment follows a marker: restarts, begin, end, and TEM."""
    return 0xD0 <= marker <= 0xD9 or marker == 0x01


def mended_png(data: bytes) -> tuple[bytes, bool]:
    """Return a PNG with its end and with right lengths and checksums, and whether it lacked any of that.

    Raises ValueError or zlib.error when a part of the picture is missing or wrong; Pillow passes over both. Compressed
    pixels have a checksum of their own, which counts; broken chunks that are not of the picture are left out.
    """
    pixels: list[memoryview] = []
    kept, at, is_sound, has_end = [_PNG_SIGNATURE], len(_PNG_SIGNATURE), True, False
    view = memoryview(data)
    while at + 8 <= len(data) and not has_end:
        name, end = data[at + 4 : at + 8], at + 8 + int.from_bytes(view[at : at + 4], "big")
        whole = end + 4 <= len(data) and int.from_bytes(view[end : end + 4], "big") == zlib.crc32(view[at + 4 : end])
        is_sound &= whole
        has_end = name == b"IEND"
        if name == b"IDAT":
            if not pixels:
                kept.append(b"")  # Its place.
            pixels.append(view[at + 8 : min(end, len(data))])
        elif whole and not has_end:
            kept.append(data[at : end + 4])
        elif not whole and not has_end and not (name.isalpha() and name[0] & 0x20):
            raise ValueError("wrong checksum")
        at = end + 4
    if is_sound and has_end:
        return data, False
    if not _is_whole_stream(pixels):
        raise ValueError("the end is missing")
    picture = b"IDAT" + b"".join(pixels)
    kept[kept.index(b"")] = (len(picture) - 4).to_bytes(4, "big") + picture + zlib.crc32(picture).to_bytes(4, "big")
    return b"".join((*kept, _PNG_END)), True


def _is_whole_stream(pieces: list[memoryview]) -> bool:
    """Return whether compressed data come to their end; unpacked piece by piece, and kept nowhere."""
    unpacker, unpacked = zlib.decompressobj(), 0
    for piece in pieces:
        rest: bytes | memoryview = piece
        while len(rest) and not unpacker.eof and unpacked < _MOST_BYTES:
            unpacked += len(unpacker.decompress(rest, 2**20))
            rest = unpacker.unconsumed_tail
    return unpacker.eof
