"""A folder of everything that people and programs put among photos, with what must become of each file."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.drawing import bad_files, encoded, exif_with_place, skin

SCORED = "scored"
HEIC = Path(__file__).parents[1] / "data" / "orientation_6.heic"


def odd_files() -> dict[str, tuple[bytes, str]]:
    """Return files that are read in spite of what they are, by name, with the code of their note or `SCORED`."""
    pixels, other = skin(), Image.fromarray(skin(tone="dark"))
    see_through = np.dstack([pixels, np.full(pixels.shape[:2], 255, np.uint8)])
    see_through[:20, :, 3] = 0
    deep = (pixels.mean(axis=2) * 257).astype(np.uint16)
    wide = (pixels.mean(axis=2) / 255).astype(np.float32)
    frames = {
        kind: encoded(pixels, kind, save_all=True, append_images=[other]) for kind in ("GIF", "PNG", "WEBP", "TIFF")
    }
    return {
        "cmyk.jpg": (encoded(pixels, mode="CMYK"), SCORED),
        "progressive.jpg": (encoded(pixels, progressive=True), SCORED),
        "broken_profile.jpg": (encoded(pixels, icc_profile=b"no profile"), SCORED),
        "broken_exif.jpg": (encoded(pixels, exif=b"Exif\0\0II*\0\xff\xff\xff\xff"), SCORED),
        "sideways.jpg": (encoded(pixels, exif=exif_with_place(6)), SCORED),
        "zip_behind.jpg": (encoded(pixels) + b"PK\x03\x04 a ZIP behind it", SCORED),
        "really_a_png.jpg": (encoded(pixels, "PNG"), SCORED),
        "no_end.jpg": (encoded(pixels)[:-2], "header_fault"),
        "no_end.png": (encoded(pixels, "PNG")[:-12], "header_fault"),
        "palette.png": (encoded(pixels, "PNG", mode="P"), SCORED),
        "lab.tiff": (encoded(pixels, "TIFF", mode="LAB"), SCORED),
        "photo.webp": (encoded(pixels, "WEBP"), SCORED),
        "photo.avif": (encoded(pixels, "AVIF"), SCORED),
        "photo.bmp": (encoded(pixels, "BMP"), SCORED),
        "phone.heic": (HEIC.read_bytes(), SCORED),
        "48_megapixels.jpg": (encoded(np.tile(skin(width=800, height=600), (10, 10, 1))), SCORED),
        "see_through.png": (encoded(see_through, "PNG"), "transparency"),
        "deep.tiff": (encoded(deep, "TIFF"), "sixteen_bit"),
        "float.tiff": (encoded(wide, "TIFF"), "sixteen_bit"),
        **{f"frames.{kind.lower()}": (data, "first_frame") for kind, data in frames.items()},
        "black.png": (encoded(np.zeros((240, 320, 3), np.uint8), "PNG"), "too_dark"),
        "white.png": (encoded(np.full((240, 320, 3), 255, np.uint8), "PNG"), "too_bright"),
        "grey.png": (encoded(np.full((240, 320, 3), 120, np.uint8), "PNG"), "flat"),
        "noise.png": (encoded(np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8), "PNG"), "noisy"),
        "sea.png": (encoded(np.asarray(Image.fromarray(pixels[..., ::-1])), "PNG"), "no_skin"),
        "=formula().jpg": (encoded(pixels), SCORED),
        "$(touch x).jpg": (encoded(pixels), SCORED),
        "new\nline.jpg": (encoded(pixels), SCORED),
        "Fußfläche 写真 \u202egpj.jpg": (encoded(pixels), SCORED),
        os.fsdecode(b"latin caf\xe9.jpg"): (encoded(pixels), SCORED),
    }


def write_corpus(folder: Path) -> dict[Path, str]:
    """Fill a folder and return, by path, the error, reason or note that each file must get, or `SCORED`."""
    wanted = {}
    for name, (data, code) in odd_files().items():
        wanted[folder / name] = code
        (folder / name).write_bytes(data)
    for name, (data, code) in bad_files().items():
        wanted[folder / f"{name}.jpg"] = code
        (folder / f"{name}.jpg").write_bytes(data)
    os.mkfifo(folder / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket is short.
        before = Path.cwd()
        os.chdir(folder)
        try:
            server.bind("s.jpg")
        finally:
            os.chdir(before)
    (folder / "loop.jpg").symlink_to(folder / "loop.jpg")
    (folder / "dangling.jpg").symlink_to(folder / "nowhere.jpg")
    (folder / "device.jpg").symlink_to(os.devnull)
    wanted |= {folder / name: "not_a_file" for name in ("pipe.jpg", "s.jpg", "device.jpg")}
    return wanted | {folder / "loop.jpg": "unreadable", folder / "dangling.jpg": "missing"}
