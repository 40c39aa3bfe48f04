"""The official tables of a dataset, checked and joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from model.card import sha256_of
from model.errors import DatasetError
from training.data.schema import Columns, Dataset, Table


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of all official tables of a dataset, joined; every cell is text, an empty one where nothing is known."""

    rows: Sequence[Mapping[str, str]]
    notes: tuple[str, ...]
    """Sentences on what is not as expected, and taken all the same."""


def read_tables(dataset: Dataset, folder: Path, *, accept_altered: bool = False) -> Tables:
    """Return the joined rows of the official tables in a folder.

    A table whose checksum is not that of the official file is refused, unless `accept_altered`; where only a public
    copy was seen, a difference is a note. Raises DatasetError.
    """
    assert dataset.columns is not None
    notes: list[str] = []
    joined: pd.DataFrame | None = None
    for table in dataset.table:
        frame = _read(table, folder, notes, accept_altered=accept_altered)
        joined = frame if joined is None else _join(joined, frame, dataset.columns.key, folder / table.file)
    assert joined is not None
    _check_columns(dataset, dataset.columns, set(map(str, joined.columns)), folder)
    rows = [{str(name): str(cell) for name, cell in row.items()} for row in joined.to_dict("records")]
    return Tables(rows, tuple(notes))


def _read(table: Table, folder: Path, notes: list[str], *, accept_altered: bool) -> pd.DataFrame:
    path = folder / table.file
    if not path.is_file():
        source = f"fetch it from {table.url}" if table.url else f"get it from {table.where}"
        raise DatasetError("missing_table", f"There is no table {str(path)!r}; {source}.")
    if table.sha256 and sha256_of(path) != table.sha256:
        if table.checksum_of == "official" and not accept_altered:
            raise DatasetError(
                "altered_table",
                f"{str(path)!r} is not the table that the label map was made for (its SHA-256 differs); get it from "
                f"{table.where}, or give --accept-altered to use it as it is.",
            )
        notes.append(f"{table.file} is not the table that the label map was made for: its SHA-256 differs.")
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:
        raise DatasetError(
            "altered_table", f"{str(path)!r} is not a CSV table in UTF-8 ({error}); get it again from {table.where}."
        ) from error
    if table.rows is not None and len(frame) != table.rows:
        notes.append(f"{table.file} has {len(frame)} rows, not {table.rows}.")
    return frame


def _join(left: pd.DataFrame, right: pd.DataFrame, key: str | None, path: Path) -> pd.DataFrame:
    if key not in left.columns or key not in right.columns:
        raise DatasetError("missing_column", f"{str(path)!r} has no column {key!r} in common; get it again.")
    fresh = [key, *(column for column in right.columns if column not in left.columns)]
    if right[key].duplicated().any():
        raise DatasetError("altered_table", f"{str(path)!r} has a {key!r} twice; get it again.")
    return left.merge(right[fresh], on=key, how="left").fillna("")


def _check_columns(dataset: Dataset, columns: Columns, found: set[str], folder: Path) -> None:
    wanted = {*columns.photo, *(tone.column for tone in columns.skin_tone)}
    wanted |= {name for name in (columns.key, columns.group, columns.name, columns.licence) if name}
    wanted |= {part.column for part in (columns.modality, columns.calm) if part}
    wanted |= set(dataset.body_site.columns if dataset.body_site else ())
    missing = sorted(wanted - found)
    if not found.intersection(columns.label):
        missing += columns.label[:1]
    if missing:
        files = ", ".join(table.file for table in dataset.table)
        raise DatasetError(
            "missing_column", f"{files} in {str(folder)!r} have no column {missing[0]!r}; get the official tables."
        )
