"""How often a photo serves to draw on: by its body site, and by how calm its skin is."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.card import sha256_of
from model.errors import ManifestError
from training.data.manifest import BODY_SITES, Example

# Chances relative to a photo of unknown site, which is 1; a site that is not named is 1 too. Petechiae and purpura
# gather on the lower legs, where pressure in the small vessels is highest, and after straining on face, neck and chest;
# cherry angiomas on the trunk; sun-related rash on what the sun meets (DermNet, "Purpura", "Cherry angioma",
# "Polymorphic light eruption"). None is zero: they occur anywhere, and a canvas must not name its category.
_CHANCES: Mapping[str, Mapping[str, float]] = {
    "petechiae": {
        "leg": 3, "foot": 2, "arm": 1.5, "trunk": 1.5, "face": 0.7, "fold": 0.5, "scalp": 0.2, "nail": 0.1,
    },
    "purpura": {
        "leg": 4, "foot": 2.5, "arm": 1.5, "neck": 0.4, "face": 0.4, "mouth": 0.4, "fold": 0.7, "scalp": 0.2,
        "nail": 0.1,
    },
    "cherry_angioma": {
        "trunk": 3, "leg": 0.7, "face": 0.5, "scalp": 0.5, "hand": 0.2, "fold": 0.2, "foot": 0.1, "mouth": 0.1,
        "nail": 0.05,
    },
    "sun_rash": {
        "neck": 3, "arm": 2.5, "face": 2, "hand": 2, "trunk": 1.5, "scalp": 1.5, "foot": 0.7, "mouth": 0.2, "fold": 0.1,
        "nail": 0.1,
    },
}  # fmt: skip


# Where skin shows a strong finding of its own, the drawn lesion is not what the photo is about.
_CALM = 2.0


def chances_of(category: str, photos: Sequence[Example]) -> NDArray[np.float64]:
    """Return (photos,), summing to 1: how often each serves as a canvas of `category`."""
    chances = _CHANCES.get(category, {})
    weights = np.array(
        [chances.get(photo.body_site or "", 1.0) * (_CALM if photo.calm else 1.0) for photo in photos],
        dtype=np.float64,
    )
    return weights / weights.sum() if len(photos) else weights


def describe_canvases(examples: Sequence[Example], table: Path) -> list[Example]:
    """Return the examples with what a CSV table says of them: `sha256` of the file, `body_site`, `calm` (yes or empty).

    A photo that has a body site keeps it; one that the table does not list stays as it is. Raises ManifestError.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            rows = {row["sha256"]: (row["body_site"], row["calm"]) for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ManifestError(
            "unreadable_manifest",
            f"{str(table)!r} is not a table of canvases ({error!r}); "
            "give it the columns 'sha256', 'body_site' and 'calm'.",
        ) from error
    unknown = sorted({site for site, _ in rows.values()} - {*BODY_SITES, ""})
    if unknown:
        raise ManifestError(
            "unknown_body_site", f"{str(table)!r} has the body site {unknown[0]!r}; use one of {', '.join(BODY_SITES)}."
        )
    described = []
    for one in examples:
        site, calm = rows.get(sha256_of(one.path), ("", ""))
        described.append(replace(one, body_site=one.body_site or site or None, calm=one.calm or calm == "yes"))
    return described
