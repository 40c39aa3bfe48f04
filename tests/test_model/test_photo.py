"""`model.photo`: whatever bytes come in, a Photo or a PhotoError comes out, and no metadata with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from model.errors import PhotoError
from model.photo import Limits, Photo, read_photo
from tests.support.drawing import (
    CORNER_COLOURS,
    bad_files,
    encoded,
    exif_with_place,
    marked_corners,
    skin,
    stored_as,
)

# Drawn with `marked_corners`, turned by the HEIC boxes irot and imir and, saying the same, by EXIF data that also hold
# a place, as phones do; encoded with libheif 1.15.1 and x265 through heif_context_encode_image, image_orientation 1-8.
# In files 5 to 8 the `ispe` box was set to the stored size, 48 x 64, as ISO/IEC 23008-12 wants it.
HEIC_FILES = [Path(__file__).parents[1] / "data" / f"orientation_{number}.heic" for number in range(1, 9)]

BAD_FILES = bad_files()
LOSSY = ("JPEG", "WEBP", "AVIF")


def code_of(source: Path | bytes, **options: Any) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(source, **options)
    return caught.value.code


def assert_upright(photo: Photo) -> None:
    """The quarters of `marked_corners` are where they belong."""
    height, width = photo.pixels.shape[:2]
    places = [(y, x) for y in (height // 6, -height // 6) for x in (width // 6, -width // 6)]
    found = np.array([photo.pixels[place] for place in places], dtype=int)
    assert np.abs(found - CORNER_COLOURS).max() < 40


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "BMP", "TIFF", "GIF"])
def test_reads_the_same_pixels_from_every_format(kind: str) -> None:
    pixels = skin(dots=3)
    options: dict[str, Any] = {"quality": 95} if kind in LOSSY else {}
    data = encoded(pixels, kind, **options)
    photo = read_photo(data)
    assert photo.size == (320, 240)
    assert photo.pixels.shape == (240, 320, 3)
    assert photo.pixels.dtype == np.uint8
    assert photo.pixels.flags.c_contiguous
    assert photo.notes == ()
    assert photo.sha256 == sha256(data).hexdigest()
    assert np.abs(photo.pixels.astype(int) - pixels).mean() < 4


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.parametrize("shorter_side", [None, 32])
# Pillow warns about the tags of a cut TIFF before it gives up on it.
@pytest.mark.filterwarnings("ignore:.*EXIF data.*:UserWarning")
def test_bad_files_give_their_error(name: str, shorter_side: int | None) -> None:
    data, code = BAD_FILES[name]
    with pytest.raises(PhotoError) as caught:
        read_photo(data, shorter_side=shorter_side, name="my\nfile.jpg")
    assert caught.value.code == code
    assert r"my\nfile.jpg" in str(caught.value)
    assert "; " in str(caught.value), "the sentence must name the fix"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shorter_side", [None, 16])
def test_photos_are_turned_upright(kind: str, orientation: int, shorter_side: int | None) -> None:
    stored = stored_as(marked_corners(width=128, height=96), orientation)
    photo = read_photo(encoded(stored, kind, exif=exif_with_place(orientation)), shorter_side=shorter_side)
    assert photo.size == (128, 96)
    assert_upright(photo)


@pytest.mark.parametrize("path", HEIC_FILES, ids=lambda path: path.stem)
def test_heic_photos_are_turned_once(path: Path) -> None:
    photo = read_photo(path)
    assert photo.size == (64, 48)
    assert_upright(photo)


def test_a_truncated_heic_is_damaged() -> None:
    assert code_of(HEIC_FILES[0].read_bytes()[:-1]) == "damaged"
    assert code_of(HEIC_FILES[0].read_bytes()[:60]) == "damaged"


def test_broken_exif_is_ignored() -> None:
    for exif in (
        b"Exif\0\0",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff",
        b"Exif\0\0nonsense",
    ):
        assert read_photo(encoded(skin(), exif=exif)).size == (320, 240)


def test_no_metadata_leaves_the_reader() -> None:
    sources = [encoded(skin(), kind, exif=exif_with_place()) for kind in ("JPEG", "PNG", "WEBP", "AVIF", "TIFF")]
    for source in (*sources, HEIC_FILES[0].read_bytes()):
        photo = read_photo(source)
        assert {field.name for field in fields(photo)} == {"pixels", "size", "notes", "sha256", "shown"}
        assert type(photo.pixels) is np.ndarray
        assert "SECRET" not in repr(photo)
        assert b"SECRET" not in photo.pixels.tobytes()
        assert not hasattr(photo, "__dict__")


def display_p3() -> bytes:
    """Return a small profile with the primaries of Display P3."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    primaries = {b"rXYZ": (0.51512, 0.2412, -0.00105), b"gXYZ": (0.29198, 0.69225, 0.04189)}
    primaries[b"bXYZ"] = (0.1571, 0.06657, 0.78407)
    for tag, values in primaries.items():
        entry = profile.index(tag, 128)
        at = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
        profile[at : at + 12] = b"".join(round(value * 65536).to_bytes(4, "big", signed=True) for value in values)
    for name in (b"sRGB", "sRGB".encode("utf-16-be")):
        profile = profile.replace(name, b"test".ljust(len(name), b"\0"))
    return bytes(profile)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_wide_colours_come_back_in_srgb(kind: str) -> None:
    """Expected: by hand, with the matrices of CSS Color 4 (section 10) from Display P3 to sRGB."""
    pixels = np.full((64, 64, 3), (200, 60, 60), np.uint8)
    options: dict[str, Any] = {"quality": 98} if kind in LOSSY else {}
    photo = read_photo(encoded(pixels, kind, icc_profile=display_p3(), **options))
    assert np.abs(photo.pixels[32, 32].astype(int) - (217, 42, 52)).max() <= 5


def test_a_broken_colour_profile_is_ignored() -> None:
    plain = read_photo(encoded(skin())).pixels
    for profile in (b"no profile", display_p3()[:200]):
        assert np.array_equal(read_photo(encoded(skin(), icc_profile=profile)).pixels, plain)
    assert read_photo(encoded(skin(), mode="CMYK", icc_profile=b"no profile")).size == (320, 240)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "PNG"), ("1", "PNG"), ("LAB", "TIFF"), ("CMYK", "TIFF")],
)
def test_other_colour_modes_are_read(mode: str, kind: str) -> None:
    photo = read_photo(encoded(skin(dots=0), kind, mode=mode))
    assert photo.pixels.shape == (240, 320, 3)
    assert photo.notes == ()
    assert np.abs(photo.pixels.mean(axis=(0, 1)) - skin(dots=0).mean(axis=(0, 1))).max() < 40


def test_partial_transparency_is_shown_on_white_and_noted() -> None:
    pixels = np.dstack([skin(), np.full((240, 320), 255, np.uint8)])
    assert read_photo(encoded(pixels, "PNG")).notes == ()
    pixels[:100, :, 3] = 0
    photo = read_photo(encoded(pixels, "PNG"))
    assert photo.notes == ("transparency",)
    assert (photo.pixels[:100] == 255).all()
    assert np.array_equal(photo.pixels[100:], skin()[100:])


@pytest.mark.parametrize("top", [65535, 1.0])
def test_deep_greys_are_scaled_and_noted(top: float) -> None:
    ramp = np.linspace(0, top, 64 * 64).reshape(64, 64)
    photo = read_photo(encoded(ramp.astype(np.uint16 if top > 1 else np.float32), "TIFF"))
    assert photo.notes == ("sixteen_bit",)
    assert (photo.pixels.min(), photo.pixels.max()) == (0, 255)
    assert abs(int(photo.pixels[32, 0, 0]) - 128) <= 1


def test_floats_without_a_number_do_not_spoil_the_rest() -> None:
    pixels = np.linspace(-1e38, 3e38, 64 * 64, dtype=np.float32).reshape(64, 64)
    pixels[0, :3] = (np.nan, np.inf, -np.inf)
    assert read_photo(encoded(pixels, "TIFF")).pixels[-1, -1, 0] == 255
    assert code_of(encoded(np.full((64, 64), np.nan, np.float32), "TIFF")) == "damaged"


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP", "AVIF", "TIFF"])
def test_of_many_frames_the_first_is_read_and_noted(kind: str) -> None:
    first, second = skin(dots=0), skin(dots=0, tone="dark")
    photo = read_photo(encoded(first, kind, save_all=True, append_images=[Image.fromarray(second)]))
    assert photo.notes == ("first_frame",)
    assert abs(photo.pixels.mean() - first.mean()) < 5


def test_content_counts_and_not_the_name(tmp_path: Path) -> None:
    names = ["photo.png", "no suffix", "Fußfläche 写真.jpg", "new\nline.jpg", "$(touch x).jpg", "\udcff.jpg"]
    for name in names:
        path = tmp_path / name
        path.write_bytes(encoded(skin()) + b"PK\x03\x04 a ZIP behind it")
        assert read_photo(path).size == (320, 240)


def test_names_in_sentences_are_escaped(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match=r"a\\x1b\[31m\\n\\u202egpj") as caught:
        read_photo(tmp_path / "a\x1b[31m\n\u202egpj.exe")
    assert str(caught.value).isprintable()


def test_things_that_are_no_photo_file_give_an_error_and_never_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    (tmp_path / "gone.jpg").symlink_to(tmp_path / "nowhere.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.jpg"))
        assert code_of(tmp_path / "s.jpg") == "not_a_file"
    assert code_of(tmp_path / "pipe.jpg") == "not_a_file"
    assert code_of(tmp_path) == "not_a_file"
    assert code_of(Path(os.devnull)) == "not_a_file"
    assert code_of(tmp_path / "loop.jpg") == "unreadable"
    assert code_of(tmp_path / "gone.jpg") == "missing"
    assert code_of(tmp_path / "loop.jpg" / "below.jpg") == "unreadable"
    assert code_of(tmp_path / "zero\0byte.jpg") == "missing"


def test_a_file_without_permission_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "secret.jpg"
    path.write_bytes(encoded(skin()))
    path.chmod(0)
    privileged = os.geteuid() == 0
    if privileged:  # Root reads everything: step down to an ordinary user for a moment.
        os.seteuid(65534)
    try:
        assert code_of(path) == "unreadable"
    finally:
        if privileged:
            os.seteuid(0)


def test_limits_hold_before_anything_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin()))
    assert code_of(path, limits=Limits(max_bytes=1000)) == "file_too_large"
    assert code_of(path.read_bytes(), limits=Limits(max_bytes=1000)) == "file_too_large"
    assert code_of(path, limits=Limits(max_pixels=320 * 240 - 1)) == "too_many_pixels"
    assert read_photo(path, limits=Limits(max_pixels=320 * 240)).size == (320, 240)


def test_large_photos_are_decoded_scaled_down() -> None:
    pixels = skin(width=1000, height=750)
    for kind, mode in (("JPEG", None), ("JPEG", "CMYK"), ("PNG", None)):
        photo = read_photo(encoded(pixels, kind, mode=mode), shorter_side=180)
        assert photo.size == (1000, 750)
        assert 180 <= min(photo.pixels.shape[:2]) < 360
        assert abs(photo.pixels.mean() - pixels.mean()) < 2
    assert read_photo(encoded(pixels), shorter_side=376).pixels.shape == (750, 1000, 3)
    assert read_photo(encoded(pixels), shorter_side=375).pixels.shape == (375, 500, 3)


def test_people_are_shown_more_of_a_photo_than_the_network_needs() -> None:
    large = encoded(skin(width=1600, height=1200))
    photo = read_photo(large, shorter_side=224, shown=True)
    assert (photo.pixels.shape, photo.picture.shape) == ((300, 400, 3), (600, 800, 3))
    assert np.array_equal(photo.pixels, read_photo(large, shorter_side=224).pixels), "what is scored stays the same"
    for data, side in ((large, 700), (encoded(skin()), 224)):
        photo = read_photo(data, shorter_side=side, shown=True)
        assert photo.shown is None and photo.picture is photo.pixels, "there is no more to show"


def test_a_photo_of_48_megapixels_costs_less_than_100_mib(tmp_path: Path) -> None:
    """Measured in a process of its own: the peak of this one is made of other tests."""
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the peak of a process is read from /proc")
    tile = encoded(np.tile(skin(width=800, height=600), (10, 10, 1)))
    (tmp_path / "photo.jpg").write_bytes(tile)
    program = (
        "import sys; from pathlib import Path; from model.photo import read_photo\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        "before = peak(); photo = read_photo(Path(sys.argv[1]), shorter_side=256)\n"
        "assert photo.size == (8000, 6000); sys.exit(peak() - before > 100)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "photo.jpg"], check=True, cwd=Path(__file__).parents[2])


def test_simplejpeg_and_pillow_agree() -> None:
    for options in ({}, {"progressive": True}, {"subsampling": 0}):
        data = encoded(skin(), quality=90, **options)
        with Image.open(BytesIO(data)) as pillow:
            assert np.abs(read_photo(data).pixels.astype(int) - np.asarray(pillow)).max() <= 2


def test_stray_bytes_between_jpeg_segments_are_forgiven() -> None:
    data = encoded(skin())
    at = data.index(b"\xff\xdb")
    stray = data[:at] + b"\0\0\0" + data[at:]
    assert np.array_equal(read_photo(stray).pixels, read_photo(data).pixels)
    assert code_of(stray[:-500]) == "damaged"


def test_a_jpeg_of_endless_scans_is_refused() -> None:
    data = encoded(skin(), progressive=True)
    at = data.rindex(b"\xff\xda")
    assert code_of(data[:at] + data[at:-2] * 300 + data[-2:]) == "damaged"


def test_threads_do_not_disturb_each_other() -> None:
    sources = [encoded(skin(seed=seed), kind) for seed in range(6) for kind in ("JPEG", "PNG", "WEBP")]
    sources += [path.read_bytes() for path in HEIC_FILES[:2]]
    alone = [read_photo(source).pixels for source in sources]
    with ThreadPoolExecutor(4) as pool:
        together = [photo.pixels for photo in pool.map(read_photo, sources)]
    assert all(np.array_equal(one, other) for one, other in zip(alone, together, strict=True))


def test_importing_the_reader_loads_no_format_library() -> None:
    program = (
        "import sys, model.photo\n"
        "loaded = {'torch', '_pi_heif', 'PIL.AvifImagePlugin', 'PIL.ImageCms'} & sys.modules.keys()\n"
        "sys.exit(str(loaded) if loaded else 0)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[2])


def tiled_jpeg(width: int, height: int, **options: Any) -> bytes:
    """Return a JPEG of a strip repeated downwards: its intervals are repeated, so that nothing large is made."""
    strip = bytearray(encoded(skin(width=width, height=16, dots=0), restart_marker_rows=1, subsampling=2, **options))
    frame, scan = strip.index(b"\xff\xc0"), strip.index(b"\xff\xda")
    strip[frame + 5 : frame + 7] = height.to_bytes(2, "big")
    begin = scan + 2 + int.from_bytes(strip[scan + 2 : scan + 4], "big")
    rows = -(-height // 16)
    body = b"".join(bytes(strip[begin:-2]) + bytes([0xFF, 0xD0 + row % 8]) for row in range(rows))
    return bytes(strip[:begin]) + body[:-2] + b"\xff\xd9"


@pytest.mark.parametrize(("width", "height"), [(12000, 9000), (16320, 12240)])
def test_a_photo_of_108_or_200_megapixels_costs_less_than_200_mib(width: int, height: int, tmp_path: Path) -> None:
    status = Path("/proc/self/status")
    if not status.exists():
        pytest.skip("the peak of a process is read from /proc")
    (tmp_path / "photo.jpg").write_bytes(tiled_jpeg(width, height))
    program = (
        "import sys; from pathlib import Path; from model.photo import read_photo\n"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) / 1024\n"
        "photo = read_photo(Path(sys.argv[1]), shorter_side=224, shown=True)\n"
        f"assert photo.size == ({width}, {height}), photo.size; print(peak()); sys.exit(peak() > 200)"
    )
    subprocess.run([sys.executable, "-c", program, tmp_path / "photo.jpg"], check=True, cwd=Path(__file__).parents[2])


def test_what_must_be_in_memory_at_once_is_limited() -> None:
    """A progressive JPEG is whole in memory at any scale; so is one that is asked for in full."""
    large = tiled_jpeg(640, 480)
    progressive = encoded(skin(width=640, height=480), progressive=True)
    limits = Limits(max_pixels=640 * 480 - 1)
    assert read_photo(large, shorter_side=240, limits=limits).size == (640, 480)
    for data, side in ((large, None), (large, 241), (progressive, 240)):
        assert code_of(data, shorter_side=side, limits=limits) == "too_many_pixels"
    assert code_of(large, shorter_side=60, limits=Limits(max_jpeg_pixels=640 * 480 - 1)) == "too_many_pixels"
