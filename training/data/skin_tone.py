"""Skin tones in bands that are wide enough to measure in: Monk 1-3, 4-6, 7-10 and Fitzpatrick I-II, III-IV, V-VI."""

from __future__ import annotations

import re
from collections.abc import Mapping

_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
_BANDS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "monk": ((1, 3), (4, 6), (7, 10)),
    "fitzpatrick": ((1, 2), (3, 4), (5, 6)),
}
_SCALES = {"monk": "monk", "mst": "monk", "fitzpatrick": "fitzpatrick", "fst": "fitzpatrick"}
_NUMBER = r"(\d+|[iv]+)(?:\.0)?"
_TONE = re.compile(
    rf"(monk|mst|fitzpatrick|fst)(?:[ _-]*(?:skin|tone|photo|type|scale))*[ _:-]*{_NUMBER}"
    rf"(?:[ ]*[-/\u2013][ ]*{_NUMBER})?",
    re.IGNORECASE,
)
_COLUMNS = {
    **dict.fromkeys(("fitzpatrick", "fitzpatrick_skin_type", "fitzpatrick_scale", "fst", "skin_type"), "fitzpatrick"),
    **dict.fromkeys(("fitzpatrick_type", "phototype", "skin_phototype", "fitzpatrick_skin_tone"), "fitzpatrick"),
    **dict.fromkeys(("monk", "monk_skin_tone", "mst", "monk_scale"), "monk"),
}
"""Names of columns that tell the scale of the numbers in them, in lower case with underscores."""
_PAIRS = {"12": "1-2", "34": "3-4", "56": "5-6"}
"""How DDI writes two types of Fitzpatrick's at once."""


def told_tone(cells: Mapping[str, str]) -> str:
    """Return the skin tone that a row of a public table tells, as `skin_band` reads it; empty where it tells none.

    `cells` are by column, in lower case with underscores.
    """
    own = cells.get("skin_tone", "").strip()
    if own in _PAIRS:
        return f"fitzpatrick {_PAIRS[own]}"
    if own:
        return own
    for column, scale in _COLUMNS.items():
        told = re.sub(r"^(skin[ _]?)?(photo)?type[ _]*", "", cells.get(column, "").strip(), flags=re.IGNORECASE)
        if told and skin_band(tone := f"{scale} {_PAIRS.get(told, told)}"):
            return tone
        if skin_band(told):
            return told
    return ""


def skin_band(tone: str | None) -> str:
    """Return the band of a tone such as `monk 7`, `FST IV` or `fitzpatrick 1-2`, as `monk_7_10`; empty for all else."""
    found = _TONE.fullmatch((tone or "").strip())
    if not found:
        return ""
    scale = _SCALES[found[1].lower()]
    lowest, highest = _value(found[2]), _value(found[3] or found[2])
    bands = _BANDS[scale]
    return next((f"{scale}_{low}_{high}" for low, high in bands if low <= lowest <= highest <= high), "")


def _value(number: str) -> int:
    return int(number) if number.isdigit() else _ROMAN.get(number.lower(), 0)
