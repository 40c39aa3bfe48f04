"""What is wrong with the photos of a manifest, before anything is trained on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.categories import NOT_SKIN
from model.errors import PhotoError
from model.photo import read_photo
from model.quality import check_quality
from training.data.duplicates import find_near, hash_photo
from training.data.photos import Listed
from training.data.rows import in_utf8

COLUMNS = ("finding", "photo", "other", "detail")
"""Of a table of findings."""
SEVERE = frozenset(
    {"unreadable", "copy_in_two_splits", "look_alike_in_two_splits", "group_in_two_splits", "conflicting_categories"}
)
"""Findings that make figures wrong; the others are to be looked at."""
_READ_SIDE = 384
"""Pixels; enough for hashes and for the quality check."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or may be."""

    code: str
    """One of `SEVERE`, `copy`, `look_alike`, `suspicious_category`, or a code of `model.quality`."""
    photo: Path
    other: Path | None
    """The second photo, where two are concerned."""
    detail: str

    def cells(self) -> dict[str, str]:
        """Return the finding as a row of a table for people; bytes of names that are no UTF-8 appear as `\\xff`."""
        return {
            "finding": self.code,
            "photo": in_utf8(str(self.photo)),
            "other": in_utf8(str(self.other or "")),
            "detail": in_utf8(self.detail),
        }


@dataclass(frozen=True, slots=True)
class _Seen:
    sha256: str
    hashes: NDArray[np.uint8]
    refused: tuple[str, ...]


def audit(rows: Sequence[Listed], *, workers: int, progress: Callable[[], None] = lambda: None) -> list[Finding]:
    """Return all findings, the severe ones first. Every photo is decoded once; `progress` is called for each."""

    def look(row: Listed) -> _Seen | PhotoError:
        try:
            photo = read_photo(row.path, shorter_side=_READ_SIDE)
            return _Seen(photo.sha256, hash_photo(photo.pixels), check_quality(photo).refused)
        except PhotoError as error:
            return error
        finally:
            progress()

    with ThreadPoolExecutor(workers) as pool:
        seen = list(pool.map(look, rows))
    findings = [
        Finding("unreadable", row.path, None, str(one))
        for row, one in zip(rows, seen, strict=True)
        if isinstance(one, PhotoError)
    ]
    read = [(row, one) for row, one in zip(rows, seen, strict=True) if isinstance(one, _Seen)]
    findings += _groups_in_two_splits(rows)
    findings += _copies(read)
    findings += _look_alikes(read)
    findings += [
        Finding(code, row.path, None, "the answer to such a photo is `not sure`")
        for row, one in read
        if row.category != NOT_SKIN
        for code in one.refused
    ]
    return sorted(findings, key=lambda finding: finding.code not in SEVERE)


def _groups_in_two_splits(rows: Sequence[Listed]) -> list[Finding]:
    first: dict[str, Listed] = {}
    told: set[str] = set()
    findings = []
    for row in rows:
        one = first.setdefault(row.group, row)
        if one.split != row.split and row.group not in told:
            told.add(row.group)
            splits = f"{one.split or 'no split'} and {row.split or 'no split'}"
            findings.append(Finding("group_in_two_splits", one.path, row.path, f"group {row.group!r}: {splits}"))
    return findings


def _copies(read: Sequence[tuple[Listed, _Seen]]) -> list[Finding]:
    same: dict[str, list[Listed]] = defaultdict(list)
    for row, one in read:
        same[one.sha256].append(row)
    return [_pair(rows[0], other, "copy", 0) for rows in same.values() for other in rows[1:]]


def _look_alikes(read: Sequence[tuple[Listed, _Seen]]) -> list[Finding]:
    return [
        _pair(read[one][0], read[other][0], "look_alike", bits)
        for one, other, bits in find_near([seen.hashes for _, seen in read])
        if read[one][1].sha256 != read[other][1].sha256
    ]


def _pair(one: Listed, other: Listed, code: str, bits: int) -> Finding:
    said = f"differ in {bits} of 256 bits" if code == "look_alike" else "the same file"
    if one.category != other.category:
        # Two photos that only look alike may well show two things: the same file cannot.
        code = "conflicting_categories" if code == "copy" else code
        return Finding(code, one.path, other.path, f"{said}; {one.category} and {other.category}")
    if one.split != other.split:
        splits = f"{one.split or 'no split'} and {other.split or 'no split'}"
        return Finding(f"{code}_in_two_splits", one.path, other.path, f"{said}; {splits}")
    group = "one group" if one.group == other.group else "two groups"
    return Finding(code, one.path, other.path, f"{said}; {group}")
