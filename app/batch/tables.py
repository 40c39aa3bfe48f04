"""Answers as rows of a CSV, JSONL or Parquet table, one per file."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, Self

from app.answers.words_file import is_blank
from app.views.row import Cell, Column, all_columns, unformulated
from model.errors import InputError, OutputError, WordsError
from model.system.files import NewFile

_ROWS_AT_ONCE = 2000
"""Rows of one group of a Parquet file: enough to compress well, few enough to keep in memory."""


class _Format(Protocol):
    """One way to write rows; `finish` writes what is left."""

    def write(self, row: Mapping[str, Cell]) -> None: ...
    def finish(self) -> None: ...


class _Csv:
    """Comma-separated values with a header, as RFC 4180 has them."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        self._rows = csv.DictWriter(self._text, [column.name for column in columns])
        self._rows.writeheader()

    def write(self, row: Mapping[str, Cell]) -> None:
        self._rows.writerow(row)

    def finish(self) -> None:
        self._text.flush()
        self._text.detach()


class _Jsonl:
    """One JSON object per line; null for nothing."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._file = file

    def write(self, row: Mapping[str, Cell]) -> None:
        values = {name: None if value == "" else value for name, value in row.items()}
        self._file.write(json.dumps(values, ensure_ascii=False, allow_nan=False).encode() + b"\n")

    def finish(self) -> None:
        self._file.flush()


class _Parquet:
    """Apache Parquet with the types of the columns, compressed with zstd."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        arrow, parquet = _import_pyarrow()
        types = {str: arrow.string(), float: arrow.float64(), int: arrow.int64()}
        self._schema = arrow.schema([(column.name, types[column.type]) for column in columns])
        self._arrow = arrow
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._waiting: list[Mapping[str, Cell]] = []

    def write(self, row: Mapping[str, Cell]) -> None:
        self._waiting.append(row)
        if len(self._waiting) == _ROWS_AT_ONCE:
            self._flush()

    def finish(self) -> None:
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        self._writer.write_table(self._arrow.Table.from_pylist(self._waiting, schema=self._schema))
        self._waiting = []


_FORMATS: dict[str, type[_Csv] | type[_Jsonl] | type[_Parquet]] = {".csv": _Csv, ".jsonl": _Jsonl, ".parquet": _Parquet}

SUFFIXES = tuple(_FORMATS)
"""Of the tables that can be written."""


def check_format(path: Path) -> None:
    """Raise OutputError `unknown_format` for another suffix, InputError when Parquet's library is missing."""
    suffix = path.suffix.lower()
    if suffix not in _FORMATS:
        raise OutputError("unknown_format", f"{str(path)!r} ends in none of {' '.join(SUFFIXES)}; choose one of them.")
    if suffix == ".parquet":
        _import_pyarrow()


class TableWriter:
    """A table that appears under its name only when it is complete, and then at once."""

    def __init__(self, file: NewFile, *, columns: Sequence[Column], excel: bool = False) -> None:
        """Take what `open` has checked; call `open` instead."""
        self._file = file
        if excel:
            file.file.write(codecs.BOM_UTF8)
        self._columns = columns
        self._format: _Format = _FORMATS[file.target.suffix.lower()](file.file, columns)

    @classmethod
    def open(
        cls, path: Path, *, outputs: Sequence[str], overwrite: bool = False, again: bool = False, excel: bool = False
    ) -> Self:
        """Return a writer to use in a `with` statement.

        For `again` see `NewFile`; with `excel` a CSV table begins with the mark by which Excel knows UTF-8.
        Raises OutputError: the suffix is none of `SUFFIXES`, the file exists, or its folder takes no file; InputError:
        a library is missing.
        """
        check_format(path)
        file = NewFile.open(path, overwrite=overwrite, again=again)
        try:
            return cls(file, columns=all_columns(outputs), excel=excel)
        except BaseException as error:
            file.__exit__(type(error), error, None)
            raise

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def write(self, row: Mapping[str, Cell]) -> None:
        """Write one row. Raises WordsError when it lost its referral; a full disk shows at the latest at the end."""
        _check(row, self._columns, place=str(self._file.target))
        self._format.write({name: unformulated(value) for name, value in row.items()})

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the complete table in its place; after an exception leave nothing behind. Raises OutputError."""
        if kind is None:
            try:
                self._format.finish()
            except BaseException as failure:
                self._file.__exit__(type(failure), failure, None)
                raise
        self._file.__exit__(kind, error, trace)


def parquet_part(rows: Iterable[Mapping[str, Cell]], *, outputs: Sequence[str], name: str) -> bytes:
    """Return a Parquet file of some rows: one of the parts of a table, with its columns, types and rules.

    Raises WordsError, naming the part, when a row lost its referral; InputError when a library is missing.
    """
    file, columns = io.BytesIO(), all_columns(outputs)
    table = _Parquet(file, columns)
    for each in rows:
        _check(each, columns, place=name)
        table.write({name: unformulated(value) for name, value in each.items()})
    table.finish()
    return file.getvalue()


def rows_of_part(data: bytes, *, columns: Sequence[str], name: str) -> list[dict[str, Cell]]:
    """Return some columns of a part that `parquet_part` made. Raises OutputError when it is damaged."""
    arrow, parquet = _import_pyarrow()
    try:
        rows: list[dict[str, Cell]] = parquet.read_table(io.BytesIO(data), columns=list(columns)).to_pylist()
    except (arrow.ArrowException, OSError) as error:
        sentence = f"{name!r} is damaged; remove it, then repeat the command with --resume."
        raise OutputError("damaged_part", sentence) from error
    return rows


def _check(row: Mapping[str, Cell], columns: Sequence[Column], *, place: str) -> None:
    for name in ("urgent_advice", "referral", "limits"):
        if is_blank(row.get(name)):
            raise WordsError("empty_text", f"A row of {place!r} must not lose its {name!r}; keep it.")
    names = tuple(column.name for column in columns)
    if tuple(row) != names:
        raise ValueError(f"a row has the columns {names}, not {tuple(row)}")


def _import_pyarrow() -> tuple[Any, Any]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise InputError(
            "extra_not_installed",
            "A .parquet table needs pyarrow; install it with `pip install -e '.[parquet]'`, or choose .csv or .jsonl.",
        ) from error
    return pyarrow, pyarrow.parquet
