"""Skin tone, body site and kind of a photo, from the columns of an official table."""

from __future__ import annotations

import re
from collections.abc import Mapping

from training.data.manifest import BODY_SITES
from training.data.schema import BodySites, Dataset

_ROMAN = ("I", "II", "III", "IV", "V", "VI")
_NUMBER = re.compile(r"(?<![\d.-])\d+(?=\.0$|$)")
_PARTS = re.compile(r",(?![^(]*\))")
"""Commas that stand in no parentheses."""


def skin_tone(dataset: Dataset, row: Mapping[str, str]) -> str:
    """Return the tone as `monk 7` or `fitzpatrick IV`, or with a scale of the dataset's own; empty if unknown."""
    assert dataset.columns is not None
    for tone in dataset.columns.skin_tone:
        cell = row[tone.column].strip()
        if tone.scale != "fitzpatrick":
            if number := _NUMBER.search(cell):
                return f"{tone.scale} {number[0]}"
        elif cell.upper() in _ROMAN:
            return f"fitzpatrick {cell.upper()}"
        elif (number := _NUMBER.search(cell)) and 1 <= int(number[0]) <= len(_ROMAN):
            return f"fitzpatrick {_ROMAN[int(number[0]) - 1]}"
    return ""


def body_site(sites: BodySites | None, row: Mapping[str, str]) -> str:
    """Return the one body site that the row names, as in `BODY_SITES` of the manifest; empty if none or several."""
    if sites is None:
        return ""
    words: list[str] = []
    for column in sites.columns:
        cell = row[column].strip()
        words += [column] if cell == "YES" else [part.strip() for part in _PARTS.split(cell) if part.strip()]
    site_of: dict[str, str] = {word: site for site in BODY_SITES for word in getattr(sites, site)}
    found = {site_of.get(word, "") for word in words}
    return found.pop() if len(found) == 1 else ""


def modality(dataset: Dataset, row: Mapping[str, str]) -> str:
    """Return `clinical`, `dermoscopic` or `drawn`; empty if the row does not say."""
    assert dataset.columns is not None
    told = dataset.columns.modality
    if told is None:
        return "" if " " in dataset.modality else dataset.modality
    cell = row[told.column].strip()
    return "clinical" if cell in told.clinical else "dermoscopic" if cell in told.dermoscopic else ""


def is_calm(dataset: Dataset, row: Mapping[str, str]) -> bool:
    """Return whether the row says that the skin shows no finding."""
    calm = dataset.columns.calm if dataset.columns else None
    return calm is not None and row[calm.column].strip() == calm.value
