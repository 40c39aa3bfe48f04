"""Labelled photos as other tools keep them: folders, CSV, Hugging Face imagefolder, COCO and Label Studio."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from model.errors import ManifestError
from model.photo import find_photos
from training.data.manifest import read_cells

FILE_NAMES = ("file_name", "file", "filename", "path", "image", "image_path", "img")
CATEGORIES = ("category", "label", "labels", "class", "diagnosis")
GROUPS = ("group", "patient_id", "subject_id", "person_id", "lesion_id", "patient", "subject")
METADATA = ("metadata.csv", "metadata.jsonl")


@dataclass(frozen=True, slots=True)
class Found:
    """One photo as another tool lists it."""

    name: str
    """As it is written there."""
    folder: Path
    """That the name is relative to."""
    words: tuple[str, ...]
    """Its labels; none, one, or several that differ."""
    cells: Mapping[str, str] = field(default_factory=dict)
    """What else is known of it."""


def read_format(source: Path) -> tuple[str, list[Found]]:
    """Return the name of the format and the photos that it lists. Raises ManifestError."""
    if source.is_dir():
        tables = sorted(path for name in METADATA for path in source.rglob(name))
        if tables:
            return "Hugging Face imagefolder", [found for table in tables for found in _read_table(table)]
        return "folder per category", _read_folder(source)
    if not source.is_file():
        raise ManifestError("missing_manifest", f"There is no file or folder {str(source)!r}; check the path.")
    if source.suffix.lower() == ".json":
        value = _read_json(source)
        if isinstance(value, dict) and {"images", "annotations", "categories"} <= value.keys():
            return "COCO", _tolerant(_read_coco, source, value)
        if isinstance(value, list) and all(isinstance(task, dict) and "data" in task for task in value):
            return "Label Studio", _tolerant(_read_label_studio, source, value)
        raise ManifestError(
            "unreadable_manifest",
            f"{str(source)!r} is neither COCO nor JSON of Label Studio; export it again.",
        )
    return ("Hugging Face metadata" if source.name in METADATA else "CSV"), _read_table(source)


def _read_folder(folder: Path) -> list[Found]:
    """Read `category/photo` and, as imagefolder has it, `split/category/photo`."""
    found = []
    for path in find_photos([folder]):
        parts = path.relative_to(folder).parts[:-1]
        cells = {"split": parts[-2]} if len(parts) > 1 else {}
        found.append(Found(path.name, path.parent, parts[-1:], cells))
    return found


def _read_table(path: Path) -> list[Found]:
    if path.suffix.lower() == ".jsonl":
        lines = [line for line in _read_text(path).splitlines() if line.strip()]
        rows = [_flat(_parse(line, path)) for line in lines]
    else:
        rows = [cells for _, cells in read_cells(path, names=FILE_NAMES, categories=CATEGORIES)]
    split = path.parent.name
    found = []
    for cells in rows:
        name, word = _first(cells, FILE_NAMES), _first(cells, CATEGORIES)
        extra = {key: value for key, value in cells.items() if key and value and key not in (*FILE_NAMES, "category")}
        extra.setdefault("split", split)
        extra.setdefault("group", _first(cells, GROUPS))
        found.append(Found(name, path.parent, (word,) if word else (), extra))
    return found


def _first(cells: Mapping[str, str], names: Sequence[str]) -> str:
    return next((value for name in names if (value := (cells.get(name) or "").strip())), "")


def _read_coco(path: Path, value: Mapping[str, Any]) -> list[Found]:
    names = {category["id"]: str(category["name"]) for category in value["categories"]}
    words: dict[Any, dict[str, None]] = {}
    for annotation in value["annotations"]:
        words.setdefault(annotation["image_id"], {})[names[annotation["category_id"]]] = None
    return [Found(str(image["file_name"]), path.parent, tuple(words.get(image["id"], {}))) for image in value["images"]]


def _read_label_studio(path: Path, tasks: Sequence[Mapping[str, Any]]) -> list[Found]:
    found = []
    for task in tasks:
        data = {str(key): value for key, value in task["data"].items() if isinstance(value, str)}
        image = next((data[key] for key in ("image", *FILE_NAMES) if key in data), next(iter(data.values()), ""))
        words: dict[str, None] = {}
        for annotation in task.get("annotations", []):
            if not annotation.get("was_cancelled"):
                words |= dict.fromkeys(_words_of(annotation.get("result", [])))
        found.append(Found(_local_name(image), path.parent, tuple(words), {"group": _first(data, GROUPS)}))
    return found


def _words_of(results: Sequence[Mapping[str, Any]]) -> list[str]:
    kinds = ("choices", "rectanglelabels", "polygonlabels", "brushlabels", "keypointlabels", "ellipselabels")
    return [str(word) for result in results for kind in kinds for word in result.get("value", {}).get(kind, [])]


def _local_name(address: str) -> str:
    """Return the file's path in an address such as `/data/local-files/?d=folder/photo.jpg`."""
    parts = urlsplit(address)
    named = parse_qs(parts.query).get("d")
    return named[0] if named else unquote(parts.path).lstrip("/")


def _flat(value: Any) -> dict[str, str]:
    return {str(key): "" if cell is None else str(cell) for key, cell in value.items()}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(
            "unreadable_manifest", f"{str(path)!r} cannot be read as UTF-8 ({error}); save it again."
        ) from error


def _read_json(path: Path) -> Any:
    return _parse(_read_text(path), path)


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise ManifestError("unreadable_manifest", f"{str(path)!r} is not JSON ({error}); export it again.") from error


def _tolerant(read: Any, path: Path, value: Any) -> list[Found]:
    try:
        found: list[Found] = read(path, value)
    except (KeyError, TypeError, AttributeError) as error:
        raise ManifestError(
            "unreadable_manifest", f"{str(path)!r} lacks a part of its format ({error!r}); export it again."
        ) from error
    return found
