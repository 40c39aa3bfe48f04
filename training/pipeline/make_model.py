"""make_model: from a recipe and labelled photos to a model folder. What is measured is what ships."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import lightning
import numpy as np

from model.card import NETWORK, WEIGHTS, ModelCard, sha256_of
from model.categories import INTENDED_USE, OTHER
from model.classifier import Classifier
from model.errors import ModelError, OutputError
from model.system.cores import available_cores
from model.system.files import cannot_write, put_folder
from model.system.interrupts import Stop
from training.calibration.scaling import calibrate
from training.data.manifest import Example
from training.evaluation.few import few_photos
from training.evaluation.levels import measured_levels
from training.evaluation.predictions import score_examples, scored_logits
from training.evaluation.results import (
    METRICS,
    REPORT,
    Account,
    PhotoSet,
    account_of,
    environment,
    photo_set,
    photos_hash,
)
from training.evaluation.training_curves import keep_logs, read_curves
from training.fitting.backbones import unlearnt_photos
from training.fitting.distributed import Processes
from training.fitting.initial_weights import start_network
from training.loading.composition import sources_of
from training.pipeline.few_shot import leave_sources_out
from training.pipeline.holdout import Setting, Trained, hold_back, hold_back_in_turn
from training.pipeline.preparation import PreparedPhotos
from training.publishing.export import export_network
from training.publishing.model_card import model_readme
from training.recipes import Recipe
from training.resume.fingerprint import identity_of
from training.resume.run_folder import RunFolder, refuse_unfinished, run_folder_of

_KNOWS = "It knows a few categories; most skin conditions are none of them."


@dataclass(frozen=True, slots=True)
class Job:
    """What one run is asked to do."""

    recipe: Recipe
    examples: Sequence[Example]
    """Labelled photos; those without a split get one."""
    out: Path
    """The model folder to make; it must not exist."""
    command: str
    """For the card, see `redacted_command`."""
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
    resume: bool = False
    """Go on with a run that was stopped."""
    devices: int | None = None
    """GPUs, or processes where there is none, of each node; as torchrun says, or 1, if left out."""
    nodes: int | None = None
    enclosed: Mapping[str, str] = field(default_factory=dict)
    """Text files that go into the model folder as they are, by name: what was found in the photos, words."""
    about: Mapping[str, Any] = field(default_factory=dict)
    """What the card is to say of the run besides: what was found in the photos, whose were mixed in."""
    prepare: Callable[[], PreparedPhotos] | None = None
    """Reads and looks at the photos, in one process of however many; `recipe`, `examples` and `test` are then its."""


def make_model(job: Job, *, tell: Callable[[str], None]) -> ModelCard:
    """Train, calibrate, export and measure; return the card of the folder that is now at `job.out`.

    `tell` gets one line per step. Nothing is at `job.out` until everything is; until then a hidden folder beside it
    keeps what is done. Raises RedspotsError, and Stopped after a signal. To be called in the main thread.
    """
    with Stop() as stop, ExitStack() as stack:
        processes = Processes(devices=job.devices, nodes=job.nodes)
        stack.callback(processes.close)
        if (card := processes.first(lambda: _finished(job))) is not None:
            return card
        processes.first(lambda: _check(job))
        if job.prepare is not None:
            job = _prepared(job, processes.first(job.prepare))
        if processes.number == 0 and (few := few_photos(_photos_by_category(job), of="to train and test on")):
            tell(few)
        # In one process only: the others know where it is.
        processes.first(lambda: _open(stack, job))
        run = RunFolder(run_folder_of(job.out))
        setting = _setting(job, run, processes, stop, tell if processes.number == 0 else lambda line: None)
        trained = _train(setting, job)
        return processes.first(lambda: _finish(job, setting, trained))


def _finished(job: Job) -> ModelCard | None:
    """Return the card of a model that is complete, but for a kill before its run folder was removed.

    Raises OutputError when something else is at its place.
    """
    if not job.out.exists():
        return None
    run = run_folder_of(job.out)
    if not job.resume or not run.exists():
        raise OutputError("exists", f"{str(job.out)!r} exists already; choose another --out or remove it.")
    card = ModelCard.read(job.out)
    shutil.rmtree(run, ignore_errors=True)
    return card


def _check(job: Job) -> None:
    """Raise, before photos are read, for a run that could not begin or whose end could not be recorded."""
    refuse_unfinished(job.out, resume=job.resume)
    if job.mlflow:
        # MLflow takes a second to import, and most runs do without.
        from training.publishing.mlflow_run import check_tracking

        check_tracking(job.mlflow)


def _prepared(job: Job, photos: PreparedPhotos) -> Job:
    return replace(
        job,
        recipe=photos.recipe,
        examples=photos.examples,
        test=photos.test,
        enclosed={**job.enclosed, **photos.enclosed},
        about={**job.about, **photos.about},
    )


def _photos_by_category(job: Job) -> Counter[str]:
    """Return how many photos of one's own there are; what is drawn or mixed in teaches, and measures nothing."""
    own = Counter(one.category for one in (*job.examples, *job.test) if not one.mixed)
    return Counter({category: own[category] for category in job.recipe.categories})


def _open(stack: ExitStack, job: Job) -> None:
    def identify() -> Mapping[str, Any]:
        return identity_of(job.recipe, job.examples, job.test, weights=job.weights, start=job.start)

    stack.enter_context(RunFolder.open(job.out, identify=identify, resume=job.resume))


def _setting(job: Job, run: RunFolder, processes: Processes, stop: Stop, tell: Callable[[str], None]) -> Setting:
    lightning.seed_everything(job.recipe.seed, workers=True, verbose=False)
    # Once for the recipe, which a model folder completes, and so that a mistake is told before photos are read.
    _, recipe = start_network(job.recipe, weights=job.weights, start=job.start)
    return Setting(
        recipe,
        (*recipe.categories, OTHER),
        build=lambda: start_network(job.recipe, weights=job.weights, start=job.start)[0],
        cache=job.cache or run.cache,
        run=run,
        processes=processes,
        stop=stop,
        tell=tell,
    )


def _train(setting: Setting, job: Job) -> Trained:
    if not setting.recipe.fit.epochs:
        return leave_sources_out(setting, job.examples, unlearnt=unlearnt_photos(job.weights))
    return (hold_back_in_turn if setting.recipe.data.folds else hold_back)(setting, job.examples)


def _finish(job: Job, setting: Setting, trained: Trained) -> ModelCard:
    """Calibrate, export and measure, in one process."""
    recipe, run = setting.recipe, setting.run
    kept = run.once("calibration", lambda: _calibrated(setting, trained))
    card, offsets = ModelCard.from_json(kept["card"]), kept["offsets"]
    setting.tell(f"epoch {trained.epoch}, temperature {card.temperature:.3f}, threshold {card.threshold:.2f}")
    how = {
        "command": job.command,
        "seed": recipe.seed,
        "photos_were_cached": trained.was_cached,
        "best_epoch": trained.epoch,
        **environment(),
        "devices": setting.processes.count,
        "recipe": recipe.model_dump(mode="json"),
    }
    trained.network.add_to_outputs(offsets)
    crossed = [_cross_validation(trained, card, offsets)] if trained.is_crossed else []
    setting.tell("exporting the model and measuring what was exported")
    try:
        card = _publish(job, trained, card, crossed, run, how=how)
        run.remove()
    except OSError as error:
        raise cannot_write(job.out, error, fix="make room, then go on with --resume") from error
    return card


def _calibrated(setting: Setting, trained: Trained) -> dict[str, Any]:
    recipe = setting.recipe
    card = ModelCard(
        version=recipe.version,
        created=datetime.now(UTC).date().isoformat(),
        backbone=recipe.network.backbone,
        outputs=setting.outputs,
        parents=recipe.decision.parents,
        preprocess=setting.preprocess,
        temperature=1.0,
        threshold=0.5,
        intended_use=f"{INTENDED_USE} {_KNOWS}",
        data=sources_of(trained.items),
    )
    card, offsets = calibrate(card, trained.logits, trained.held_back, recipe)
    return {"card": card.to_json(), "offsets": offsets.tolist()}


def _publish(
    job: Job, trained: Trained, card: ModelCard, crossed: Sequence[PhotoSet], run: RunFolder, *, how: Mapping[str, Any]
) -> ModelCard:
    """Write the model folder under another name, measure it, and give it its name when it is whole."""
    folder = run.folder / "model"
    try:
        files = dict(ModelCard.read(folder).files)
    except ModelError:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        export_network(trained.network, folder, size=card.preprocess.size)
        files = {file: sha256_of(folder / file) for file in (NETWORK, WEIGHTS)}
    for file, text in job.enclosed.items():
        (folder / file).write_text(text, encoding="utf-8")
        files[file] = sha256_of(folder / file)
    card = replace(card, files={file: files[file] for file in (NETWORK, WEIGHTS, *job.enclosed)})
    card.write(folder)
    sets = [*crossed, *_measured(folder, job, trained)]
    metrics = {one.name: one.figures for one in sets}
    if sets:
        # Photos that chose nothing, where there are any.
        honest = next((one for one in sets if one.name == "test"), sets[0])
        card = replace(card, levels=measured_levels(card, honest.scored, name=honest.name))
    card = replace(card, metrics=metrics, training={**how, **job.about, "minutes": round(run.minutes(), 1)})
    account = account_of(card, sets, curves=read_curves(run.trainings), photos_sha256=photos_hash(job.examples))
    keep_logs(run.trainings, folder)
    (folder / METRICS).write_text(json.dumps(account.metrics, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(model_readme(card), encoding="utf-8")
    told = {file: sha256_of(folder / file) for file in (METRICS, "README.md")}
    card = replace(card, files={**card.files, **told})
    if job.report is not None:
        (folder / REPORT).write_text(job.report(account, folder), encoding="utf-8")
        card = replace(card, reports={REPORT: sha256_of(folder / REPORT)})
    card.write(folder)
    Classifier.load(folder)
    put_folder(folder, job.out)
    if job.mlflow:
        from training.publishing.mlflow_run import track

        track(account, job.out, job.mlflow)
    return card


def _measured(folder: Path, job: Job, trained: Trained) -> list[PhotoSet]:
    """Return the figures of the exported model; photos that it was trained on say nothing and are left out."""
    classifier = Classifier.load(folder)
    found = []
    # After cross-validation the network has seen every photo but those of the test.
    validation = [] if trained.is_crossed else [item for item in trained.held_back if isinstance(item, Example)]
    for name, examples in (("validation", validation), ("test", job.test)):
        if examples:
            scored, errors = score_examples(classifier, examples, workers=available_cores())
            found.append(photo_set(name, scored, classifier.card, failed=len(errors)))
    return found


def _cross_validation(trained: Trained, card: ModelCard, offsets: Sequence[float]) -> PhotoSet:
    """Return the figures of the real photos among the held-back ones, each scored by a network without its group."""
    real = {row: item for row, item in enumerate(trained.held_back) if isinstance(item, Example)}
    examples = list(real.values())
    scored = scored_logits(examples, trained.logits[list(real)] + np.array(offsets), card)
    return photo_set("cross_validation", scored, card, failed=0)
