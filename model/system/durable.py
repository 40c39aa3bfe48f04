"""What outlasts a power cut, and what only one process may have open."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder. Raises OSError, for a file only."""
    if path.is_dir():
        # Not every system can open a folder.
        with suppress(OSError):
            _sync(path)
    else:
        _sync(path)


def lock_file(file: IO[bytes], *, wait: bool) -> None:
    """Take the lock of an open file, for as long as it is open; without effect where there are none, as on Windows.

    Raises BlockingIOError when another process has it and `wait` is not asked for.
    """
    if sys.platform != "win32":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
