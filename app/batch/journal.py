"""Journal of `score`: the row of each photo that is done, and what a report needs if one was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.views.row import Cell
from model.system import journal


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo that is done."""

    row: Mapping[str, Cell]
    report: Mapping[str, Any] = field(default_factory=dict)
    """What the report needs beyond the row; empty where none was asked for."""


class Journal(journal.Journal[Entry]):
    """The journal of one run, in the order of its photos."""

    @staticmethod
    def to_json(entry: Entry) -> dict[str, Any]:
        """Return an entry as plain values."""
        return {"row": dict(entry.row), **({"report": dict(entry.report)} if entry.report else {})}

    @staticmethod
    def from_json(values: dict[str, Any]) -> Entry:
        """Return the entry of plain values. Raises ValueError, KeyError or TypeError where they are none."""
        return Entry(dict(values["row"]), dict(values.get("report", {})))
