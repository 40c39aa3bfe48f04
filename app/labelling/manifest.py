"""Manifest of what readers said: a table that `redspots train` takes, with where each label comes from."""

from __future__ import annotations

import csv
import io
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from app.labelling.readings import Readings
from app.labelling.survey import Surveyed
from model.errors import InputError
from model.system.files import NewFile

COLUMNS = (
    *("file_name", "category", "group", "split", "skin_tone", "body_site", "calm", "modality", "certainty", "label"),
    *("source", "licence", "url", "sha256"),
)
"""Those of `training.data.rows`, in their order."""
OWN_COLUMNS = ("reader", "labelled_at", "bleeding", "chosen", "saw_evidence", "provenance")
"""Where a label comes from."""


@dataclass(frozen=True, slots=True)
class Written:
    """What went into a manifest, and what did not."""

    counts: Mapping[str, int]
    """Photos by category."""
    differ: int
    """Photos left out because readers differ about them."""
    cannot_tell: int
    """Photos left out because nobody could tell."""
    gone: int
    """Photos that have labels, but were not among the photos that were given."""


def write_manifest(path: Path, photos: Sequence[Surveyed], readings: Readings, *, model_version: str) -> Written:
    """Write a manifest that did not exist, whole or not at all. Raises OutputError, InputError for an empty one.

    It holds the photos that have a category now: those that readers agree on, or that were settled, and those that had
    one before and that nobody labelled. All columns of a manifest that was given are kept.
    """
    provenance = f"redspots label {version('redspots')}, model {model_version}"
    rows = []
    differ = cannot_tell = 0
    for photo in photos:
        labels = readings.labels(photo.sha256)
        if not labels and not readings.settled(photo.sha256):
            if photo.candidate.category:
                rows.append(_carried(photo, path.parent))
        elif readings.differ(photo.sha256):
            differ += 1
        elif (category := readings.category(photo.sha256)) is None:
            cannot_tell += 1
        else:
            rows.append(_labelled(photo, category, readings, path.parent) | {"provenance": provenance})
    if not rows:
        raise InputError("nothing_found", f"No photo has a category yet, so {str(path)!r} would be empty; label some.")
    columns = list(dict.fromkeys([*COLUMNS, *OWN_COLUMNS, *(name for row in rows for name in row)]))
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, columns, restval="")
    table.writeheader()
    table.writerows(rows)
    with NewFile.open(path) as new:
        new.file.write(text.getvalue().encode("utf-8", "surrogateescape"))
    here = {photo.sha256 for photo in photos}
    gone = sum(photo not in here for photo in readings.photos())
    return Written(dict(Counter(row["category"] for row in rows)), differ, cannot_tell, gone)


def _carried(photo: Surveyed, folder: Path) -> dict[str, str]:
    """Return the row that a photo had, with its name as seen from the new manifest."""
    kept = {name: value for name, value in photo.candidate.cells.items() if name not in ("file", "file_name")}
    return {**kept, "file_name": _relative(photo.candidate.path, folder)}


def _labelled(photo: Surveyed, category: str, readings: Readings, folder: Path) -> dict[str, str]:
    labels = sorted(readings.labels(photo.sha256).values(), key=lambda act: act.at)
    settled = readings.settled(photo.sha256)
    acts = [*labels, *([settled] if settled else [])]
    deciding = [settled] if settled else labels
    said = [f"{act.value} ({act.reader})" for act in labels]
    if settled:
        said.append(f"settled as {settled.value} ({settled.reader})")
    return _carried(photo, folder) | {
        **readings.agreed_fields(photo.sha256),
        "category": category,
        "certainty": "exact" if all(act.is_sure for act in deciding) else "doubtful",
        "label": "; ".join(said),
        "sha256": photo.sha256,
        "reader": "; ".join(dict.fromkeys(act.reader for act in acts)),
        "labelled_at": acts[-1].at,
        "chosen": next((act.why for act in labels if act.why), ""),
        "saw_evidence": "yes" if any(act.saw_evidence for act in acts) else "no",
    }


def _relative(path: Path, folder: Path) -> str:
    """Return a path from a folder with slashes, or the absolute one where they share no root."""
    try:
        return Path(os.path.relpath(path.absolute(), folder.absolute())).as_posix()
    except ValueError:  # Another drive.
        return path.absolute().as_posix()
