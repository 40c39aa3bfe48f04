"""One thread per worker process: workers that each start a thread per core only take the cores from one another."""

from __future__ import annotations

import cv2
import threadpoolctl


def keep_to_one_thread(_worker: int = 0) -> None:
    """Limit OpenCV and the linear algebra of this process to one thread; for the start of a worker process."""
    cv2.setNumThreads(0)
    threadpoolctl.threadpool_limits(1)
