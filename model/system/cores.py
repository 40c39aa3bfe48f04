"""The number of processor cores that this process may use."""

from __future__ import annotations

import os
import sys
from math import ceil
from pathlib import Path

CGROUPS = Path("/sys/fs/cgroup")


def available_cores() -> int:
    """Return the cores of this process, at least 1: those that its affinity and its container's quota leave it.

    A job scheduler sets the first, `docker run --cpus` and Kubernetes the second.
    """
    if sys.platform != "linux":
        return os.cpu_count() or 1
    cores = len(os.sched_getaffinity(0))
    quota = _quota()
    return cores if quota is None else max(1, min(cores, ceil(quota)))


def _quota() -> float | None:
    """Return the cores that control groups allow, those of this process and all above; None without a limit."""
    found = []
    for place in _own_groups():
        try:
            words = (place / "cpu.max").read_text().split()
        except OSError:
            try:  # Version 1.
                words = [(place / f"cpu.cfs_{name}_us").read_text().strip() for name in ("quota", "period")]
            except OSError:
                continue
        try:
            quota, period = float(words[0]), float(words[1])
        except (ValueError, IndexError):  # "max", which is none.
            continue
        if quota > 0 and period > 0:
            found.append(quota / period)
    return min(found, default=None)


def _own_groups() -> list[Path]:
    """Return the folders of the control groups of this process; in a container the outermost is its own."""
    roots = [CGROUPS, CGROUPS / "cpu", CGROUPS / "cpu,cpuacct"]
    try:
        lines = Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return roots
    below: set[Path] = set()
    for line in lines:
        _, controllers, path = [*line.split(":", 2), "", ""][:3]
        if controllers == "" or "cpu" in controllers.split(","):
            inner = Path(path.strip("/"))
            below |= {root / part for root in roots for part in (inner, *inner.parents)}
    return [*roots, *sorted(below)]
