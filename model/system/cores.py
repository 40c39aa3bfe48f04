"""The number of processor cores that this process may use."""

from __future__ import annotations

import os
import sys


def available_cores() -> int:
    """Return the cores of this process: those that its affinity leaves it, as a job scheduler sets it; at least 1."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
