"""Where on the body a photo was taken, and how likely each category is to be photographed there."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.card import sha256_of
from model.errors import ManifestError
from training.manifest import BODY_SITES, Example

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


def chances_of(category: str, photos: Sequence[Example]) -> NDArray[np.float64]:
    """Return (photos,), summing to 1: how often each serves as a canvas of `category`, by its body site."""
    chances = _CHANCES.get(category, {})
    weights = np.array([chances.get(photo.body_site or "", 1.0) for photo in photos], dtype=np.float64)
    return weights / weights.sum() if len(photos) else weights


def add_body_sites(examples: Sequence[Example], table: Path) -> list[Example]:
    """Return the examples with the body sites of a CSV table with the columns `sha256` (of the file) and `body_site`.

    A photo that has one keeps it; one that the table does not list stays without. Raises ManifestError.
    """
    try:
        with table.open(encoding="utf-8", newline="") as file:
            site_of = {row["sha256"]: row["body_site"] for row in csv.DictReader(file)}
    except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
        raise ManifestError(
            "unreadable_manifest",
            f"{str(table)!r} is no table of body sites ({error!r}); its columns are 'sha256' and 'body_site'.",
        ) from error
    unknown = sorted(set(site_of.values()) - set(BODY_SITES))
    if unknown:
        raise ManifestError(
            "unknown_body_site", f"{str(table)!r} has the body site {unknown[0]!r}; use one of {', '.join(BODY_SITES)}."
        )
    return [one if one.body_site else replace(one, body_site=site_of.get(sha256_of(one.path))) for one in examples]
