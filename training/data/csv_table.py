"""A table as spreadsheets and people save it: any usual separator and encoding, read whole or refused in a sentence."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.errors import ManifestError
from model.photo import escaped
from model.system.text import encoding_of

SEPARATORS = ",;\t|"
_WORKBOOKS = {b"PK\x03\x04": "an Excel or OpenDocument workbook", b"\xd0\xcf\x11\xe0": "an old Excel workbook"}
_LARGEST_CELL = 2**24
"""Letters: drawn outlines of other tools stand in one cell."""


@dataclass(frozen=True, slots=True)
class CsvTable:
    """Rows with the number of the line on which each ends; blanks around cells are gone, empty rows left out."""

    columns: Sequence[str]
    rows: Sequence[tuple[int, dict[str, str]]]


def read_csv_table(path: Path, *, columns: Collection[str]) -> CsvTable:
    """Return the table in a file. `columns` are names that the first line may have, in lower case.

    The separator is the one that gives the most of them; they are spelled so in what is returned, however they are in
    the file. Bytes that are no UTF-8 are kept as lone surrogates, see `refuse_other_bytes`. Raises ManifestError.
    """
    text = _text_of(path)
    first, _, rest = text.partition("\n")
    if told := re.fullmatch(r"\s*sep=(.)\s*", first):
        # A line for Excel alone.
        separator, text, begin = told[1], rest, 1
    else:
        separator, begin = max(SEPARATORS, key=lambda one: _fit(text, one, columns)), 0
    lines = _lines(text, separator, path, begin)
    _, header = next(lines, (0, []))
    names = [name.lower() if name.lower() in columns else name for name in header]
    for name in columns:
        if names.count(name) > 1:
            raise _unreadable(path, f"two columns are called {name!r}", "rename one")
    rows = []
    for number, cells in lines:
        if not any(cells):
            continue
        if any(cells[len(names) :]):
            problem = f"line {number} has {len(cells)} cells, and the first line {len(names)}"
            raise _unreadable(path, problem, "quote cells that hold the separator, or mend the line")
        padded = [*cells, *[""] * (len(names) - len(cells))]
        rows.append((number, {name: cell for name, cell in zip(names, padded, strict=False) if name}))
    return CsvTable([name for name in names if name], rows)


def refuse_other_bytes(path: Path, number: int, row: dict[str, str], file: Path) -> None:
    """Raise ManifestError for a row with bytes that are no UTF-8, unless its file is there under just these bytes."""
    if any(map(_has_other_bytes, row.values())) and not os.path.lexists(file):
        raise _unreadable(path, f"line {number} is not in UTF-8", "save it as UTF-8 or UTF-16")


def _text_of(path: Path) -> str:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error.strerror or "no reason given", "check the file and its permissions") from error
    for mark, kind in _WORKBOOKS.items():
        if data.startswith(mark):
            raise _unreadable(path, f"it is {kind}", "save it as CSV UTF-8 from the spreadsheet program")
    encoding, mark_length = encoding_of(data)
    try:
        text = data[mark_length:].decode(encoding, "surrogateescape" if encoding == "utf-8" else "strict")
    except UnicodeDecodeError as error:
        raise _unreadable(path, f"it is no {encoding.upper()}: {error.reason}", "save it as UTF-8") from error
    if "\0" in text:
        raise _unreadable(path, "it holds zero bytes", "save it as UTF-8")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _fit(text: str, separator: str, columns: Collection[str]) -> tuple[int, int]:
    line = text.lstrip("\n").partition("\n")[0]
    names = [cell.strip().strip('"').strip().lower() for cell in line.split(separator)]
    return sum(name in columns for name in names), len(names)


def _lines(text: str, separator: str, path: Path, begin: int) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that have cells."""
    before = csv.field_size_limit(_LARGEST_CELL)
    # Blanks after a separator and before a quote would make the quote a part of the cell.
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=separator, strict=True, skipinitialspace=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num + begin, [cell.strip() for cell in cells]
    except csv.Error as error:
        problem = f"line {reader.line_num + begin} is no line of a table: {error}"
        raise _unreadable(path, problem, "mend its quotes") from error
    finally:
        csv.field_size_limit(before)


def _has_other_bytes(cell: str) -> bool:
    return any("\udc80" <= letter <= "\udcff" for letter in cell)


def _unreadable(path: Path, problem: str, fix: str) -> ManifestError:
    sentence = f"'{escaped(str(path))}' is not read as a table ({escaped(problem)}); {fix}."
    return ManifestError("unreadable_manifest", sentence)
