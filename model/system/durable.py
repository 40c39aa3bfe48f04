"""What outlasts a power cut, and what only one process may have open."""

from __future__ import annotations

import errno
import logging
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO

_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""What `flock` answers where a file system knows none."""


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder. Raises OSError, for a file only."""
    if path.is_dir():
        # Not every system can open a folder.
        with suppress(OSError):
            _sync(path)
    else:
        _sync(path)


def lock_file(file: IO[bytes] | int, *, wait: bool) -> None:
    """Take the lock of an open file, for as long as it is open.

    Without effect where there are none, as on Windows; on a file system without locks, as some shares are, it is done
    without, and a warning is logged. Raises BlockingIOError when another process has it and `wait` is not asked for.
    """
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            logging.getLogger(__name__).warning(
                "The file system has no locks (%s): nothing keeps a second run from the same files; start none.",
                error.strerror,
            )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
