"""Draws the photos that are scored: some as the web has them, some as phones take them. No photo of a person."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))

from training.rendering.folder import draw_folder

WEB, PHONE = (640, 480), (4032, 3024)


def draw_photos(folder: Path, *, web: int, phone: int) -> None:
    """Fill `folder`/web/all and `folder`/phone/all: one subfolder each, as `ImageFolder` of torchvision wants it."""
    draw_folder(folder / "drawn", per_category=-(-web // 5), seed=11, size=640)
    drawn = sorted((folder / "drawn").rglob("*.jpg"))[:web]
    random = np.random.default_rng(0)
    for kind, size, count in (("web", WEB, web), ("phone", PHONE, phone)):
        (folder / kind / "all").mkdir(parents=True)
        for number, path in enumerate(drawn[:count]):
            with Image.open(path) as picture:
                pixels = np.asarray(picture.resize(size, Image.Resampling.BICUBIC), dtype=np.int16)
            # Sensors are noisy, and JPEG pays for noise as it does in real photos.
            noise = random.integers(-5, 6, (*pixels.shape[:2], 1), dtype=np.int16)
            photo = Image.fromarray((pixels + noise).clip(0, 255).astype(np.uint8))
            photo.save(folder / kind / "all" / f"{number:04d}.jpg", quality=85)
    shutil.rmtree(folder / "drawn")


if __name__ == "__main__":
    draw_photos(Path(sys.argv[1]), web=int(sys.argv[2]), phone=int(sys.argv[3]))
