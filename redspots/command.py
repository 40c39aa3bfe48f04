"""The command `redspots`, whatever else is called `app`, `model` or `training` where it is run."""

from __future__ import annotations

import sys
from pathlib import Path

OWN = ("app", "model", "training")


def put_own_first(path: list[str]) -> None:
    """Move places to the end of a search path that would be asked for `OWN` before the folder of redspots.

    A user's own `app.py` may lie in the current folder, which `python -m` and torchrun ask first, or on `PYTHONPATH`.
    Processes that this one starts get the same path.
    """
    home = Path(__file__).resolve().parents[1]
    others = [place for place in path if Path(place).resolve() != home and _holds_own_name(Path(place))]
    path[:] = [place for place in path if place not in others] + others


def _holds_own_name(place: Path) -> bool:
    try:
        return any((place / f"{name}.py").exists() or (place / name).is_dir() for name in OWN)
    except OSError:
        return False


put_own_first(sys.path)

from app.cli import main  # noqa: E402 - once it is clear whose `app` that is

__all__ = ["OWN", "main", "put_own_first"]
