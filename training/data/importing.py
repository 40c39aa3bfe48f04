"""Your own labelled photos as a manifest: what maps is taken, what does not is counted with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from model.categories import BACKGROUND, CATEGORIES, RESERVED, is_category_id
from model.errors import InputError, ManifestError
from model.photo import PHOTO_SUFFIXES
from model.system.files import check_absent, is_file
from training.data.croissant import croissant_path, write_croissant
from training.data.import_formats import Found, read_format
from training.data.manifest import BODY_SITES, SPLITS
from training.data.photos import Listed, columns_of, relative_to
from training.data.rows import COLUMNS, row_of, write_cells

KNOWN = (*CATEGORIES, *BACKGROUND)
_SPLITS = {**{split: split for split in SPLITS}, "training": "train", "val": "validation", "valid": "validation"}
_SPLITS |= {"dev": "validation", "testing": "test"}
_WORDS = {
    **{category: category for category in KNOWN},
    "petechia": "petechiae",
    "cherry_angiomas": "cherry_angioma",
    "cherry_haemangioma": "cherry_angioma",
    "cherry_hemangioma": "cherry_angioma",
    "sunburn": "sun_rash",
    "sun_related_rash": "sun_rash",
}
"""Words that mean a category, in lower case and with underscores. Others need to be told: nothing is guessed."""


@dataclass(frozen=True, slots=True)
class Import:
    """What came of it."""

    format: str
    rows: list[Listed]
    words: Counter[tuple[str, str]]
    """Photos by their own label and the category that it became."""
    left_out: Counter[str]


def import_photos(source: Path, out: Path, *, words: Sequence[str] = (), categories: Sequence[str] = ()) -> Import:
    """Return what a folder or file lists, written as a manifest with a Croissant description beside it.

    `words` maps further labels, as `Ecchymosis=purpura`; `categories` are ids of custom ones that labels may mean, too.
    Raises ManifestError, InputError and OutputError.
    """
    check_absent(out, croissant_path(out))
    own = {category: category for category in _checked(categories)}
    known = _WORDS | own | _told(words, (*KNOWN, *own))
    kind, found = read_format(source)
    files = _files_below({one.folder for one in found if not is_file(one.folder / one.name)})
    left_out: Counter[str] = Counter()
    counted: Counter[tuple[str, str]] = Counter()
    rows: list[Listed] = []
    for one in found:
        read = _row(one, known, files, out.parent)
        if isinstance(read, str):
            left_out[read] += 1
        else:
            rows.append(read)
            counted[one.words[0], read.category] += 1
    if not rows:
        reasons = (
            "; ".join(f"{count} because {reason}" for reason, count in left_out.most_common(3)) or "none is listed"
        )
        raise ManifestError("no_photos", f"No photo of {str(source)!r} can be taken: {reasons}; --map maps labels.")
    write_cells(out, columns_of(rows, COLUMNS), [row.cells for row in rows])
    write_croissant(out, [row_of(row.cells) for row in rows], [], created=datetime.now(UTC))
    return Import(kind, rows, counted, left_out)


def _checked(categories: Sequence[str]) -> Sequence[str]:
    for name in categories:
        if not is_category_id(name):
            raise InputError(
                "bad_option",
                f"{name!r} cannot be a category; use lower-case letters, digits and _, a letter first, and none of "
                f"{', '.join(RESERVED)}.",
            )
    return categories


def _told(words: Sequence[str], categories: Sequence[str]) -> dict[str, str]:
    told = {}
    for text in words:
        word, equals, category = text.rpartition("=")
        if not equals or category not in categories:
            raise InputError(
                "bad_option",
                f"{text!r} maps nothing; write LABEL=CATEGORY with one of {', '.join(categories)}, or name one "
                "of your own with --category.",
            )
        told[_plain(word)] = category
    return told


def _plain(word: str) -> str:
    return re.sub(r"[\W_]+", "_", word.strip().lower()).strip("_")


def _row(one: Found, known: Mapping[str, str], files: Mapping[str, Sequence[Path]], folder: Path) -> Listed | str:
    """Return the row of one photo, or why it has none."""
    if not one.words:
        return "it has no label"
    categories = {known.get(_plain(word)) for word in one.words}
    if len(categories) > 1:
        return "its labels are of several categories"
    category = categories.pop()
    if category is None:
        return f"its label {one.words[0]!r} is not mapped"
    path = _locate(one, files)
    if isinstance(path, str):
        return path
    cells = {key: value for key, value in one.cells.items() if value}
    cells |= {"file_name": relative_to(path, folder), "category": category}
    cells["split"] = _SPLITS.get(_plain(cells.get("split", "")), "")
    cells.setdefault("label", one.words[0])
    if cells.get("body_site") not in (None, *BODY_SITES):
        cells["body_site_as_told"] = cells.pop("body_site")
    return Listed(path, cells)


def _locate(one: Found, files: Mapping[str, Sequence[Path]]) -> Path | str:
    """Return the photo by its path or, as exports often lack the folder, by its name below; or why that fails."""
    path = one.folder / one.name
    if one.name and is_file(path):
        return path
    named = files.get(Path(one.name).name, ())
    if not named:
        return "its file is missing"
    return named[0] if len(named) == 1 else "its name fits several files"


def _files_below(folders: set[Path]) -> dict[str, list[Path]]:
    found: dict[str, set[Path]] = {}
    for folder in folders:
        for path in folder.rglob("*"):
            if path.suffix.lower() in PHOTO_SUFFIXES:
                found.setdefault(path.name, set()).add(path)
    return {name: sorted(paths) for name, paths in found.items()}
