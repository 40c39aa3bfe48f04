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
_TONE = re.compile(r"(monk|mst|fitzpatrick|fst)[ _-]*(\d+|[iv]+)", re.IGNORECASE)


def skin_band(tone: str | None) -> str:
    """Return the band of a tone such as `monk 7` or `fitzpatrick IV`, as `monk_7_10`; empty for anything else."""
    found = _TONE.fullmatch((tone or "").strip())
    if not found:
        return ""
    scale, number = _SCALES[found[1].lower()], found[2].lower()
    value = int(number) if number.isdigit() else _ROMAN.get(number, 0)
    return next((f"{scale}_{low}_{high}" for low, high in _BANDS[scale] if low <= value <= high), "")
