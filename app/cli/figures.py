"""Figures of an evaluation, on the terminal and in metrics.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from model.errors import RedspotsError
from model.system.files import NewFile


def print_figures(
    console: Console, metrics: Mapping[str, Any], errors: Sequence[tuple[Path, RedspotsError]] = ()
) -> None:
    """Print a table of figures with their intervals, and every photo that could not be read."""
    table = Table(title="95 % intervals, bootstrap over groups", title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("interval", justify="right")
    for name, figure in metrics["figures"].items():
        interval = "" if figure["low"] is None else f"{figure['low']:.3f} to {figure['high']:.3f}"
        value = "undefined" if figure["value"] is None else f"{figure['value']:.3f}"
        table.add_row(name.replace("_", " "), value, interval)
    console.print(table)
    photos = ", ".join(f"{name} {count}" for name, count in metrics["photos"].items())
    console.print(f"{photos}; {metrics['groups']} groups", highlight=False, markup=False)
    for _, error in errors:
        console.print(f"not counted: {error}", highlight=False, markup=False)


def print_comparison(console: Console, differences: Mapping[str, Any], *, new: str, old: str) -> None:
    """Print a table of differences, and in words which of them are certain."""
    table = Table(title="\nBoth on the same photos: 95 % intervals, paired bootstrap over groups", title_justify="left")
    for column in ("figure", "new", "old", "difference", "interval"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    table.add_column("certain?")
    for name, one in differences.items():
        interval = "" if one["low"] is None else f"{one['low']:+.3f} to {one['high']:+.3f}"
        numbers = (_number(one["new"]), _number(one["old"]), _number(one["difference"], sign="+"))
        table.add_row(name.replace("_", " "), *numbers, interval, one["verdict"])
    console.print(table)
    for line in comparison_sentences(differences, new=new, old=old):
        console.print(line, highlight=False, markup=False)


def comparison_sentences(differences: Mapping[str, Any], *, new: str, old: str) -> list[str]:
    """Return in words what is certain of the differences between two models, and what is not."""
    told = [f"{new!r} beside {old!r}:"]
    for verdict, sentence in (
        ("better", "Certainly better"),
        ("worse", "Certainly worse"),
        ("higher", "Certainly higher, neither good nor bad in itself"),
        ("lower", "Certainly lower, neither good nor bad in itself"),
        ("not certain", "Not certain either way"),
        ("undefined", "Not defined by these photos"),
    ):
        names = [name.replace("_", " ") for name, one in differences.items() if one["verdict"] == verdict]
        if names:
            told.append(f"{sentence}: {', '.join(names)}.")
    defined = sum(one["difference"] is not None for one in differences.values())
    told.append(
        f"Of {defined} figures about {defined / 20:.0f} would look certain by chance alone; one that was named "
        "beforehand counts for more."
    )
    return told


def _number(value: float | None, *, sign: str = "") -> str:
    return "undefined" if value is None else f"{value:{sign}.3f}"


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics.json. Raises OutputError when it exists or cannot be written."""
    with NewFile.open(path) as new:
        new.file.write((json.dumps(metrics, indent=2, allow_nan=False) + "\n").encode())
