"""What came of a run: how many photos got which answer, which errors there were, and where everything is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from app.views.row import Cell
from model.photo import escaped

COUNTED = ("file", "headline", "error", "error_code")
"""Columns of a row that `Counts` reads."""


@dataclass(slots=True)
class Counts:
    """Rows, counted while they are made."""

    headlines: Counter[str] = field(default_factory=Counter)
    """Of the photos that could be scored, those not sure included."""
    errors: Counter[str] = field(default_factory=Counter)
    """By code."""
    first_errors: dict[str, str] = field(default_factory=dict)
    """The first sentence of each code, with its file."""

    def add(self, row: Mapping[str, Cell]) -> None:
        """Count one row."""
        code = row["error_code"]
        if code is None:
            self.headlines[str(row["headline"])] += 1
        else:
            self.errors[str(code)] += 1
            name, sentence = escaped(str(row["file"])), str(row["error"]).partition(": ")[2]
            # Not in every language does the sentence name its file.
            self.first_errors.setdefault(str(code), sentence if name in sentence else f"{name}: {sentence}")

    @property
    def failed(self) -> int:
        """Return how many photos could not be scored."""
        return self.errors.total()

    @property
    def total(self) -> int:
        """Return how many rows there are."""
        return self.headlines.total() + self.failed


def print_summary(console: Console, counts: Counts, *, written: Sequence[tuple[str, Path | str]]) -> None:
    """Print the counts, the first photo of every kind of error, and the name and path of what was written."""
    lines = [f"{count:7,}  {headline}" for headline, count in counts.headlines.most_common()]
    for code, count in counts.errors.most_common():
        lines.append(f"{count:7,}  Error ({code}); the first: {counts.first_errors[code]}")
    lines.append(f"{counts.total:7,}  in all")
    lines += [f"{name}: '{escaped(str(path))}'" for name, path in written]
    for line in lines:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
