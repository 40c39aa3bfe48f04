"""Photos for training, decoded or drawn once and kept in shards on disk. Does not import torch."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.categories import NOT_SKIN, OTHER
from model.errors import OutputError
from model.photo import read_photo
from model.preprocess import READER, centre_square, decoded_side
from model.system.cores import available_cores
from training import rendering
from training.data.manifest import Example
from training.loading.shards import PHOTOS_PER_SHARD, Pixels, shard_offset, write_shard
from training.loading.workers import keep_to_parent
from training.recipes import DrawnOptions
from training.rendering.placement import chances_of

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
) -> Pixels:
    """Return the photos (side, side, 3) of all items, read from disk as needed; made where they are not there yet.

    Raises PhotoError for a photo that cannot be read, OutputError when the disk is full.
    """
    shards = list(_shards(items, side, folder))
    missing = [shard for shard in shards if shard.offset() is None]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _fill(missing, min(processes or available_cores(), len(items)))
    except OSError as error:
        raise OutputError(
            "cannot_write",
            f"The photos do not fit into {str(folder)!r} ({error}); make room, or choose another --cache.",
        ) from error
    offsets = [shard.offset() for shard in shards]
    if None in offsets:
        raise OutputError("cannot_write", f"The photos in {str(folder)!r} were altered meanwhile; start again.")
    return Pixels(
        [shard.path for shard in shards], [offset for offset in offsets if offset is not None], len(items), side
    )


def is_cached(items: Sequence[Example | DrawnExample], *, side: int, folder: Path) -> bool:
    """Return whether `cached_pixels` finds these items on disk."""
    return all(shard.offset() is not None for shard in _shards(items, side, folder))


def load_item(item: Example | DrawnExample, side: int) -> NDArray[np.uint8]:
    """Return one photo (side, side, 3), read or drawn, through the same resizing as in use. Raises PhotoError."""
    if isinstance(item, Example):
        return centre_square(read_photo(item.path, shorter_side=decoded_side(side)).pixels, side=side)
    canvas = None if item.canvas is None else read_photo(item.canvas, shorter_side=2 * DRAWN_SIZE).pixels
    if item.donor is not None:
        donor = read_photo(item.donor, shorter_side=2 * DRAWN_SIZE).pixels
        drawn = rendering.transplant(item.category, donor, seed=item.seed, size=DRAWN_SIZE, canvas=canvas)
    else:
        drawn = rendering.draw(item.category, seed=item.seed, size=DRAWN_SIZE, canvas=canvas)
    return centre_square(drawn.pixels, side=side)


def output_of(item: Example | DrawnExample) -> str:
    """Return the network's output that an item trains."""
    return OTHER if item.category == NOT_SKIN else item.category


@dataclass(frozen=True, slots=True)
class _Shard:
    items: Sequence[Example | DrawnExample]
    path: Path
    side: int

    def offset(self) -> int | None:
        """Return where its pixels begin, None if it is not there."""
        return shard_offset(self.path, count=len(self.items), side=self.side)


def _shards(items: Sequence[Example | DrawnExample], side: int, folder: Path) -> Iterator[_Shard]:
    code = _code_of_drawing()
    for begin in range(0, len(items), PHOTOS_PER_SHARD):
        some = items[begin : begin + PHOTOS_PER_SHARD]
        yield _Shard(some, folder / f"{_fingerprint(some, side, code)}.npy", side)


def _fill(shards: Sequence[_Shard], processes: int) -> None:
    if not shards:
        return
    # "spawn": a forked child would inherit the locks of torch's threads.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=keep_to_parent)
    try:
        for shard in shards:
            photos = pool.map(partial(load_item, side=shard.side), shard.items, chunksize=16)
            write_shard(shard.path, photos, count=len(shard.items), side=shard.side)
    finally:
        pool.shutdown(cancel_futures=True)


def _code_of_drawing() -> bytes:
    """Return what changes with the way of drawing, which makes other photos of the same seeds."""
    return b"".join(source.read_bytes() for source in sorted(Path(rendering.__file__).parent.glob("*.py")))


def _fingerprint(items: Sequence[Example | DrawnExample], side: int, code: bytes) -> str:
    digest = hashlib.sha256(f"{side} {READER}".encode())
    if any(isinstance(item, DrawnExample) for item in items):
        digest.update(code)
    for item in items:
        files = (item.path,) if isinstance(item, Example) else (item.canvas, item.donor)
        stats = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files if file]
        drawn = (item.category, item.seed) if isinstance(item, DrawnExample) else None
        digest.update(repr((stats, drawn)).encode())
    return digest.hexdigest()[:24]
