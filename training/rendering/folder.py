"""A folder per category of drawn photos, in the layout that `train` and `evaluate` read."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from model.errors import OutputError
from training.rendering import DRAWN_CATEGORIES, draw

QUALITY = 92
MANIFEST = "photos.csv"


def draw_folder(out: Path, *, per_category: int, seed: int, size: int) -> None:
    """Write `per_category` drawn JPEG photos per category into a new folder, and a manifest with their skin tones.

    Raises OutputError when the folder exists or cannot be written; nothing is left half made.
    """
    if out.exists():
        raise OutputError("exists", f"{str(out)!r} exists already; choose another folder or remove it.")
    random = np.random.default_rng(seed)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=out.name + ".partial-") as name:
            folder = Path(name) / "drawn"
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
            folder.rename(out)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(out)!r} cannot be written ({error}); choose another.") from error
