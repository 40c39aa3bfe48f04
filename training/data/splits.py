"""Splits by group, stratified by category, the same whenever and wherever they are made."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from training.data.rows import Row

HELD_BACK = 0.15
"""Share of the groups of each category in `validation`, and again in `test`."""


def split_rows(rows: Sequence[Row], *, seed: int) -> list[Row]:
    """Return the rows with a split each.

    A group counts for the rarest of its categories, and the groups of each category are dealt by the hash of their
    names: test and validation get `HELD_BACK` of them, and one at least where there are three. A group with a doubtful
    label trains: doubtful labels measure nothing.
    """
    photos = Counter(row.category for row in rows)
    categories: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        categories[row.group].add(row.category)
    doubtful = {row.group for row in rows if row.certainty == "doubtful"}
    dealt: dict[str, list[str]] = defaultdict(list)
    for group in sorted(categories.keys() - doubtful, key=lambda group: _order(group, seed)):
        dealt[min(categories[group], key=lambda category: (photos[category], category))].append(group)
    split_of: dict[str, str] = {}
    for groups in dealt.values():
        held = max(round(HELD_BACK * len(groups)), 1 if len(groups) >= 3 else 0)
        split_of |= dict.fromkeys(groups[:held], "test") | dict.fromkeys(groups[held : 2 * held], "validation")
    return [replace(row, split=split_of.get(row.group, "train")) for row in rows]


def _order(group: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {group}".encode()).digest()
