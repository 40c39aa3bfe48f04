"""A folder per category of drawn photos, in the layout that `train` and `evaluate` read."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from model.system.files import cannot_write, check_absent, new_folder
from training.rendering import DRAWN_CATEGORIES, draw

QUALITY = 92
MANIFEST = "photos.csv"


def draw_folder(out: Path, *, per_category: int, seed: int, size: int) -> None:
    """Write `per_category` drawn JPEG photos per category into a new folder, and a manifest with their skin tones.

    Raises OutputError when the folder exists or cannot be written; nothing is left half made.
    """
    check_absent(out)
    random = np.random.default_rng(seed)
    try:
        with new_folder(out) as folder:
            rows: list[list[str]] = []
            for category in DRAWN_CATEGORIES:
                (folder / category).mkdir(parents=True)
                for number, photo_seed in enumerate(random.integers(2**31, size=per_category)):
                    photo = draw(category, seed=int(photo_seed), size=size)
                    file = f"{category}/{category}_{number:04d}.jpg"
                    Image.fromarray(photo.pixels).save(folder / file, quality=QUALITY)
                    rows.append([file, category, f"monk {photo.monk_tone}"])
            with (folder / MANIFEST).open("w", encoding="utf-8", newline="") as table:
                csv.writer(table).writerows([("file_name", "category", "skin_tone"), *rows])
    except OSError as error:
        raise cannot_write(out, error) from error
