"""Writes the figures of `run.py`, on standard input, into README.md, and draws them."""

from __future__ import annotations

import json
import platform
import re
import sys
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import matplotlib as mpl

HERE = Path(__file__).parent
BEGIN, END = "<!-- figures -->\n", "<!-- end of figures -->"
PACKAGES = ("torch", "timm", "transformers", "fastai", "pillow")


def bars_table(figures: dict[str, Any]) -> str:
    """Return a table of bars, with the least and the most of the rounds."""
    lines = ["| bar | wanted | measured | rounds | reached |", "|---|---|---|---|---|"]
    for bar in figures["bars"]:
        wanted = f"{'at least' if bar['at_least'] else 'at most'} {bar['bar']:g}"
        measured = f"{bar['value']:.3g} | {bar['low']:.3g} to {bar['high']:.3g}"
        lines.append(f"| {bar['sentence']} | {wanted} | {measured} | {'yes' if bar['reached'] else 'no'} |")
    return "\n".join(lines)


def costs_table(figures: dict[str, Any]) -> str:
    """Return a table of the CPU time per photo, and how far outputs are apart."""
    lines = ["| contender | ms of CPU per photo | farthest probability from redspots |", "|---|---|---|"]
    for name, milliseconds in figures["milliseconds"].items():
        distance = figures["distances"].get(name)
        lines.append(f"| {name} | {milliseconds:.1f} | {'' if distance is None else f'{distance:.4f}'} |")
    return "\n".join(lines)


def draw(figures: dict[str, Any], path: Path) -> None:
    """Draw the CPU time per web photo."""
    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams.update({"svg.hashsalt": "redspots", "svg.fonttype": "none", "font.size": 11})
    from matplotlib import pyplot

    web = {name: value for name, value in figures["milliseconds"].items() if not name.endswith("phone")}
    names, values = list(web), list(web.values())
    figure, axes = pyplot.subplots(figsize=(8, 0.5 * len(names) + 1))
    drawn = axes.barh(names, values, color=["#c4323f" if name.startswith("redspots") else "#94a3b8" for name in names])
    axes.bar_label(drawn, fmt="%.1f", padding=4)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("ms of CPU per web photo; less is better")
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})


def main() -> None:
    """Replace what stands between the marks in README.md."""
    figures = json.load(sys.stdin)
    setting = figures["setting"]
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    said = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}, {setting['cores']} cores ({platform.machine()}), Python "
        f"{platform.python_version()}, load {setting['load']} before the start; {setting['web']} web photos, "
        f"{setting['phone']} phone photos, {setting['rounds']} round(s); {versions}."
    )
    draw(figures, HERE / "costs.svg")
    parts = (said, bars_table(figures), costs_table(figures), "![CPU time per web photo](costs.svg)")
    text = (HERE / "README.md").read_text(encoding="utf-8")
    block = BEGIN + "\n" + "\n\n".join(parts) + "\n\n" + END
    replaced = re.sub(f"{re.escape(BEGIN)}.*{re.escape(END)}", lambda _: block, text, flags=re.DOTALL)
    (HERE / "README.md").write_text(replaced, encoding="utf-8")
    print("\n\n".join(parts))


if __name__ == "__main__":
    main()
