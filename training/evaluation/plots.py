"""The diagrams of a report as SVG, drawn by matplotlib in the colours of the page that shows them, dark or light."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

INK, QUIET, LINE = "#010101", "#020202", "#030303"
COLOURS = ("#040401", "#040402", "#040403", "#040404", "#040405", "#040406")
_VARIABLES = {INK: "--ink", QUIET: "--quiet", LINE: "--line"} | {
    colour: f"--series-{number}" for number, colour in enumerate(COLOURS)
}
"""Colours that stand for variables of the page's style: matplotlib itself knows no variables."""
WIDTH, HEIGHT = 4.4, 3.3
"""Inches of 72 points: as wide as a phone, so that letters keep their size there."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "redspots",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": QUIET,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": LINE,
    "grid.linewidth": 0.5,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "legend.frameon": False,
    "legend.fontsize": 8,
}


def plots_of(name: str, drawn: Mapping[str, Any], *, threshold: float) -> dict[str, str]:
    """Return the diagrams of one set of photos by their titles, as SVG."""
    draw: dict[str, Callable[[Axes], None]] = {}
    if drawn["roc"]:
        draw["Found against falsely found (ROC)"] = partial(_roc, curves=drawn["roc"])
    if drawn["reliability"]:
        draw["Is it as sure as it is right?"] = partial(_reliability, bins=drawn["reliability"])
    chosen = {"found": drawn["thresholds"], "threshold": threshold}
    draw["What another threshold would bring"] = partial(_thresholds, **chosen)
    draw["Right answers against share answered"] = partial(_coverage, **chosen)
    return {title: _svg(f"{name}-{number}", one) for number, (title, one) in enumerate(draw.items())}


def plots_of_curves(curves: Mapping[str, Mapping[str, list[list[float]]]]) -> dict[str, str]:
    """Return the diagrams of the trainings by their titles, as SVG."""
    plots = {}
    for training, of in curves.items():
        losses = {name: of[name] for name in ("loss", "validation_loss") if of.get(name)}
        if losses:
            plots[f"Loss: {training}"] = _svg(f"{training}-loss", partial(_lines, curves=losses, label="loss"))
        if of.get("validation_recall"):
            recall = {"validation_recall": of["validation_recall"]}
            plots[f"Mean recall: {training}"] = _svg(
                f"{training}-recall", partial(_lines, curves=recall, label="mean recall")
            )
    return plots


def _roc(axes: Axes, curves: Mapping[str, Any]) -> None:
    for colour, (name, curve) in zip(COLOURS, curves.items(), strict=False):
        at = curve["false_positive_rate"]
        axes.plot(at, curve["sensitivity"], color=colour, label=f"{_words(name)} ({curve['photos']})")
        _shade(axes, at, curve["low"], curve["high"], colour)
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":")
    _label(axes, "share of other photos falsely found", "share found")
    axes.legend(loc="lower right")


def _reliability(axes: Axes, bins: list[dict[str, Any]]) -> None:
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.8, linestyle=":", label="as sure as right")
    for one in bins:
        if one["low"] is not None:
            axes.plot([one["probability"]] * 2, [one["low"], one["high"]], color=COLOURS[0], linewidth=1.2)
        axes.annotate(
            str(one["photos"]),
            (one["probability"], one["right"]),
            textcoords="offset points",
            xytext=(5, -9),
            fontsize=7,
            color=QUIET,
        )
    points = [(one["probability"], one["right"]) for one in bins]
    axes.plot(*zip(*points, strict=True), color=COLOURS[0], marker="o", markersize=4, linewidth=1, label="photos")
    _label(axes, "probability of the likeliest", "share right")
    axes.legend(loc="upper left")


def _thresholds(axes: Axes, found: Mapping[str, Any], threshold: float) -> None:
    at = found["threshold"]
    for colour, name, label in ((COLOURS[0], "answered", "share answered"), (COLOURS[1], "accuracy", "answers right")):
        axes.plot(at, _gaps(found[name]), color=colour, label=label)
        _shade(axes, at, found[f"{name}_low"], found[f"{name}_high"], colour)
    axes.axvline(threshold, color=INK, linewidth=0.9, linestyle="--", label=f"chosen: {threshold:.2f}")
    _label(axes, "threshold", "share")
    axes.legend(loc="best")


def _coverage(axes: Axes, found: Mapping[str, Any], threshold: float) -> None:
    kept = [place for place, value in enumerate(found["accuracy"]) if value is not None]
    answered = [found["answered"][place] for place in kept]
    axes.plot(answered, [found["accuracy"][place] for place in kept], color=COLOURS[0], marker=".", markersize=3)
    low, high = ([found[f"accuracy_{end}"][place] for place in kept] for end in ("low", "high"))
    _shade(axes, answered, low, high, COLOURS[0])
    chosen = [place for place in kept if found["threshold"][place] >= threshold - 1e-9][:1]
    for place in chosen:
        axes.plot(found["answered"][place], found["accuracy"][place], "o", color=INK, label="chosen threshold")
        axes.legend(loc="lower left")
    _label(axes, "share of photos that get an answer", "answers right")


def _lines(axes: Axes, curves: Mapping[str, list[list[float]]], label: str) -> None:
    for colour, (name, pairs) in zip(COLOURS, curves.items(), strict=False):
        epochs, values = zip(*pairs, strict=True)
        said = "training" if name == "loss" else "held-back photos"
        axes.plot([epoch + 1 for epoch in epochs], values, color=colour, marker=".", label=said)
    axes.set_xlabel("epoch")
    axes.set_ylabel(label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(loc="best")


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.05), xlabel=x, ylabel=y)


def _shade(axes: Axes, at: list[float], low: list[float | None], high: list[float | None], colour: str) -> None:
    axes.fill_between(at, _gaps(low), _gaps(high), color=colour, alpha=0.14, linewidth=0)


def _gaps(values: list[float | None]) -> list[float]:
    return [float("nan") if value is None else value for value in values]


def _words(name: str) -> str:
    return name.replace("_", " ")


def _svg(id_: str, draw: Callable[[Axes], None]) -> str:
    with _styled():
        figure = Figure(figsize=(WIDTH, HEIGHT), layout="constrained")
        draw(figure.add_subplot())
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = file.getvalue()
    text = text[text.index("<svg") :]
    # Several of them stand on one page.
    text = re.sub(r'\bid="', f'id="{id_}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{id_}-", text)
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    for colour, variable in _VARIABLES.items():
        text = text.replace(colour, f"var({variable})")
    return re.sub(r"(font: [\w. ]+px )[^;\"]*", r"\1system-ui, sans-serif", text)


@contextmanager
def _styled() -> Iterator[None]:
    with matplotlib.rc_context(_STYLE):
        yield
