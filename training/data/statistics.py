"""How many photos of each category come from where, and in which skin tones: as numbers and as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import pandas as pd
from matplotlib.figure import Figure

from model.errors import OutputError
from model.system.files import NewFile, check_absent
from training.data.photos import Listed
from training.data.skin_tone import skin_band

UNKNOWN = "unknown"


def count_photos(rows: Sequence[Listed]) -> pd.DataFrame:
    """Return the number of photos by category and source (rows) and band of skin tone (columns)."""
    frame = pd.DataFrame(
        {
            "category": [row.category or UNKNOWN for row in rows],
            "source": [row.cells.get("source") or UNKNOWN for row in rows],
            "skin tone": [_band(row.cells.get("skin_tone")) for row in rows],
        }
    )
    return frame.groupby(["category", "source", "skin tone"]).size().unstack(fill_value=0)


def plot_photos(counts: pd.DataFrame, path: Path) -> None:
    """Write a PNG that did not exist: a panel for the sources and one for the skin tones. Raises OutputError."""
    if path.suffix.lower() != ".png":
        raise OutputError("unknown_format", f"{str(path)!r} is not a PNG; choose a name that ends in .png.")
    check_absent(path)
    by_source = counts.sum(axis=1).unstack(fill_value=0)
    by_tone = counts.groupby(level="category").sum()
    figure = Figure(figsize=(11, 1.6 + 0.45 * len(by_source)), layout="constrained")
    for axes, table, title in zip(
        figure.subplots(1, 2, sharey=True), (by_source, by_tone), ("source", "skin tone"), strict=True
    ):
        _stack(axes, table, title)
    with NewFile.open(path) as new:
        figure.savefig(new.file, format="png", dpi=120)


def _band(tone: str | None) -> str:
    name, _, numbers = skin_band(tone).partition("_")
    return f"{name} {numbers.replace('_', '-')}" if name else UNKNOWN


def _stack(axes: matplotlib.axes.Axes, table: pd.DataFrame, title: str) -> None:
    """Draw stacked bars on a scale that shows twelve photos beside six thousand."""
    shares = table.div(table.sum(axis=1), axis=0)
    left = pd.Series(0.0, index=table.index)
    names = [str(name).replace("_", " ") for name in table.index]
    for number, column in enumerate(table.columns):
        colour = (
            "0.75" if column == UNKNOWN else matplotlib.colormaps["viridis"](number / max(1, len(table.columns) - 1))
        )
        axes.barh(names, shares[column], left=left, color=colour, label=str(column).replace("_", " "))
        left += shares[column]
    for position, total in enumerate(table.sum(axis=1)):
        axes.text(1.01, position, f"{total:,}", va="center", fontsize=8)
    axes.set_xlim(0, 1.12)
    axes.set_title(f"Share of photos by {title} (number at the right)", fontsize=10)
    axes.legend(fontsize=7, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
