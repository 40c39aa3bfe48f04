"""Labelled photos of a manifest as rows with all their columns, before anything is checked."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from training.data.manifest import read_cells


@dataclass(frozen=True, slots=True)
class Listed:
    """One row of a manifest, whatever its photo is like."""

    path: Path
    cells: dict[str, str]
    """All columns of the row, by name."""

    @property
    def category(self) -> str:
        """The category, or an empty text."""
        return self.cells.get("category") or ""

    @property
    def group(self) -> str:
        """The group; a photo without one is its own."""
        return self.cells.get("group") or str(self.path)

    @property
    def split(self) -> str:
        """The split, or an empty text."""
        return self.cells.get("split") or ""


def read_listed(manifest: Path) -> list[Listed]:
    """Return the rows of a CSV manifest or of a folder per category. Raises ManifestError."""
    folder = Path() if manifest.is_dir() else manifest.parent
    return [Listed(folder / cells["file_name"], cells) for _, cells in read_cells(manifest)]


def relative_to(path: Path, folder: Path) -> str:
    """Return the path from a folder with slashes, or the absolute one where they share no root."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # Another drive.
        return path.absolute().as_posix()


def columns_of(rows: Sequence[Listed], first: Sequence[str]) -> list[str]:
    """Return the names of all columns, those in `first` before the others."""
    return list(dict.fromkeys([*first, *(name for row in rows for name in row.cells if name)]))
