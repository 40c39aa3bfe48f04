"""What a run says at its end: every answer and every error counted, with a file to begin with."""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console

from app.batch.summary import Counts, print_summary
from app.views.row import Cell


def row(file: str, headline: str, error: str | None = None) -> dict[str, Cell]:
    return {"file": file, "headline": headline, "error": error, "error_code": error and error.partition(": ")[0]}


def test_every_row_is_counted_once_and_every_kind_of_error_names_its_first_file() -> None:
    counts = Counts()
    for number in range(1200):
        counts.add(row(f"{number}.jpg", "Not sure"))
    counts.add(row("a.jpg", "Most like petechiae"))
    counts.add(row("b\n[red].jpg", "No answer", "damaged: b\\n[red].jpg is damaged; copy it again."))
    counts.add(row("c.jpg", "No answer", "damaged: c.jpg is damaged; copy it again."))
    counts.add(row("d.jpg", "Sin respuesta", "empty: Este archivo está vacío."))
    assert (counts.total, counts.failed) == (1204, 3)
    said = io.StringIO()
    print_summary(Console(file=said, width=40), counts, written=[("Table", Path("t\n.csv"))])
    assert said.getvalue().splitlines() == [
        "  1,200  Not sure",
        "      1  Most like petechiae",
        "      2  Error (damaged); the first: b\\n[red].jpg is damaged; copy it again.",
        "      1  Error (empty); the first: d.jpg: Este archivo está vacío.",
        "  1,204  in all",
        "Table: 't\\n.csv'",
    ]
