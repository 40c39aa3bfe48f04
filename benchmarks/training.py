"""`make bench-train`: how fast training is fed, how long it waits for photos, and seconds per epoch by backbone.

The naive loader decodes each photo with Pillow at every epoch; both augment alike. The two take turns, and the median
of the rounds counts. Weights are random: they make no difference to speed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn import functional
from torch.utils.data import DataLoader, RandomSampler

from model.preprocess import Preprocess
from training.data.manifest import Example, read_manifest
from training.fitting.network import build_network
from training.loading.augment import build_augmentation
from training.loading.cache import cached_pixels
from training.loading.dataset import PhotoDataset
from training.loading.workers import keep_to_one_thread
from training.recipes.hardware import this_machine
from training.rendering import DRAWN_CATEGORIES
from training.rendering.folder import draw_folder

BACKBONES = ("mobilenetv2_100", "mobilenetv3_large_100", "mobilenetv4_conv_small", "efficientnet_b0", "resnet50")
SIZE, MARGIN = 224, 1.5
SIDE = round(SIZE * MARGIN)
BATCH = 32


class NaivePhotos(torch.utils.data.Dataset):  # type: ignore[type-arg]
    """What a loop without a cache does: open, decode, resize, augment, normalise, at each call."""

    def __init__(self, examples: Sequence[Example]) -> None:
        """Take the photos to decode."""
        self._examples = examples
        self._augment = augmentation()
        self._preprocess = Preprocess(SIZE)

    def __len__(self) -> int:
        """Return the number of photos."""
        return len(self._examples)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        """Return one photo."""
        pixels = self._augment(image=decode(self._examples[index].path))["image"]
        return torch.from_numpy(self._preprocess.normalise(pixels)), 0


def augmentation() -> Any:
    """Return the augmentation of both."""
    return build_augmentation(SIZE, seed=0)


def decode(path: Path) -> NDArray[np.uint8]:
    """Return (side, side, 3) of the middle of a photo, every pixel of it decoded by Pillow."""
    with Image.open(path) as picture:
        photo = picture.convert("RGB")
    scale = SIDE / min(photo.size)
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.BICUBIC)
    left, top = (photo.width - SIDE) // 2, (photo.height - SIDE) // 2
    return np.asarray(photo.crop((left, top, left + SIDE, top + SIDE)))


def feed(dataset: Any, count: int, *, begin: int = 0) -> float:
    """Return photos per CPU second that a dataset gives in one process."""
    started = time.process_time()
    for index in range(begin, begin + count):
        dataset[index % len(dataset)]
    return count / (time.process_time() - started)


def rounds_of(rounds: int, *measures: Callable[[int], float]) -> list[list[float]]:
    """Return what each measure gave in each round; they take turns."""
    found: list[list[float]] = [[] for _ in measures]
    for number in range(rounds):
        for values, measure in zip(found, measures, strict=True):
            values.append(measure(number))
    return found


def train_steps(backbone: str, dataset: PhotoDataset, *, steps: int, workers: int) -> tuple[float, float]:
    """Return seconds per 1,000 photos, and the share of the time for which the step waited for its batch."""
    machine = this_machine()
    device = torch.device("cuda" if machine.gpu else "cpu")
    network = build_network(backbone, outputs=5).to(device, memory_format=torch.channels_last).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    # One long epoch: workers read ahead within an epoch only, and few photos would make many short ones.
    sampler = RandomSampler(dataset, replacement=True, num_samples=(steps + 1) * BATCH)
    loader = DataLoader(dataset, BATCH, sampler=sampler, num_workers=workers, worker_init_fn=keep_to_one_thread)
    feeding, waited, begin = iter(loader), 0.0, 0.0
    for step in range(steps + 1):
        # The first step is not counted: workers start, and kernels are chosen.
        if step == 1:
            waited, begin = 0.0, time.perf_counter()
        before = time.perf_counter()
        photos, targets = next(feeding)
        waited += time.perf_counter() - before
        with torch.autocast(device.type, torch.bfloat16, enabled=machine.precision == "bf16-mixed"):
            logits, _ = network(photos.to(device, memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), targets.to(device))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()
    whole = time.perf_counter() - begin
    return 1000 * whole / (steps * BATCH), waited / whole


def main() -> None:
    """Measure, and print tables in Markdown."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=500, help="drawn photos of 640 x 640")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--steps", type=int, default=10, help="steps of 32 photos per round")
    options.add_argument("--backbones", nargs="*", default=BACKBONES)
    chosen = options.parse_args()
    machine, load = this_machine(), os.getloadavg()[0]
    keep_to_one_thread()
    torch.set_num_threads(machine.cores)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "drawn"
        draw_folder(folder, per_category=-(-chosen.photos // len(DRAWN_CATEGORIES)), seed=11, size=640)
        examples = read_manifest(folder, categories=DRAWN_CATEGORIES)
        pixels = cached_pixels(examples, side=SIDE, folder=Path(place) / "cache")
        targets = [DRAWN_CATEGORIES.index(example.category) for example in examples]
        cached = PhotoDataset(pixels, targets, Preprocess(SIZE), augmentation())
        naive = NaivePhotos(examples)
        count = min(len(examples), 100)
        fast, slow = rounds_of(
            chosen.rounds,
            lambda number: feed(cached, count, begin=number * count),
            lambda number: feed(naive, count, begin=number * count),
        )
        ratios = [one / other for one, other in zip(fast, slow, strict=True)]
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in chosen.backbones}
        for _ in range(chosen.rounds):
            for name, rows in took.items():
                rows.append(train_steps(name, cached, steps=chosen.steps, workers=machine.workers))
                print(f"{name}: {rows[-1][0]:.0f} s, waits {rows[-1][1]:.1%}", file=sys.stderr, flush=True)
    print(
        f"{machine}, load {load:.1f} before the start; {len(examples)} photos, {chosen.rounds} rounds, "
        f"{chosen.steps} steps of {BATCH} at {SIZE} px; torch {torch.__version__}.\n"
    )
    print_tables(fast, slow, ratios, took)


def print_tables(
    fast: Sequence[float], slow: Sequence[float], ratios: Sequence[float], took: dict[str, list[tuple[float, float]]]
) -> None:
    """Print the medians of the rounds, with the least and the most."""
    print("| fed by | photos per CPU second |\n|---|---|")
    print(f"| the cache | {_median(fast)} |\n| Pillow, each time | {_median(slow)} |\n| times | {_median(ratios)} |\n")
    print("| backbone | seconds per epoch of 1,000 photos | waits for photos, % of the time |\n|---|---|---|")
    for name, rows in took.items():
        seconds, waits = zip(*rows, strict=True)
        print(f"| {name} | {_median(seconds)} | {_median([100 * wait for wait in waits])} |")


def _median(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.3g} ({min(values):.3g} to {max(values):.3g})"


if __name__ == "__main__":
    main()
