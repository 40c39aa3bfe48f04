"""make_model: from a recipe and labelled photos to a model folder. What is measured is what ships."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning

from model.card import NETWORK, WEIGHTS, ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import OutputError
from model.prediction import OTHER
from training.account import METRICS, REPORT, Account, PhotoSet, account_of, environment, photo_set, photos_hash
from training.calibrate import add_to_other, calibrate
from training.curves import keep_logs, read_curves
from training.export import export_network
from training.manifest import Example
from training.plan import sources_of
from training.readme import model_readme
from training.recipe import Recipe
from training.schedule import Setting, Trained, hold_back, hold_back_in_turn
from training.scored import score_examples, scored_logits
from training.start import start_network

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
    report: Callable[[Account, Path], str] | None = None
    """Makes the page that report.html holds, from the account of the model and its folder."""
    mlflow: str = ""
    """MLflow store for figures and curves; none if empty."""
    cache: Path | None = None
    """Folder for decoded and drawn photos, kept for the next run."""
    enclosed: Mapping[str, str] = field(default_factory=dict)
    """Text files that go into the model folder as they are, by name: what was found in the photos, words."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the card is to say of the run besides: what was found in the photos, whose were mixed in."""


def make_model(job: Job, *, tell: Callable[[str], None]) -> ModelCard:
    """Train, calibrate, export and measure; return the card of the folder that is now at `job.out`.

    `tell` gets one line per step. Nothing is at `job.out` until everything is. Raises RedspotsError.
    """
    if job.out.exists():
        raise OutputError("exists", f"{str(job.out)!r} exists already; choose another --out or remove it.")
    started = time.monotonic()
    run = _run_folder(job.out)
    lightning.seed_everything(job.recipe.seed, workers=True, verbose=False)
    # Once for the recipe, which a model folder completes, and so that a mistake is told before photos are read.
    _, recipe = start_network(job.recipe, weights=job.weights, start=job.start)
    outputs = (*recipe.categories, OTHER)
    setting = Setting(
        recipe,
        outputs,
        build=lambda: start_network(job.recipe, weights=job.weights, start=job.start)[0],
        cache=job.cache or run / "cache",
        run=run / "checkpoints",
        tell=tell,
    )
    trained = (hold_back_in_turn if recipe.data.folds else hold_back)(setting, job.examples)
    card = ModelCard(
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        backbone=recipe.network.backbone,
        outputs=outputs,
        parents=recipe.decision.parents,
        preprocess=setting.preprocess,
        temperature=1.0,
        threshold=0.5,
        intended_use=INTENDED_USE,
        data=sources_of(trained.items),
    )
    card, offset = calibrate(card, trained.logits, trained.held_back, recipe)
    tell(f"epoch {trained.epoch}, temperature {card.temperature:.3f}, threshold {card.threshold:.2f}")
    how = {
        "command": job.command,
        "seed": recipe.seed,
        "photos_were_cached": trained.was_cached,
        "best_epoch": trained.epoch,
        **environment(),
        "recipe": recipe.model_dump(mode="json"),
    }
    trained.network.add_to_output(len(outputs) - 1, offset)
    crossed = [_cross_validation(trained, card, offset)] if recipe.data.folds else []
    tell("exporting the model and measuring what was exported")
    try:
        card = _publish(job, trained, card, crossed, how=how, started=started, run=setting.run)
        shutil.rmtree(run)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(job.out)!r} cannot be written: {error}.") from error
    return card


def _publish(
    job: Job,
    trained: Trained,
    card: ModelCard,
    crossed: Sequence[PhotoSet],
    *,
    how: Mapping[str, Any],
    started: float,
    run: Path,
) -> ModelCard:
    """Write the model folder under another name, measure it, and give it its name when it is whole."""
    with tempfile.TemporaryDirectory(dir=job.out.parent, prefix=job.out.name + ".partial-") as name:
        folder = Path(name) / "model"
        folder.mkdir()
        export_network(trained.network, folder, size=card.preprocess.size)
        for file, text in job.enclosed.items():
            (folder / file).write_text(text, encoding="utf-8")
        card = replace(card, files={file: sha256_of(folder / file) for file in (NETWORK, WEIGHTS, *job.enclosed)})
        card.write(folder)
        sets = [*crossed, *_measured(folder, job, trained)]
        minutes = round((time.monotonic() - started) / 60, 1)
        metrics = {one.name: one.figures for one in sets}
        card = replace(card, metrics=metrics, training={**how, **job.about, "minutes": minutes})
        account = account_of(card, sets, curves=read_curves(run), photos_sha256=photos_hash(job.examples))
        keep_logs(run, folder)
        (folder / METRICS).write_text(json.dumps(account.metrics, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        (folder / "README.md").write_text(model_readme(card), encoding="utf-8")
        told = {file: sha256_of(folder / file) for file in (METRICS, "README.md")}
        card = replace(card, files={**card.files, **told})
        if job.report is not None:
            (folder / REPORT).write_text(job.report(account, folder), encoding="utf-8")
            card = replace(card, reports={REPORT: sha256_of(folder / REPORT)})
        card.write(folder)
        Classifier.load(folder)
        folder.rename(job.out)
    if job.mlflow:
        # MLflow takes a second to import, and most runs do without.
        from training.tracking import track

        track(account, job.out, job.mlflow)
    return card


def _measured(folder: Path, job: Job, trained: Trained) -> list[PhotoSet]:
    """Return the figures of the exported model; photos that it was trained on say nothing and are left out."""
    classifier = Classifier.load(folder)
    found = []
    # After cross-validation the network has seen every photo but those of the test.
    validation = [] if job.recipe.data.folds else [item for item in trained.held_back if isinstance(item, Example)]
    for name, examples in (("validation", validation), ("test", job.test)):
        if examples:
            scored, errors = score_examples(classifier, examples, workers=os.cpu_count() or 1)
            found.append(photo_set(name, scored, classifier.card, failed=len(errors)))
    return found


def _cross_validation(trained: Trained, card: ModelCard, offset: float) -> PhotoSet:
    """Return the figures of the real photos among the held-back ones, each scored by a network without its group."""
    real = {row: item for row, item in enumerate(trained.held_back) if isinstance(item, Example)}
    examples = list(real.values())
    scored = scored_logits(examples, add_to_other(trained.logits[list(real)], offset), card)
    return photo_set("cross_validation", scored, card, failed=0)


def _run_folder(out: Path) -> Path:
    """Return the folder for what a run needs while it lasts: cache, checkpoints, log."""
    run = out.with_name(f".{out.name}.redspots-run")
    try:
        run.mkdir(parents=True, exist_ok=True)
        # The checkpoints of an interrupted run of the same name are of no use; its cache is.
        shutil.rmtree(run / "checkpoints", ignore_errors=True)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(out)!r} cannot be written ({error}); choose another --out.") from error
    return run
