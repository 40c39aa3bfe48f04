"""Figures of an evaluation, on the terminal and in metrics.json."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from model.errors import OutputError, RedspotsError


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


def write_metrics(path: Path, metrics: Mapping[str, Any]) -> None:
    """Write metrics.json. Raises OutputError when it exists or cannot be written."""
    try:
        with path.open("x", encoding="utf-8") as file:
            json.dump(metrics, file, indent=2, allow_nan=False)
            file.write("\n")
    except FileExistsError:
        raise OutputError("exists", f"{str(path)!r} exists already; choose another --out or remove it.") from None
    except OSError as error:
        raise OutputError(
            "cannot_write", f"{str(path)!r} cannot be written ({error}); choose another --out."
        ) from error
