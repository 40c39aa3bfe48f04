"""Many small photos in a few files: .npy arrays of uint8, each whole or not there, read photo by photo.

Read, not mapped into memory: a process that has seen all of a mapped file counts as holding all of it, and a hundred
thousand photos take more than any machine has. What is read often, the system keeps by itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from model.system.files import lock_file, sync

PHOTOS_PER_SHARD = 1024
"""As many as a killed run may have to read or draw again."""


@dataclass(frozen=True, slots=True)
class Pixels:
    """Photos (side, side, 3) in the order in which they were cached; `pixels[3]` reads the fourth."""

    paths: Sequence[Path]
    """Of the shards; all but the last hold `PHOTOS_PER_SHARD`."""
    offsets: Sequence[int]
    """Where the pixels begin in each, in bytes."""
    count: int
    side: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Return the shape that all of them together would have as an array."""
        return self.count, self.side, self.side, 3

    def __len__(self) -> int:
        """Return the number of photos."""
        return self.count

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return one photo. Raises IndexError."""
        if not 0 <= row < self.count:
            raise IndexError(row)
        shard, place = divmod(int(row), PHOTOS_PER_SHARD)
        size = self.side * self.side * 3
        values = np.fromfile(self.paths[shard], np.uint8, size, offset=self.offsets[shard] + place * size)
        return values.reshape(self.side, self.side, 3)


@dataclass(frozen=True, slots=True)
class SomePixels:
    """Those of some rows, read as needed."""

    pixels: Pixels
    rows: Sequence[int]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.rows)

    def __getitem__(self, row: int) -> NDArray[np.uint8]:
        """Return one photo. Raises IndexError."""
        return self.pixels[self.rows[row]]


Photos: TypeAlias = Pixels | SomePixels | NDArray[np.uint8]
"""Photos (side, side, 3), one after another, wherever they are."""


def shard_offset(path: Path, *, count: int, side: int) -> int | None:
    """Return where the pixels of a shard begin, in bytes; None if it is missing, cut off or another one."""
    try:
        array = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return int(array.offset) if array.shape == (count, side, side, 3) and array.dtype == np.uint8 else None


def write_shard(path: Path, photos: Iterable[NDArray[np.uint8]], *, count: int, side: int) -> None:
    """Write `count` photos (side, side, 3) as one file, which is there as a whole or not at all. Raises OSError.

    Another process that is at the same shard is waited for; what it made is taken.
    """
    partial = path.with_suffix(".partial")
    with _alone_at(partial) as file:
        try:
            if shard_offset(path, count=count, side=side) is not None:
                return
            # What a killed run left.
            file.truncate(0)
            header = {"descr": "|u1", "fortran_order": False, "shape": (count, side, side, 3)}
            np.lib.format.write_array_header_1_0(file, header)
            for photo in photos:
                file.write(np.ascontiguousarray(photo).data)
            file.flush()
            sync(partial)
            partial.replace(path)
            sync(path.parent)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def _alone_at(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for appending and hold its lock."""
    while True:
        with path.open("ab") as file:
            lock_file(file, wait=True)
            # Whoever had the lock before may have moved or removed the file.
            if _is_at(path, file):
                yield file
                return


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
