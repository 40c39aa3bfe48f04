"""What a dataset's own label means here."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from model.categories import OTHER
from training.data.schema import EXCLUDE, Dataset, Label

LEAST_WEIGHT = 0.5
"""Of the first label of a differential diagnosis; below it the label is doubtful."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """The category of a photo, or why it has none."""

    label: str
    """In the dataset's own words."""
    category: str | None
    certain: bool = True
    left_out_because: str = ""
    """Given exactly when there is no category."""
    licence: str | None = None


def read_label(dataset: Dataset, row: Mapping[str, str], photo: str) -> Meaning:
    """Return what the labels of one row mean for one of its photos."""
    assert dataset.columns is not None
    cells = [cell for name in dataset.columns.label if (cell := row.get(name, "").strip())]
    if not cells:
        return Meaning("", None, left_out_because="it has no label")
    if dataset.columns.label_kind == "differential":
        return _read_differential(dataset, cells[-1])
    if dataset.columns.label_kind == "folder" and (folder := _folder(photo)) in _label_map(dataset):
        return read_word(dataset, folder)
    return read_word(dataset, cells[-1])


def read_word(dataset: Dataset, word: str) -> Meaning:
    """Return what one label means."""
    label = _label_map(dataset).get(word)
    if label is not None:
        return _mapped(label, certain=label.status == "exact")
    if dataset.other.labels == "rest":
        return Meaning(word, OTHER)
    return Meaning(word, None, left_out_because="its label is not mapped")


def _label_map(dataset: Dataset) -> dict[str, Label]:
    return {label.source: label for label in dataset.label}


def _mapped(label: Label, *, certain: bool) -> Meaning:
    if label.category == EXCLUDE:
        return Meaning(label.source, None, left_out_because="its label is neither one of the categories nor `other`")
    return Meaning(label.source, label.category, certain, licence=label.licence)


def _read_differential(dataset: Dataset, cell: str) -> Meaning:
    try:
        weights = {str(name): float(weight) for name, weight in ast.literal_eval(cell).items()}
    except (ValueError, SyntaxError, AttributeError, TypeError):
        return Meaning(cell, None, left_out_because="its label cannot be read")
    if not weights:
        return Meaning("", None, left_out_because="it has no label")
    first = max(weights, key=lambda name: weights[name])
    labels = _label_map(dataset)
    if first in labels:
        return _mapped(labels[first], certain=labels[first].status == "exact" and weights[first] >= LEAST_WEIGHT)
    if any(name in labels for name in weights):
        return Meaning(first, None, left_out_because="one of our labels is lower in its differential diagnosis")
    return read_word(dataset, first)


def _folder(address: str) -> str:
    parts: Sequence[str] = [part for part in urlsplit(address).path.split("/") if part]
    return parts[-2] if len(parts) > 1 else ""
