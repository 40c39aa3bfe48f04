"""Photos to label: those of a folder, of a manifest, or of a table that `score` wrote."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import ManifestError
from model.photo import find_photos

_OF_SCORES = frozenset({"file", "model_version", "schema"})
"""Columns that a table of `score` has and a manifest has not."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One photo that can be labelled."""

    path: Path
    cells: Mapping[str, str] = field(default_factory=dict)
    """All columns of its row in a manifest, by name; empty for a photo of a folder."""

    @property
    def category(self) -> str:
        """Return the category that it had before; empty for none."""
        return self.cells.get("category") or ""


def read_candidates(source: Path, *, categories: Collection[str]) -> list[Candidate]:
    """Return the photos of a folder, to any depth, of a manifest, or of a table of `score`, in their order.

    The subfolder of a photo says nothing here, nor does what a model said of it: `categories` are those that a manifest
    may name. Raises InputError, and ManifestError with the line and the fix.
    """
    if not source.is_file():
        return [Candidate(path) for path in find_photos([source])]
    columns, rows = _read_table(source)
    name = next((column for column in ("file_name", "file") if column in columns), None)
    if name is None:
        raise ManifestError(
            "missing_column", f"{str(source)!r} has no column 'file_name'; give a folder, a manifest or scores.csv."
        )
    is_scores = set(columns) >= _OF_SCORES
    candidates = []
    for line, row in rows:
        path = _photo(row[name] or "", source, is_scores=is_scores)
        where = f"line {line} of {str(source)!r}"
        if not path.is_file():
            raise ManifestError("missing_photo", f"{where} names {str(path)!r}, which is missing; correct the path.")
        cells = {} if is_scores else {column: value for column, value in row.items() if column and value}
        if (category := cells.get("category")) and category not in categories:
            raise ManifestError(
                "unknown_category",
                f"{where} has the category {category!r}; leave it empty or use one of {', '.join(categories)}.",
            )
        candidates.append(Candidate(path, cells))
    if not candidates:
        raise ManifestError("no_photos", f"{str(source)!r} lists no photo; add some.")
    return candidates


def _read_table(source: Path) -> tuple[Sequence[str], list[tuple[int, dict[str, str]]]]:
    try:
        with source.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            return list(reader.fieldnames or []), [(reader.line_num, dict(row)) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(
            "unreadable_manifest", f"{str(source)!r} is not a CSV table in UTF-8 ({error}); save it again as one."
        ) from error


def _photo(name: str, source: Path, *, is_scores: bool) -> Path:
    """Return the place of a photo: a manifest names it from where the manifest lies, `score` from where it was run."""
    if is_scores and Path(name).is_file():
        return Path(name)
    return source.parent / name
