"""Labelled photos as other tools keep them: which tool wrote what lies at a path, and the photos that it lists."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

from model.errors import ManifestError
from model.photo import Walk, find_photos, log_unseen
from model.system.text import decoded
from training.data import exports, yolo
from training.data.csv_table import read_csv_table, refuse_other_bytes
from training.data.found import CATEGORIES, FILE_NAMES, GROUPS, SPLITS, Found, first_of
from training.data.layouts import places, plain, split_in

METADATA = ("metadata.csv", "metadata.jsonl")
_TABLES = frozenset({*METADATA, "_annotations.csv", "_classes.csv", "via_export_csv.csv"})
"""Names that tell the table of an export."""


def read_format(source: Path, *, known: Collection[str] = ()) -> tuple[str, list[Found]]:
    """Return the name of the format and the photos that it lists, from a file or from all files of a folder.

    `known` are labels that mean a category, in the manner of `plain`: they tell folders of categories from others.
    Raises ManifestError.
    """
    if not source.is_dir():
        if not source.is_file():
            raise ManifestError("missing_manifest", f"There is no file or folder {str(source)!r}; check the path.")
        return _read_file(source, source.parent, known)
    walk = Walk()
    files = sorted(walk.files_in(source))
    log_unseen(walk)
    if tables := [path for path in files if path.name.lower() in _TABLES]:
        kind = "Hugging Face imagefolder" if tables[0].name.lower() in METADATA else "CSV of an export"
        return kind, [found for path in tables for found in _read_table(path, source, known)[1]]
    if settings := [path for path in files if path.name.lower() in ("data.yaml", "data.yml", "dataset.yaml")]:
        return "YOLO", yolo.read(settings[0], source)
    exports = [path for path in files if path.suffix.lower() in (".json", ".xml")]
    read = [_read_export(path, source) for path in exports]
    if listed := [one for one in read if one is not None]:
        return listed[0][0], [found for _, some in listed for found in some]
    found = _read_folder(source, known)
    tables = [path for path in files if path.suffix.lower() in (".csv", ".tsv") and path.parent == source]
    if len(tables) == 1 and not any(plain(word) in known for one in found for word in one.words):
        return _read_table(tables[0], source, known)
    return "folder per category", found


def _read_file(source: Path, root: Path, known: Collection[str]) -> tuple[str, list[Found]]:
    if source.suffix.lower() in (".json", ".xml"):
        if read := _read_export(source, root):
            return read
        raise ManifestError(
            "unreadable_manifest",
            f"{str(source)!r} is no export of a tool that is known, such as COCO or JSON of Label Studio; export it "
            "again.",
        )
    return _read_table(source, root, known)


def _read_folder(folder: Path, known: Collection[str]) -> list[Found]:
    """Read `category/photo`, `split/category/photo` and `category/person/photo`."""
    photos = find_photos([folder])
    told = places([photo.relative_to(folder).parts[:-1] for photo in photos], known=known)
    return [
        Found(
            photo.name,
            photo.parent,
            (place.category,) if place.category else (),
            {"split": place.split, "group": place.group},
        )
        for photo, place in zip(photos, told, strict=True)
    ]


def _read_table(path: Path, root: Path, known: Collection[str]) -> tuple[str, list[Found]]:
    if path.suffix.lower() == ".jsonl":
        lines = [(number, line) for number, line in enumerate(_read_text(path).split("\n"), start=1) if line.strip()]
        rows = [(number, _flat(_parse(line, path, number), path, number)) for number, line in lines]
        columns: Sequence[str] = list(dict.fromkeys(name for _, row in rows for name in row))
    else:
        table = read_csv_table(path, columns=(*FILE_NAMES, *CATEGORIES, *SPLITS, *GROUPS))
        rows, columns = list(table.rows), table.columns
    name = next((column for column in FILE_NAMES if column in columns), None)
    if name is None:
        raise ManifestError(
            "missing_column",
            f"{str(path)!r} has no column 'file_name'; its first line must name it, separated by commas.",
        )
    for number, row in rows:
        refuse_other_bytes(path, number, row, path.parent / row.get(name, ""))
    if "region_attributes" in columns:
        return "VIA", exports.read_via_rows(path, rows)
    label = next((column for column in CATEGORIES if column in columns), None)
    chosen = exports.classes_of(rows, columns, without=(*FILE_NAMES, *GROUPS, *SPLITS)) if label is None else {}
    folders = [_folders(first_of(row, FILE_NAMES), path, root) for _, row in rows]
    by_folder = places(folders, known=known) if label is None and not chosen else []
    found: dict[str, Found] = {}
    for index, (number, row) in enumerate(rows):
        file = first_of(row, FILE_NAMES)
        if label is not None:
            words = exports.words_in(first_of(row, CATEGORIES))
        elif chosen:
            words = chosen[number]
        else:
            words = (by_folder[index].category,) if by_folder[index].category else ()
        cells = {key: value for key, value in row.items() if value and key not in (*FILE_NAMES, "category")}
        cells["split"] = first_of(row, SPLITS) or split_in(folders[index])
        cells.setdefault("group", first_of(row, GROUPS) or (by_folder[index].group if by_folder else ""))
        one = Found(file, path.parent, words, cells)
        # Tables of boxes have a row for each.
        found[file or f"row {number}"] = one if file not in found else found[file].joined(one)
    if not any(one.words for one in found.values()) and label is None:
        raise ManifestError(
            "missing_column", f"{str(path)!r} has no column 'category', and its photos lie in no folders; add one."
        )
    return ("Hugging Face metadata" if path.name in METADATA else "CSV"), list(found.values())


def _folders(name: str, path: Path, root: Path) -> tuple[str, ...]:
    """Return the folders of a photo from a root on, through that of the table."""
    below = path.parent.relative_to(root).parts if path.parent.is_relative_to(root) else ()
    own = (path.parent.name,) if not below and split_in([path.parent.name]) else below
    return (*own, *Path(name.replace("\\", "/")).parts[:-1])


_EXPORTS: Sequence[tuple[str, Callable[[Any], bool], Callable[[Path, Any], list[Found]]]] = (
    ("COCO", exports.is_coco, exports.read_coco),
    ("Label Studio", exports.is_label_studio, exports.read_label_studio),
    ("Label Studio, short", exports.is_short_label_studio, exports.read_short_label_studio),
    ("VIA", exports.is_via, exports.read_via),
    ("LabelMe", exports.is_labelme, exports.read_labelme),
    ("Supervisely", exports.is_supervisely, exports.read_supervisely),
)


def _read_export(path: Path, root: Path) -> tuple[str, list[Found]] | None:
    """Return what an export lists, with the splits of the folders that it lies in; None where no tool wrote it."""
    if path.suffix.lower() == ".xml":
        return exports.read_cvat(path, _read_text(path))
    value = _parse(_read_text(path), path)
    for kind, fits, read in _EXPORTS:
        if fits(value):
            found = _tolerant(read, path, value)
            return kind, [one.in_split(split_in(_folders(one.name, path, root))) for one in found]
    return None


def _flat(value: Any, path: Path, number: int) -> dict[str, str]:
    if not isinstance(value, Mapping):
        sentence = f"Line {number} of {str(path)!r} is no JSON object; export it again."
        raise ManifestError("unreadable_manifest", sentence)
    return {str(key): "" if cell is None else str(cell).strip() for key, cell in value.items()}


def _read_text(path: Path) -> str:
    try:
        return decoded(path.read_bytes())
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            "unreadable_manifest", f"{str(path)!r} cannot be read as UTF-8 ({error}); save it again."
        ) from error


def _parse(text: str, path: Path, number: int | None = None) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        place = repr(str(path)) if number is None else f"Line {number} of {str(path)!r}"
        raise ManifestError("unreadable_manifest", f"{place} is not JSON ({error}); export it again.") from error


def _tolerant(read: Callable[[Path, Any], list[Found]], path: Path, value: Any) -> list[Found]:
    try:
        return read(path, value)
    except (KeyError, TypeError, AttributeError, ValueError, IndexError) as error:
        raise ManifestError(
            "unreadable_manifest", f"{str(path)!r} lacks a part of its format ({error!r}); export it again."
        ) from error
