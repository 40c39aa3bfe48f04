"""Labelled photos: a CSV manifest, or a folder with one subfolder per category."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from model.errors import InputError, ManifestError
from model.photo import Walk, log_unseen
from model.redaction import redacted
from model.system.files import is_file
from training.data.csv_table import read_csv_table, refuse_other_bytes
from training.data.layouts import places, split_of

SPLITS = ("train", "validation", "test")

BODY_SITES = ("face", "scalp", "neck", "trunk", "arm", "hand", "leg", "foot", "fold", "mouth", "nail")
"""`fold` is groin, buttocks and armpit; `trunk` is chest, belly and back."""


_KNOWN = ("group", "split", "skin_tone", "body_site", "source", "licence", "calm")
"""Columns of a manifest that may be there, beside those of the name and of the category."""


@dataclass(frozen=True, slots=True)
class Example:
    """One labelled photo."""

    path: Path
    category: str
    group: str
    """Person or lesion: photos of one group never lie in two splits."""
    split: str | None = None
    """`train`, `validation`, `test`, or None when it is still to be drawn."""
    skin_tone: str | None = None
    source: str = ""
    licence: str = ""
    body_site: str | None = None
    """One of `BODY_SITES`, where it is known."""
    calm: bool = False
    """Whether most of the skin shows no strong finding: the best skin to draw on."""
    mixed: bool = False
    """Whether it comes from somebody else's photos (`training.data.auxiliary`): it trains, and is never held back."""


def read_manifest(path: Path, *, categories: Collection[str], where: Sequence[str] = ()) -> list[Example]:
    """Return the labelled photos of a CSV manifest or of a folder per category.

    `where` keeps rows by column, as `use=train` or `category!=blurred`; a folder has the column `category` alone.
    Raises ManifestError with the row or the file, and the fix.
    """
    examples = [example_of(where_found, row, path, categories) for where_found, row in choose_rows(path, where)]
    check_groups(examples, path)
    return examples


def choose_rows(path: Path, where: Sequence[str] = ()) -> list[tuple[str, dict[str, str]]]:
    """Return the rows of a manifest or folder that meet all conditions, unchecked, with the words for their places.

    Raises ManifestError when there is none.
    """
    conditions = [_condition(text) for text in where]
    chosen = [
        (where_found, row)
        for where_found, row in read_cells(path)
        if all(_holds(row, column, value, wanted, path) for column, value, wanted in conditions)
    ]
    if not chosen:
        raise ManifestError("no_photos", f"{str(path)!r} lists no photo{' that matches' if where else ''}; add some.")
    return chosen


def read_cells(
    path: Path, *, names: Sequence[str] = ("file_name", "file"), categories: Sequence[str] = ("category",)
) -> list[tuple[str, dict[str, str]]]:
    """Return the rows of a CSV manifest or of a folder per category, unchecked, each with the words for its place.

    `names` and `categories` are the names that the two columns may have.
    """
    if path.is_dir():
        return _rows_of_folder(path)
    if path.is_file():
        return _rows_of_csv(path, names, categories)
    raise ManifestError("missing_manifest", f"There is no folder or manifest {str(path)!r}; check the path.")


def _rows_of_folder(folder: Path) -> list[tuple[str, dict[str, str]]]:
    walk = Walk()
    below = [folder / name for name in sorted(walk.names_in(folder))]
    below = [path for path in below if os.path.isdir(path) and walk.takes_folder(path)]  # noqa: PTH112 - is_dir raises
    photos = [photo for path in below for photo in walk.photos_in(path)]
    log_unseen(walk)
    if not photos:
        raise ManifestError(
            "no_photos", f"{str(folder)!r} has no subfolder with photos; make one subfolder per category."
        )
    parts = [photo.relative_to(folder).parts[:-1] for photo in photos]
    if all(split_of(path.name) for path in below) and any(len(one) > 1 for one in parts):
        told = places(parts)
    else:
        # A category may be called as one pleases; only where nothing else lies beside them are folders splits.
        told = [replace(place, category=one[0], split="") for place, one in zip(places(parts), parts, strict=True)]
    return [
        (
            repr(str(photo)),
            {"file_name": str(photo), "category": place.category}
            | ({"split": place.split} if place.split else {})
            | ({"group": place.group} if place.group else {}),
        )
        for photo, place in zip(photos, told, strict=True)
    ]


def _rows_of_csv(path: Path, names: Sequence[str], categories: Sequence[str]) -> list[tuple[str, dict[str, str]]]:
    table = read_csv_table(path, columns=[*names, *categories, *_KNOWN])
    name = next((column for column in names if column in table.columns), None)
    for column, found in ((names[0], name), (categories[0], any(one in table.columns for one in categories))):
        if not found:
            raise ManifestError(
                "missing_column", f"{str(path)!r} has no column {column!r}; its first line must name it."
            )
    rows = []
    for number, row in table.rows:
        row["file_name"] = row[str(name)]
        refuse_other_bytes(path, number, row, path.parent / row["file_name"])
        rows.append((f"line {number} of {str(path)!r}", row))
    return rows


def _condition(text: str) -> tuple[str, str, bool]:
    column, equals, value = text.partition("=")
    if not equals or not column.strip("!"):
        raise InputError("bad_option", f"{text!r} is not a condition; write COLUMN=VALUE or COLUMN!=VALUE.")
    return column.removesuffix("!").strip(), value.strip(), not column.endswith("!")


def _holds(row: Mapping[str, str], column: str, value: str, wanted: bool, path: Path) -> bool:
    if column not in row:
        raise ManifestError(
            "missing_column", f"{str(path)!r} has no column {column!r} to choose rows by; correct --where."
        )
    return (row[column] == value) is wanted


def example_of(found: str, row: Mapping[str, str], path: Path, categories: Collection[str]) -> Example:
    """Return the photo of one row of a manifest or folder. Raises ManifestError with its place and the fix."""
    if row["category"] not in categories:
        raise ManifestError(
            "unknown_category",
            f"{found} has the category {row['category']!r}; use one of {', '.join(sorted(categories))}.",
        )
    photo = (path if path.is_dir() else path.parent) / row["file_name"]
    if path.is_dir():
        photo = Path(row["file_name"])
    if not row["file_name"] or not is_file(photo):
        raise ManifestError("missing_photo", f"{found} names {str(photo)!r}, which is missing; correct the path.")
    split = row.get("split") or None
    if split is not None and split not in SPLITS:
        raise ManifestError("unknown_split", f"{found} has the split {split!r}; use one of {', '.join(SPLITS)}.")
    body_site = row.get("body_site") or None
    if body_site is not None and body_site not in BODY_SITES:
        raise ManifestError(
            "unknown_body_site", f"{found} has the body site {body_site!r}; use one of {', '.join(BODY_SITES)}."
        )
    return Example(
        path=photo,
        category=row["category"],
        group=row.get("group") or str(photo),
        split=split,
        skin_tone=row.get("skin_tone") or None,
        source=redacted(row.get("source") or ""),
        licence=redacted(row.get("licence") or ""),
        body_site=body_site,
        calm=row.get("calm") == "yes",
    )


def check_groups(examples: Sequence[Example], path: Path) -> None:
    """Raise ManifestError when photos of one group are put into two splits: the same person would grade itself."""
    split_of: dict[str, str | None] = {}
    for example in examples:
        if split_of.setdefault(example.group, example.split) != example.split:
            raise ManifestError(
                "group_in_two_splits",
                f"{str(path)!r} puts the group {example.group!r} into two splits "
                f"({split_of[example.group] or 'none'} and {example.split or 'none'}); give all its rows one split.",
            )


def assign_splits(examples: Sequence[Example], *, validation_share: float, seed: int) -> list[Example]:
    """Return the examples with a split each: about `validation_share` of the undecided groups, by category."""
    undecided = [example for example in examples if example.split is None]
    validation = _validation_groups(undecided, share=validation_share, seed=seed)
    return [
        example if example.split else replace(example, split="validation" if example.group in validation else "train")
        for example in examples
    ]


def _validation_groups(examples: Sequence[Example], *, share: float, seed: int) -> set[str]:
    categories = [example.category for example in examples]
    groups = [example.group for example in examples]
    if len(set(groups)) < 2:
        return set()
    rows = np.zeros(len(examples))
    folds = min(max(2, round(1 / share)), max(Counter(categories).values()), len(set(groups)))
    chosen: Sequence[int] = ()
    if folds >= 2:
        stratified = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
        with warnings.catch_warnings():
            # A category with fewer photos than folds is ordinary here, and simply missing from some folds.
            warnings.filterwarnings("ignore", message="The least populated class")
            _, chosen = next(stratified.split(rows, categories, groups))
    if len(chosen) in (0, len(examples)):
        _, chosen = next(GroupShuffleSplit(1, test_size=share, random_state=seed).split(rows, categories, groups))
    return {groups[index] for index in chosen}
