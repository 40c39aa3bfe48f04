"""Photos for training, decoded or drawn once and kept as one array of uint8 on disk. Does not import torch."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import OutputError
from model.photo import read_photo
from model.prediction import OTHER
from model.preprocess import centre_square
from training import rendering
from training.canvases import chances_of
from training.manifest import NOT_SKIN, Example
from training.recipe import DrawnOptions
from training.threads import keep_to_one_thread

DRAWN_SIZE = 384
"""Side of a drawn photo before it is resized like any other."""


@dataclass(frozen=True, slots=True)
class DrawnExample:
    """A photo that is drawn when it is needed; the same fields give the same photo."""

    category: str
    seed: int
    canvas: Path | None
    """The real photo to draw on, or None for drawn skin."""
    donor: Path | None = None
    """The real photo whose lesions are laid in, or None for drawn ones."""


def plan_drawn(
    options: DrawnOptions, *, outputs: Sequence[str], canvases: Sequence[Example], per_output: int, seed: int
) -> list[DrawnExample]:
    """Return `per_output` drawn examples for each output.

    The same canvases serve every output, in another order: what else they show says nothing about the category. Only
    where on the body they lie does, as it does in life.
    """
    random = np.random.default_rng(seed)
    planned = []
    on_photos = round(per_output * options.on_photos) if canvases else 0
    for output in outputs:
        chosen = [*_choose_canvases(random, output, canvases, count=on_photos), *[None] * (per_output - on_photos)]
        seeds = random.integers(2**31, size=per_output).tolist()
        planned += [DrawnExample(output, number, canvas) for number, canvas in zip(seeds, chosen, strict=True)]
    return planned


def _choose_canvases(
    random: np.random.Generator, category: str, canvases: Sequence[Example], *, count: int
) -> list[Path]:
    """Return `count` canvases in random order, each as often as its chance says, give or take one."""
    if not count:
        return []
    order = random.permutation(len(canvases))
    until = np.cumsum(chances_of(category, [canvases[index] for index in order]))
    marks = (np.arange(count) + random.random()) / count
    chosen = order[np.searchsorted(until, marks * until[-1])]
    return [canvases[index].path for index in random.permutation(chosen)]


def plan_transplants(
    examples: Sequence[Example], *, outputs: Sequence[str], per_output: int, on_photos: float, seed: int
) -> list[DrawnExample]:
    """Return `per_output` examples with the lesions of real photos, for each output that has any.

    Donors take turns; canvases are photos of `other` or, as for drawn lesions, drawn skin.
    """
    random = np.random.default_rng(seed)
    canvases = canvases_of(examples)
    planned = []
    for output in outputs:
        donors = [example.path for example in examples if example.category == output]
        chances = chances_of(output, canvases)
        for turn in range(per_output if donors else 0):
            if turn % len(donors) == 0:
                order = random.permutation(len(donors))
            on_photo = canvases and random.random() < on_photos
            canvas = canvases[int(random.choice(len(canvases), p=chances))].path if on_photo else None
            donor = donors[order[turn % len(donors)]]
            planned.append(DrawnExample(output, int(random.integers(2**31)), canvas, donor))
    return planned


def canvases_of(examples: Sequence[Example]) -> list[Example]:
    """Return the photos that may be drawn on: skin that is none of the categories."""
    return [example for example in examples if example.category == OTHER]


def cached_pixels(
    items: Sequence[Example | DrawnExample], *, side: int, folder: Path, processes: int | None = None
) -> NDArray[np.uint8]:
    """Return (n, side, side, 3) of all items, read from disk as needed; made on the first call.

    Raises PhotoError for a photo that cannot be read, OutputError when the disk is full.
    """
    path = _path(items, side, folder)
    if not path.exists():
        _fill(items, side, path, processes or os.cpu_count() or 1)
    return np.asarray(np.load(path, mmap_mode="r"))


def is_cached(items: Sequence[Example | DrawnExample], *, side: int, folder: Path) -> bool:
    """Return whether `cached_pixels` finds these items on disk."""
    return _path(items, side, folder).exists()


def load_item(item: Example | DrawnExample, side: int) -> NDArray[np.uint8]:
    """Return one photo (side, side, 3), read or drawn, through the same resizing as in use. Raises PhotoError."""
    if isinstance(item, Example):
        return centre_square(read_photo(item.path, shorter_side=side).pixels, side=side)
    canvas = None if item.canvas is None else read_photo(item.canvas, shorter_side=DRAWN_SIZE).pixels
    if item.donor is not None:
        donor = read_photo(item.donor, shorter_side=DRAWN_SIZE).pixels
        drawn = rendering.transplant(item.category, donor, seed=item.seed, size=DRAWN_SIZE, canvas=canvas)
    else:
        drawn = rendering.draw(item.category, seed=item.seed, size=DRAWN_SIZE, canvas=canvas)
    return centre_square(drawn.pixels, side=side)


def output_of(item: Example | DrawnExample) -> str:
    """Return the network's output that an item trains."""
    return OTHER if item.category == NOT_SKIN else item.category


def _fill(items: Sequence[Example | DrawnExample], side: int, path: Path, processes: int) -> None:
    partial_path = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.lib.format.open_memmap(partial_path, mode="w+", dtype=np.uint8, shape=(len(items), side, side, 3))
        # "spawn": a forked child would inherit the locks of torch's threads.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(processes, mp_context=context, initializer=keep_to_one_thread) as pool:
            for index, one in enumerate(pool.map(partial(load_item, side=side), items, chunksize=16)):
                pixels[index] = one
        pixels.flush()
        partial_path.rename(path)
    except OSError as error:
        raise OutputError("cannot_write", f"The photos do not fit into {str(path.parent)!r}: {error}.") from error
    finally:
        partial_path.unlink(missing_ok=True)


def _path(items: Sequence[Example | DrawnExample], side: int, folder: Path) -> Path:
    return folder / f"{_fingerprint(items, side)}.npy"


def _fingerprint(items: Sequence[Example | DrawnExample], side: int) -> str:
    digest = hashlib.sha256(str(side).encode())
    if any(isinstance(item, DrawnExample) for item in items):
        # Another way of drawing makes other photos of the same seeds.
        for source in sorted(Path(rendering.__file__).parent.glob("*.py")):
            digest.update(source.read_bytes())
    for item in items:
        files = (item.path,) if isinstance(item, Example) else (item.canvas, item.donor)
        stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file]
        drawn = (item.category, item.seed) if isinstance(item, DrawnExample) else None
        digest.update(repr((stats, drawn)).encode())
    return digest.hexdigest()[:24]
