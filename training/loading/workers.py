"""How worker processes behave: one thread each, no signals of their own, and no life without the process they work for.

Workers that each start a thread per core only take the cores from one another.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import shutil
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import threadpoolctl

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - where Linux keeps what processes share, no file of ours
"""Through which worker processes hand over their batches; 64 MiB in a plain container."""
_PLENTY = 2**30
_BATCHES = 3
"""Of each worker that are under way: two are made ahead, one is being used."""


def workers_that_fit(workers: int, batch_bytes: Callable[[], int]) -> int:
    """Return how many of the workers can hand over their batches; with less memory they would be killed in between.

    None are left where not even one can: the process makes its batches itself, the same ones. `batch_bytes` is asked
    only where memory is scarce.
    """
    try:
        free = shutil.disk_usage(SHARED_MEMORY).free
    except OSError:  # Another system.
        return workers
    if not workers or free >= _PLENTY:
        return workers
    fitting = min(workers, free // (_BATCHES * max(1, batch_bytes())))
    if fitting < workers:
        logging.getLogger(__name__).warning(
            "%s has %.0f MiB free, enough for %d of %d worker processes; give the container more, as by --shm-size=2g.",
            *(SHARED_MEMORY, free / 2**20, fitting, workers),
        )
    return fitting


def keep_to_one_thread(_worker: int = 0) -> None:
    """Limit OpenCV and the linear algebra of this process to one thread; for the start of a worker process."""
    cv2.setNumThreads(0)
    threadpoolctl.threadpool_limits(1)
    # Ctrl-C reaches all processes of a terminal; the first of them ends the others in its own time.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def keep_to_parent() -> None:
    """Do the same in a process of a pool, which would wait for ever when the process that it works for was killed."""
    keep_to_one_thread()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)
