"""Engine: what does the work of `redspots score`."""

from __future__ import annotations

from enum import StrEnum

PART_SIZE = 500
"""Photos: some ten seconds of one core, which a worker that dies costs at most, and a file of 0.1 MB."""


class Engine(StrEnum):
    """Where photos are scored."""

    THREADS = "threads"
    """Of one process, into one table."""
    RAY = "ray"
    """On the machines of a Ray cluster, into a folder of Parquet parts."""
