"""Rows of a manifest, as commands write them and `training.data.manifest.read_manifest` reads them."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from io import TextIOWrapper
from pathlib import Path

from model.redaction import redacted, redacted_url
from model.system.files import NewFile


@dataclass(frozen=True, slots=True)
class Row:
    """One photo in a manifest; an empty text is an unknown."""

    file_name: str
    """Relative to the manifest."""
    category: str
    group: str
    split: str = ""
    skin_tone: str = ""
    body_site: str = ""
    calm: str = ""
    """`yes` where the skin shows no finding."""
    modality: str = ""
    """`clinical`, `dermoscopic` or `drawn`."""
    certainty: str = ""
    """`exact`, or `doubtful`: such a photo trains and never measures."""
    label: str = ""
    """In the dataset's own words."""
    source: str = ""
    licence: str = ""
    url: str = ""
    sha256: str = ""


COLUMNS = tuple(field.name for field in fields(Row))


def in_utf8(text: str) -> str:
    """Return a text that can be written as UTF-8: bytes of a file name that are none appear as `\\xff`."""
    return os.fsencode(text).decode(errors="backslashreplace")


def row_of(cells: Mapping[str, str]) -> Row:
    """Return the known columns of a row that may have others."""
    return Row(**{name: cells.get(name) or "" for name in COLUMNS})


def write_rows(path: Path, rows: Sequence[Row]) -> None:
    """Write a manifest that did not exist, whole or not at all. Raises OutputError."""
    write_cells(path, COLUMNS, [asdict(row) for row in rows])


def write_cells(path: Path, columns: Sequence[str], rows: Sequence[Mapping[str, str]]) -> None:
    """Write a CSV table that did not exist, whole or not at all, in UTF-8.

    Bytes of file names that are no UTF-8 are written as they are, so that the table finds its files again. Raises
    OutputError.
    """
    with NewFile.open(path, fix="choose another --out") as new:
        text = TextIOWrapper(new.file, encoding="utf-8", errors="surrogateescape", newline="", write_through=True)
        table = csv.DictWriter(text, columns, restval="")
        table.writeheader()
        table.writerows({name: _shown(name, cell) for name, cell in row.items()} for row in rows)
        text.detach()


def _shown(name: str, cell: str) -> str:
    """Return a cell without secrets of URLs; what tells photos and groups apart stays as it is."""
    if name in {"file_name", "group"}:
        return cell
    return redacted_url(cell) if name == "url" else redacted(cell)
