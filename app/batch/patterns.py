"""Patterns of paths such as `photos/**/*.jpg`: what they match, each folder once, and what could not be looked at."""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatch
from glob import has_magic
from pathlib import Path

from model.photo import Walk


def matches_of(pattern: str, walk: Walk) -> list[Path]:
    """Return the files and folders of a pattern, sorted; `walk` learns which folders could not be listed.

    `**` stands for any number of folders. Names that begin with a dot are matched where the pattern spells the dot.
    """
    base = fixed_part(pattern)
    rest = Path(pattern).parts[len(base.parts) :]
    if "**" in rest:
        paths = walk.files_in(base, folders=True)
        return sorted(path for path in paths if fits(path.relative_to(base).parts, rest))
    found = [base]
    for part in rest:
        found = [match for folder in found for match in _in_folder(folder, part, walk)]
    return sorted(found)


def fixed_part(pattern: str) -> Path:
    """Return the folder in which a pattern begins."""
    parts = Path(pattern).parts
    return Path(*parts[: next(number for number, part in enumerate(parts) if has_magic(part))])


def _in_folder(folder: Path, part: str, walk: Walk) -> list[Path]:
    """Return what one part of a pattern matches in a folder."""
    if not has_magic(part):
        return [folder / part] if os.path.lexists(folder / part) else []
    if not os.path.isdir(folder):  # noqa: PTH112 - Path.is_dir may raise
        return []
    hidden = part.startswith(".")
    return [folder / name for name in walk.names_in(folder) if fnmatch(name, part) and name.startswith(".") == hidden]


def fits(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    """Return whether the parts of a path are those of a pattern, in which `**` stands for any number of folders."""
    if not wanted:
        return not parts
    if wanted[0] == "**":
        return len(wanted) == 1 or any(fits(parts[skipped:], wanted[1:]) for skipped in range(len(parts)))
    return bool(parts) and fnmatch(parts[0], wanted[0]) and fits(parts[1:], wanted[1:])
