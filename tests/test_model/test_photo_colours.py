"""The same scene in wide colours gives the same sRGB pixels in every format, whatever names its colours."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from model.photo import read_photo
from model.photo.coded_colour import from_coded, iso_colour
from tests.support.drawing import encoded, png_chunk, skin

SCENE = skin(width=12, height=8, dots=3).repeat(16, axis=0).repeat(16, axis=1)
"""Patches of the colours of skin and of red spots, of the size of the blocks in which lossy formats store photos."""
D65 = (0.3127, 0.329)
SPACES = {
    "Display P3": (((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)), None, (12, 13)),
    "Adobe RGB": (((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)), 563 / 256, None),
    "BT.2020": (((0.708, 0.292), (0.17, 0.797), (0.131, 0.046)), None, (9, 13)),
}
"""Chromaticities, gamma (None: the curve of sRGB), and numbers of ITU-T H.273."""
SRGB = ((0.64, 0.33), (0.3, 0.6), (0.15, 0.06))


def to_xyz(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    columns = np.array([(x / y, 1, (1 - x - y) / y) for x, y in primaries]).T
    return columns * np.linalg.solve(columns, np.array([D65[0] / D65[1], 1, (1 - sum(D65)) / D65[1]]))


def scene_in(space: str) -> NDArray[np.uint8]:
    """Return the scene as a camera writes it that works in another space: computed by hand from sRGB."""
    primaries, gamma, _ = SPACES[space]
    values = SCENE / 255
    light = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = (light @ np.linalg.solve(to_xyz(primaries), to_xyz(SRGB)).T).clip(0, 1)
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * (curve if gamma is None else light ** (1 / gamma))).astype(np.uint8)


def profile_of(space: str) -> bytes:
    """Return an ICC profile of a space: that of sRGB with other primaries, adapted to D50 (Bradford), and curve."""
    primaries, gamma, _ = SPACES[space]
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    white = to_xyz(primaries).sum(axis=1)
    adapted = np.linalg.solve(bradford, np.diag(bradford @ (0.9642, 1, 0.8249) / (bradford @ white)) @ bradford)
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), (adapted @ to_xyz(primaries)).T, strict=True):
        entry = profile.index(tag, 128)
        at = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[at : at + 12] = b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in column)
    if gamma is not None:
        entry = profile.index(b"rTRC", 128)
        at = int.from_bytes(profile[entry + 4 : entry + 8], "big")
        profile[at : at + 16] = b"para" + struct.pack(">IHHi", 0, 0, 0, round(gamma * 65536))
    for name in (b"sRGB", "sRGB".encode("utf-16-be")):
        profile = profile.replace(name, b"test".ljust(len(name), b"\0"))
    return bytes(profile)


def by_hand(pixels: NDArray[np.uint8], space: str) -> NDArray[np.float64]:
    """Return what `scene_in` was made of."""
    primaries, gamma, _ = SPACES[space]
    values = pixels / 255
    curve = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    light = curve if gamma is None else values**gamma
    light = (light @ np.linalg.solve(to_xyz(SRGB), to_xyz(primaries)).T).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def assert_same(data: bytes, *, kind: str, space: str) -> None:
    """Check the pixels against the scene; behind a lossy format, which moves colours by itself, what it kept."""
    found = read_photo(data).pixels.astype(float)
    with Image.open(BytesIO(data)) as stored:
        kept = by_hand(np.asarray(stored.convert("RGB")), space)
    expected = kept if kind in ("JPEG", "AVIF") else SCENE
    assert np.abs(found - expected).max() <= 2
    assert np.abs(found - SCENE).mean() < 2


def options_of(kind: str) -> dict[str, object]:
    return {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    }.get(kind, {})


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
def test_a_profile_is_followed_in_every_format(kind: str, space: str) -> None:
    data = encoded(scene_in(space), kind, icc_profile=profile_of(space), **options_of(kind))
    assert_same(data, kind=kind, space=space)


@pytest.mark.parametrize("space", [name for name, (_, _, numbers) in SPACES.items() if numbers])
def test_numbers_are_followed_where_there_is_no_profile(space: str) -> None:
    numbers = SPACES[space][2]
    assert numbers is not None
    png = encoded(scene_in(space), "PNG")
    assert_same(png[:33] + png_chunk(b"cICP", bytes((*numbers, 0, 1))) + png[33:], kind="PNG", space=space)
    avif = encoded(scene_in(space), "AVIF", **options_of("AVIF"))
    at = avif.index(b"colrnclx") + 8
    assert_same(avif[:at] + struct.pack(">HH", *numbers) + avif[at + 4 :], kind="AVIF", space=space)


def test_numbers_that_say_srgb_or_nothing_known_change_nothing() -> None:
    picture = Image.fromarray(SCENE)
    for numbers in (None, (1, 13), (2, 2), (1, 1), (99, 99)):
        assert from_coded(picture, numbers) is picture


@pytest.mark.parametrize("gamma", [4, 8])
def test_other_curves_are_followed(gamma: int) -> None:
    power = {4: 2.2, 8: 1.0}[gamma]
    ramp = np.arange(256, dtype=np.uint8)[None, :, None].repeat(3, axis=2)
    light = (ramp / 255) ** power
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(np.asarray(from_coded(Image.fromarray(ramp), (1, gamma))) - expected).max() <= 1


def test_broken_boxes_name_no_colour() -> None:
    avif = encoded(SCENE, "AVIF")
    assert iso_colour(avif) == (1, 13)
    for at in range(0, 320, 3):
        for value in (0, 255):
            iso_colour(avif[:at] + bytes([value]) + avif[at + 1 :])
        iso_colour(avif[:at])
    assert iso_colour((Path(__file__).parents[1] / "data" / "orientation_1.heic").read_bytes()) is None
