"""The tables of a model card that answer reporting guidelines item by item."""

from __future__ import annotations

import tomllib
from pathlib import Path

_ANSWERS = Path(__file__).with_name("reporting.toml")


def reporting_tables() -> list[str]:
    """Return one Markdown text per guideline: its title and source, and a table of its items in their order."""
    guidelines = tomllib.loads(_ANSWERS.read_text(encoding="utf-8"))["guideline"]
    return [_table(one["title"], one["source"], one["items"]) for one in guidelines]


def _table(title: str, source: str, items: list[list[str]]) -> str:
    rows = [f"| {number} | {item} | {answer} |" for number, (item, answer) in enumerate(items, start=1)]
    return "\n".join([f"### {title}", "", f"{source}.", "", "| | item | answer |", "|---|---|---|", *rows])
