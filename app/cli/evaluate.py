"""`redspots evaluate`, after its options were read: measure a model, or two of them on the same photos."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from app.cli.console import extra
from app.cli.figures import print_comparison, print_figures, write_metrics
from app.registry.store import choose_model
from model.card import ModelCard
from model.categories import NOT_SKIN
from model.classifier import Classifier
from model.errors import RedspotsError
from model.system.files import check_absent

if TYPE_CHECKING:
    from training.evaluation.predictions import Scored
    from training.evaluation.results import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What was asked for on the command line."""

    photos: Path
    model: Path | None
    against: Path | None
    out: Path
    where: Sequence[str]
    workers: int


@dataclass(frozen=True, slots=True)
class Measured:
    """A model's card, what it said of labelled photos, and the photos that it could not read."""

    card: ModelCard
    scored: Scored
    errors: Sequence[tuple[Path, RedspotsError]]


def run(asked: Evaluation) -> int:
    """Measure, print and write the figures; return how many photos could not be read. Raises RedspotsError."""
    with extra("train"):
        from training.evaluation.results import SCHEMA
    check_absent(asked.out)
    models = [choose_model(asked.model).folder, *([asked.against] if asked.against else [])]
    measured = measure_models(models, asked.photos, where=asked.where, workers=asked.workers)
    first, console = measured[0], Console()
    value: dict[str, Any] = {
        "schema": SCHEMA,
        "model_version": first.card.version,
        "photos_from": str(asked.photos),
        **figures_of(first),
    }
    print_figures(console, value, first.errors)
    if len(measured) == 2:
        second = measured[1]
        differences = compare_models(first, second)
        value |= {
            "against": {"model_version": second.card.version, **figures_of(second)},
            "difference": differences,
        }
        print_comparison(console, differences, new=str(models[0]), old=str(models[1]))
    write_metrics(asked.out, value)
    return max(len(one.errors) for one in measured)


def measure_models(folders: Sequence[Path], photos: Path, *, where: Sequence[str], workers: int) -> list[Measured]:
    """Return what each model said of the same labelled photos, of categories that any of them knows."""
    with extra("train"):
        from training.data.manifest import read_manifest
        from training.evaluation.predictions import score_examples
    classifiers = [Classifier.load(folder) for folder in folders]
    known = {output for classifier in classifiers for output in classifier.card.outputs} | {NOT_SKIN}
    examples = read_manifest(photos, categories=known, where=where)
    return [Measured(one.card, *score_examples(one, examples, workers=workers)) for one in classifiers]


def figures_of(one: Measured) -> dict[str, Any]:
    """Return the figures of one model with their intervals, as plain values."""
    with extra("train"):
        from training.evaluation.compare import as_known
        from training.evaluation.metrics import measure, metrics_json
    known = as_known(one.scored, one.card)
    return metrics_json(measure(known, one.card), known, len(one.errors))


def compare_models(new: Measured, old: Measured) -> dict[str, Any]:
    """Return the paired differences of all figures that both models have, as plain values."""
    with extra("train"):
        from training.evaluation.compare import compare, comparison_json
    return comparison_json(compare((new.card, new.scored), (old.card, old.scored)))


def account_of_photos(folder: Path, photos: Path, *, where: Sequence[str], workers: int) -> Account:
    """Return the account of a model on labelled photos, with its training curves."""
    with extra("train"):
        from training.evaluation.results import account_of, earlier, photo_set
    (one,) = measure_models([folder], photos, where=where, workers=workers)
    measured = photo_set("photos", one.scored, one.card, failed=len(one.errors))
    curves, digest = earlier(folder)
    return account_of(one.card, [measured], curves=curves, photos_sha256=digest)
