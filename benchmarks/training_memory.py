"""Peak memory of reading so many training photos for an epoch: `python -P benchmarks/training_memory.py 20000`.

Many entries of the manifest are the same few drawn photos: what is measured is the size of the list and of the cache.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from model.preprocess import Preprocess
from training.data.manifest import Example, read_manifest
from training.loading.augment import build_augmentation
from training.loading.cache import cached_pixels
from training.loading.dataset import PhotoDataset
from training.loading.sampler import DrawLoader, Draws
from training.rendering import DRAWN_CATEGORIES
from training.rendering.folder import draw_folder


def main(count: int) -> None:
    """Print megabytes in the cache and at the peak of this process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        draw_folder(folder / "photos", per_category=4, seed=1, size=96)
        few = read_manifest(folder / "photos", categories=DRAWN_CATEGORIES)
        items = [
            Example(few[place % len(few)].path, few[place % len(few)].category, str(place)) for place in range(count)
        ]
        pixels = cached_pixels(items, side=96, folder=folder / "cache")
        dataset = PhotoDataset(pixels, [0] * count, Preprocess(64), build_augmentation(64, seed=1))
        loader = DrawLoader(dataset, Draws([1.0] * count, batch_size=32, seed=1), batch_size=32, workers=0)
        seen = sum(len(targets) for _, targets in loader)
        cache = sum(path.stat().st_size for path in (folder / "cache").iterdir()) / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    sys.stdout.write(f"{count} photos, {seen} seen, {cache:.0f} MB in the cache: {peak:.0f} MiB at the peak\n")


if __name__ == "__main__":
    main(int(sys.argv[1]))
