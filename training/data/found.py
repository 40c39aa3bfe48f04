"""Found: one photo as another tool lists it, and the names that tools give to their columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

FILE_NAMES = (
    *("file_name", "file", "filename", "path", "image", "image_path", "img", "image_name", "image_id", "isic_id"),
    *("photo", "img_path", "filepath", "file_path"),
)
CATEGORIES = ("category", "label", "labels", "class", "diagnosis", "choice", "class_name", "target", "dx")
GROUPS = ("group", "patient_id", "subject_id", "person_id", "lesion_id", "patient", "subject", "case_id")
SPLITS = ("split", "subset", "set", "partition", "fold", "dataset_split")


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

    def joined(self, other: Found) -> Found:
        """Return the photo with the labels of both."""
        return replace(self, words=tuple(dict.fromkeys((*self.words, *other.words))))

    def in_split(self, split: str) -> Found:
        """Return the photo with a split, unless it has one."""
        return replace(self, cells={**self.cells, "split": self.cells.get("split") or split})


def first_of(cells: Mapping[str, str], names: Sequence[str]) -> str:
    """Return the first of some cells that is not empty, without blanks around it."""
    return next((value for name in names if (value := (cells.get(name) or "").strip())), "")
