"""A folder per category of drawn photos, in the layout that `train` and `evaluate` read."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from PIL import Image

from model.errors import OutputError
from training.rendering import DRAWN_CATEGORIES, draw

QUALITY = 92


def draw_folder(out: Path, *, per_category: int, seed: int, size: int) -> None:
    """Write `per_category` drawn JPEG photos per category into a new folder.

    Raises OutputError when the folder exists or cannot be written; nothing is left half made.
    """
    if out.exists():
        raise OutputError("exists", f"{str(out)!r} exists already; choose another folder or remove it.")
    random = np.random.default_rng(seed)
    try:
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=out.name + ".partial-") as name:
            folder = Path(name) / "drawn"
            for category in DRAWN_CATEGORIES:
                (folder / category).mkdir(parents=True)
                for number, photo_seed in enumerate(random.integers(2**31, size=per_category)):
                    photo = Image.fromarray(draw(category, seed=int(photo_seed), size=size).pixels)
                    photo.save(folder / category / f"{category}_{number:04d}.jpg", quality=QUALITY)
            folder.rename(out)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(out)!r} cannot be written ({error}); choose another.") from error
