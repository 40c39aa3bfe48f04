"""Account of a model: everything that its report and metrics.json say, measured once."""

from __future__ import annotations

import json
import os
import platform
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.card import ModelCard
from model.categories import NOT_SKIN, OTHER
from model.redaction import redacted_values
from training.data.manifest import Example
from training.evaluation.diagnostics import diagrams
from training.evaluation.few import few_photos
from training.evaluation.metrics import measure, metrics_json
from training.evaluation.plots import plots_of, plots_of_curves
from training.evaluation.predictions import Scored

SCHEMA = 1
"""Of metrics.json; a number that goes up when a key changes its meaning."""
METRICS, REPORT = "metrics.json", "report.html"
GALLERY = 12
"""Photos of each kind in the gallery."""
PACKAGES = ("torch", "torchvision", "timm", "albumentations", "lightning", "onnxruntime", "numpy", "pillow")


@dataclass(frozen=True, slots=True)
class PhotoSet:
    """Labelled photos with what a model said of them, and what was measured on that."""

    name: str
    """`validation`, `cross_validation` or `test`, as on the card."""
    scored: Scored
    figures: Mapping[str, Any]
    """As on the card."""
    drawn: Mapping[str, Any]
    """As `training.evaluation.diagnostics` returns it."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A photo of the gallery."""

    path: str
    truth: str
    row: int
    """In the scored photos."""


@dataclass(frozen=True, slots=True)
class Account:
    """What there is to tell of one model."""

    card: ModelCard
    sets: Sequence[PhotoSet]
    metrics: Mapping[str, Any]
    """The content of metrics.json."""
    plots: Mapping[str, Mapping[str, str]]
    """SVG by title, by set of photos; the training curves under `training`."""
    most_wrong: Sequence[Shown]
    least_sure: Sequence[Shown]
    """Both of the first set."""

    @property
    def few(self) -> list[str]:
        """Return a sentence on each set of photos that is too small to tell much."""
        sets = self.metrics["sets"].values()
        counts = [{one: photos["photos"].get(one, 0) for one in self.card.categories} for photos in sets]
        return list(filter(None, (few_photos(own, of="measured") for own in counts)))


def photo_set(name: str, scored: Scored, card: ModelCard, *, failed: int) -> PhotoSet:
    """Return a set of photos with its figures and diagrams."""
    sources = Counter(source or "not stated" for source in scored.sources.tolist())
    figures = {**metrics_json(measure(scored, card), scored, failed), "sources": dict(sources)}
    return PhotoSet(name, scored, figures, diagrams(scored, card))


def account_of(card: ModelCard, sets: Sequence[PhotoSet], *, curves: Mapping[str, Any], photos_sha256: str) -> Account:
    """Return the account of a model; `sets` may be empty, and its gallery then is."""
    plots = {one.name: plots_of(one.name, one.drawn, threshold=card.threshold) for one in sets}
    wrong, unsure = gallery(sets[0].scored, card) if sets else ([], [])
    # People write the labels of their photos and the recipe.
    metrics = redacted_values(
        {
            "schema": SCHEMA,
            "model_version": card.version,
            "created": card.created,
            "labelled_photos_sha256": photos_sha256,
            "training": {key: value for key, value in card.training.items() if key != "recipe"},
            "recipe": card.training.get("recipe", {}),
            "files": dict(card.files),
            "sets": {one.name: {**one.figures, "diagrams": one.drawn} for one in sets},
            "curves": curves,
        }
    )
    return Account(card, sets, metrics, {**plots, "training": plots_of_curves(curves)}, wrong, unsure)


def earlier(folder: Path) -> tuple[Mapping[str, Any], str]:
    """Return the training curves and the photos' SHA-256 that a model's own metrics.json tells; empty without one."""
    path = folder / METRICS
    if not path.is_file():
        return {}, ""
    value = json.loads(path.read_text(encoding="utf-8"))
    return value["curves"], value["labelled_photos_sha256"]


def gallery(scored: Scored, card: ModelCard) -> tuple[list[Shown], list[Shown]]:
    """Return the photos that the model was most wrong about, and of the others those that it was least sure of.

    Most wrong: the least probability for the truth, where another output is likelier. Least sure: the smallest lead of
    the likeliest output over the next.
    """
    truths = np.where(scored.truths == NOT_SKIN, OTHER, scored.truths)
    targets = np.array([card.outputs.index(str(truth)) for truth in truths], dtype=np.int64)
    of_truth = scored.probabilities[np.arange(len(targets)), targets]
    is_wrong = scored.probabilities.argmax(axis=1) != targets
    ranked = np.sort(scored.probabilities, axis=1)
    wrong = _first(np.where(is_wrong, of_truth, np.inf))
    lead = ranked[:, -1] - ranked[:, -2]
    lead[wrong] = np.inf
    return [_shown(scored, row) for row in wrong], [_shown(scored, row) for row in _first(lead)]


def _first(values: NDArray[np.float64]) -> list[int]:
    order = np.argsort(values, kind="stable")[:GALLERY]
    return [int(row) for row in order if np.isfinite(values[row])]


def _shown(scored: Scored, row: int) -> Shown:
    return Shown(str(scored.paths[row]), str(scored.truths[row]), row)


def photos_hash(examples: Sequence[Example]) -> str:
    """Return the SHA-256 over all labelled photos: content, category and split, whatever their order."""
    lines = []
    for one in examples:
        with one.path.open("rb") as file:
            digest = sha256(file.read()).hexdigest()
        lines.append(f"{digest} {one.category} {one.split or ''}")
    return sha256("\n".join(sorted(lines)).encode()).hexdigest()


def environment() -> dict[str, Any]:
    """Return machine and package versions, for the card."""
    accelerator = torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
    return {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {accelerator}",
        "python": platform.python_version(),
        "packages": {package: version(package) for package in PACKAGES},
    }
