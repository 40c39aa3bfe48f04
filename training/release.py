"""make_model: from a recipe and labelled photos to a model folder. What is measured is what ships."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import lightning
import torch

from model.card import NETWORK, WEIGHTS, ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import OutputError
from model.prediction import OTHER
from model.preprocess import Preprocess
from training.augment import build_augmentation
from training.cache import cached_pixels, is_cached, output_of
from training.calibrate import calibrate
from training.dataset import PhotoDataset, sampling_weights, targets_of
from training.evaluate import measure, metrics_json, score_examples
from training.export import export_network
from training.fit import fit
from training.manifest import Example
from training.network import EvidenceNetwork, freeze
from training.plan import count_sources, plan_photos, sources_of
from training.readme import model_readme
from training.recipe import Recipe
from training.start import start_network

CACHE_MARGIN = 1.125
"""Cached training photos are this much larger than the network's input, so that crops can move."""
PACKAGES = ("torch", "torchvision", "timm", "albumentations", "lightning", "onnxruntime", "numpy", "pillow")
INTENDED_USE = (
    "Research and education. Not a medical device, not cleared or approved by any regulator, not for diagnosis, "
    "triage or deciding whether to seek care. It knows a few categories; most skin conditions are none of them."
)


@dataclass(frozen=True, slots=True)
class Job:
    """What one run is asked to do."""

    recipe: Recipe
    examples: Sequence[Example]
    """Labelled photos; those without a split get one."""
    out: Path
    """The model folder to make; it must not exist."""
    command: str
    """As typed, for the card."""
    weights: Path | None = None
    """Backbone weights in safetensors, in place of timm's own."""
    start: Path | None = None
    """Model folder to start from, for recipes that do."""
    test: Sequence[Example] = ()
    """Photos for measuring only: they choose nothing."""
    cache: Path | None = None
    """Folder for decoded and drawn photos, kept for the next run."""


def make_model(job: Job, *, tell: Callable[[str], None]) -> ModelCard:
    """Train, calibrate, export and measure; return the card of the folder that is now at `job.out`.

    `tell` gets one line per step. Nothing is at `job.out` until everything is. Raises RedspotsError.
    """
    if job.out.exists():
        raise OutputError("exists", f"{str(job.out)!r} exists already; choose another --out or remove it.")
    started = time.monotonic()
    run = _run_folder(job.out)
    lightning.seed_everything(job.recipe.seed, workers=True, verbose=False)
    network, recipe = start_network(job.recipe, weights=job.weights, start=job.start)
    outputs = (*recipe.categories, OTHER)
    training, validation = plan_photos(job.examples, recipe, outputs)
    for name, items in (("train", training), ("validation", validation)):
        counts = Counter(output_of(item) for item in items)
        tell(f"{name}: {', '.join(f'{counts[output]} {output}' for output in outputs)}")
    preprocess = Preprocess(recipe.network.size, recipe.network.mean, recipe.network.std)
    cache = job.cache or run / "cache"
    side = round(recipe.network.size * CACHE_MARGIN)
    cached = is_cached(training, side=side, folder=cache)
    tell(f"reading and drawing photos into {str(cache)!r}")
    training_pixels = cached_pixels(training, side=side, folder=cache)
    validation_pixels = cached_pixels(validation, side=preprocess.size, folder=cache)
    epoch = fit(
        network,
        PhotoDataset(
            training_pixels,
            targets_of(training, outputs),
            preprocess,
            build_augmentation(preprocess.size, seed=recipe.seed),
        ),
        PhotoDataset(validation_pixels, targets_of(validation, outputs), preprocess),
        weights=sampling_weights(training, recipe.fit).tolist(),
        options=recipe.fit,
        frozen=freeze(network, recipe.network.frozen),
        seed=recipe.seed,
        run=run / "fit",
    )
    card = ModelCard(
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        backbone=recipe.network.backbone,
        outputs=outputs,
        parents=recipe.decision.parents,
        preprocess=preprocess,
        temperature=1.0,
        threshold=0.5,
        intended_use=INTENDED_USE,
        data=sources_of(training, validation),
    )
    card = calibrate(card, network, validation, validation_pixels, recipe)
    tell(f"best epoch {epoch}, temperature {card.temperature:.3f}, threshold {card.threshold:.2f}")
    how = {
        "command": job.command,
        "seed": recipe.seed,
        "photos_were_cached": cached,
        "best_epoch": epoch,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, {_accelerator()}",
        "packages": {package: version(package) for package in PACKAGES},
        "recipe": recipe.model_dump(mode="json"),
    }
    held_back = [item for item in validation if isinstance(item, Example)]
    tell("exporting the model and measuring what was exported")
    try:
        card = _publish(job, network, card, held_back=held_back, how=how, started=started)
        shutil.rmtree(run)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(job.out)!r} cannot be written: {error}.") from error
    return card


def _publish(
    job: Job,
    network: EvidenceNetwork,
    card: ModelCard,
    *,
    held_back: Sequence[Example],
    how: Mapping[str, Any],
    started: float,
) -> ModelCard:
    """Write the model folder under another name, measure it, and give it its name when it is whole."""
    with tempfile.TemporaryDirectory(dir=job.out.parent, prefix=job.out.name + ".partial-") as name:
        folder = Path(name) / "model"
        folder.mkdir()
        export_network(network, folder, size=card.preprocess.size)
        card = replace(card, files={file: sha256_of(folder / file) for file in (NETWORK, WEIGHTS)})
        card.write(folder)
        metrics = _metrics(folder, validation=held_back, test=job.test)
        minutes = round((time.monotonic() - started) / 60, 1)
        card = replace(card, metrics=metrics, training={**how, "minutes": minutes})
        (folder / "README.md").write_text(model_readme(card), encoding="utf-8")
        card = replace(card, files={**card.files, "README.md": sha256_of(folder / "README.md")})
        card.write(folder)
        Classifier.load(folder)
        folder.rename(job.out)
    return card


def _metrics(folder: Path, *, validation: Sequence[Example], test: Sequence[Example]) -> dict[str, Any]:
    classifier = Classifier.load(folder)
    metrics = {}
    for name, examples in (("validation", validation), ("test", test)):
        if examples:
            scored, errors = score_examples(classifier, examples, workers=os.cpu_count() or 1)
            figures = metrics_json(measure(scored, classifier.card), scored, len(errors))
            metrics[name] = {**figures, "sources": count_sources(examples)}
    return metrics


def _run_folder(out: Path) -> Path:
    """Return the folder for what a run needs while it lasts: cache, checkpoints, log."""
    run = out.with_name(f".{out.name}.redspots-run")
    try:
        run.mkdir(parents=True, exist_ok=True)
        # The checkpoints of an interrupted run of the same name are of no use; its cache is.
        shutil.rmtree(run / "fit", ignore_errors=True)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(out)!r} cannot be written ({error}); choose another --out.") from error
    return run


def _accelerator() -> str:
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "no GPU"
