"""How worker processes behave: one thread each, no signals of their own, and no life without the process they work for.

Workers that each start a thread per core only take the cores from one another.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading

import cv2
import threadpoolctl


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
