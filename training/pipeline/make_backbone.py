"""make_backbone: from photos with names, and teachers, to a backbone folder; killed, it goes on where it was."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import albumentations as A
import cv2
import lightning
import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor

from model.card import CARD, WEIGHTS, sha256_of
from model.errors import OutputError, RecipeError
from model.preprocess import Preprocess
from model.system.files import cannot_write, put_folder
from model.system.interrupts import Stop
from training.data.named_photos import NamedPhotos
from training.evaluation.results import environment
from training.evaluation.training_curves import keep_logs, read_curves
from training.fitting.backbones import BACKBONE, FORMAT, HELD_OUT, LABELS, NAMES_HEAD, Backbone, read_backbone
from training.fitting.names_network import NamesNetwork, set_norm_momentum
from training.fitting.names_trainer import Lessons, names_fit
from training.fitting.network import build_backbone
from training.fitting.speed import Speed, fastest_training, is_bfloat16_faster
from training.fitting.teachers import ModelTeacher, Teacher, Teachers, TeacherSource
from training.loading.cache import cached_pixels
from training.loading.dataset import PhotoDataset
from training.loading.shards import Pixels
from training.loading.views import build_views
from training.publishing.backbone_card import BACKBONE_USE, backbone_readme, labels_of, terms_of
from training.recipes.pretrain import NamesFit, PretrainRecipe
from training.resume.fingerprint import identity_of
from training.resume.run_folder import RunFolder, run_folder_of

CACHE_MARGIN = 9 / 7
"""Cached photos are this much larger than the network's input, so that crops stay sharp: 288 for 224 pixels."""
SEEN_AT_ONCE = 512
"""Photos whose teachers' features are kept together: as many as a killed run may look at again."""


@dataclass(frozen=True, slots=True)
class PretrainJob:
    """What one run is asked to do."""

    recipe: PretrainRecipe
    photos: NamedPhotos
    out: Path
    """The backbone folder to make; it must not exist."""
    command: str
    """As typed, for the card."""
    teachers: Sequence[TeacherSource] = ()
    weights: Path | None = None
    """Weights of the backbone in safetensors, in place of timm's own."""
    tune_teacher: bool = False
    """Train the teachers on the names first."""
    cache: Path | None = None
    """Folder for decoded photos, kept for the next run."""
    resume: bool = False


@dataclass(frozen=True, slots=True)
class _Setting:
    """What all parts of a run have in common."""

    job: PretrainJob
    run: RunFolder
    stop: Stop
    tell: Callable[[str], None]
    pixels: Pixels

    @property
    def recipe(self) -> PretrainRecipe:
        return self.job.recipe


def make_backbone(job: PretrainJob, *, tell: Callable[[str], None]) -> Backbone:
    """Train, and return the backbone in the folder that is now at `job.out`.

    `tell` gets one line per step. Nothing is at `job.out` until everything is; until then a hidden folder beside it
    keeps what is done. Raises RedspotsError, and Stopped after a signal. To be called in the main thread.
    """
    if (done := _finished(job)) is not None:
        return done
    with Stop() as stop, RunFolder.open(job.out, identify=lambda: _identity(job), resume=job.resume) as run:
        lightning.seed_everything(job.recipe.seed, workers=True, verbose=False)
        recipe, photos = job.recipe, job.photos
        # Before photos are read, so that a mistake is told at once.
        student = build_backbone(
            recipe.student.backbone,
            weights=job.weights,
            pretrained=recipe.student.start == "pretrained",
            arguments=recipe.student.backbone_arguments | _skipped(recipe.fit),
        )
        teachers = [_build_teacher(job, one) for one in job.teachers]
        _tell_photos(photos, bool(teachers), tell)
        side = round(recipe.student.size * CACHE_MARGIN)
        folder = job.cache or run.cache
        tell(f"reading photos into {str(folder)!r}")
        setting = _Setting(job, run, stop, tell, cached_pixels(photos.examples, side=side, folder=folder))
        if job.tune_teacher:
            for number, teacher in enumerate(teachers):
                if not job.teachers[number].is_model:
                    _tune(setting, teacher, number)
        trained, speed = _teach(setting, student, teachers)
        return _publish(setting, trained, teachers, speed)


def _finished(job: PretrainJob) -> Backbone | None:
    """Return a backbone that is complete, but for a kill before its run folder was removed. Raises OutputError."""
    if not job.out.exists():
        return None
    run = run_folder_of(job.out)
    if not job.resume or not run.exists():
        raise OutputError("exists", f"{str(job.out)!r} exists already; choose another --out or remove it.")
    found = read_backbone(job.out)
    shutil.rmtree(run, ignore_errors=True)
    return found


def _identity(job: PretrainJob) -> Mapping[str, Any]:
    identity = identity_of(job.recipe, job.photos.examples, (), weights=job.weights, start=None)
    teachers = [[one.name, _digest_of(one)] for one in job.teachers]
    return {**identity, "teachers": [*teachers, job.tune_teacher]}


def _digest_of(source: TeacherSource) -> str | None:
    """Return the SHA-256 of a teacher's weights, None where they are timm's own or missing."""
    path = source.weights / WEIGHTS if source.weights is not None and source.is_model else source.weights
    return sha256_of(path) if path is not None and path.is_file() else None


def _build_teacher(job: PretrainJob, source: TeacherSource) -> Teacher:
    if source.weights is not None and source.is_model:
        return ModelTeacher(source.name, source.weights)
    arguments = _skipped(job.recipe.tuning) if job.tune_teacher else {}
    return Teacher(
        source.name, build_backbone(source.name, weights=source.weights, pretrained=True, arguments=arguments)
    )


def _skipped(options: NamesFit) -> dict[str, float]:
    """Return timm's argument for stochastic depth, where it is wanted: not every network has it."""
    return {"drop_path_rate": options.drop_path} if options.drop_path else {}


def _tell_photos(photos: NamedPhotos, has_teachers: bool, tell: Callable[[str], None]) -> None:
    counts = Counter(example.split for example in photos.examples)
    rare = sum(target < 0 for target in photos.targets)
    tell(
        f"{counts['train']:,} photos to train and {counts['validation']:,} held out, with {len(photos.names)} names; "
        f"of rarer names {rare:,}, which {'learn from teachers alone' if has_teachers else 'only a teacher could use'}"
    )


def _tune(setting: _Setting, teacher: Teacher, number: int) -> None:
    """Train a teacher on the names, in place."""
    recipe, photos = setting.recipe, setting.job.photos
    try:
        preprocess = Preprocess(teacher.size, teacher.mean, teacher.std)
    except ValueError as error:
        raise RecipeError(
            "bad_value", f"{teacher.name!r} cannot be tuned ({error}); leave out --tune-teacher."
        ) from error
    torch.manual_seed(recipe.seed)
    tuned = NamesNetwork(teacher.network.requires_grad_(True), names=len(photos.names))
    setting.tell(f"tuning the teacher {teacher.name} on {len(photos.names)} names, {recipe.tuning.epochs} epochs")
    lessons = Lessons(torch.tensor(photos.targets), len(photos.names))
    _train(setting, tuned, lessons, recipe.tuning, preprocess, name=f"teacher_{number}")
    teacher.network.eval().requires_grad_(False)


def _teach(setting: _Setting, student: torch.nn.Module, teachers: Sequence[Teacher]) -> tuple[NamesNetwork, Speed]:
    """Return the trained student, and how it was trained fastest."""
    recipe, photos = setting.recipe, setting.job.photos
    preprocess = Preprocess(recipe.student.size, recipe.student.mean, recipe.student.std)
    lessons, taught = Lessons(torch.tensor(photos.targets), len(photos.names), weight=recipe.teacher.weight), 0
    if teachers:
        together, features = _look_at_all(setting, teachers)
        taught = features.shape[1]
        lessons = (
            replace(lessons, teachers=together)
            if recipe.teacher.consistent
            else replace(lessons, features=together.standardised(features))
        )
    torch.manual_seed(recipe.seed)
    network = NamesNetwork(student, names=len(photos.names), taught=taught, dropout=recipe.student.dropout)
    set_norm_momentum(network, recipe.student.norm_momentum)
    setting.tell(f"training {recipe.student.backbone}, {recipe.fit.epochs} epochs")
    return network, _train(setting, network, lessons, recipe.fit, preprocess, name="student")


def _look_at_all(setting: _Setting, teachers: Sequence[Teacher]) -> tuple[Teachers, Tensor]:
    """Return the teachers, standardised, and their features (n, d) of all photos as they are."""
    batch, precision = setting.recipe.run.batch_size, setting.recipe.run.precision

    def is_bfloat16(teacher: Teacher) -> bool:
        if precision != "auto":
            return precision == "bf16-mixed"
        return is_bfloat16_faster(teacher.forward, batch_size=batch, size=teacher.size)

    faster = setting.run.once("teachers_speed", lambda: {"bfloat16": [*map(is_bfloat16, teachers)]})["bfloat16"]
    told = ", ".join(
        f"{one.name} in {'bfloat16' if fast else '32 bits'}" for one, fast in zip(teachers, faster, strict=True)
    )
    setting.tell(f"looking at {len(setting.pixels):,} photos with {told}")
    together = Teachers(teachers, bfloat16=faster)
    features = torch.cat(_in_parts(setting, together))
    together.fit(features[setting.job.photos.rows("train")])
    return together, features


def _in_parts(setting: _Setting, teachers: Teachers) -> list[Tensor]:
    """Return the features (some, d) of all photos, part by part, each of which is kept when it is done."""
    count, done, clock = len(setting.pixels), 0, time.monotonic()
    parts = []
    for begin in range(0, count, SEEN_AT_ONCE):
        rows = range(begin, min(begin + SEEN_AT_ONCE, count))
        kept = setting.run.read(f"seen_{begin:07d}")
        if kept is None:
            kept = {"features": _seen(setting, teachers, rows)}
            setting.run.write(f"seen_{begin:07d}", kept)
            done += len(rows)
            left = (count - rows.stop) * (time.monotonic() - clock) / done
            if rows.stop < count:
                setting.tell(f"{rows.stop:,} of {count:,}, {timedelta(seconds=round(left))} left")
        parts.append(kept["features"])
    return parts


def _seen(setting: _Setting, teachers: Teachers, rows: Sequence[int]) -> Tensor:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    batch = setting.recipe.run.batch_size
    found = []
    for begin in range(0, len(rows), batch):
        pixels = np.stack([setting.pixels[row] for row in rows[begin : begin + batch]])
        photos = torch.from_numpy(pixels).to(device).permute(0, 3, 1, 2).float() / 255
        found.append(teachers.raw(photos).cpu())
    return torch.cat(found)


def _train(
    setting: _Setting, network: NamesNetwork, lessons: Lessons, options: NamesFit, preprocess: Preprocess, *, name: str
) -> Speed:
    """Train a network in place, and return how."""
    recipe, photos, run = setting.recipe, setting.job.photos, setting.run
    size, machine = preprocess.size, recipe.run
    kept = run.once(f"{name}_speed", lambda: _fastest(setting, network, size))
    speed = Speed.from_json(kept)
    rows = photos.rows("train")
    if lessons.features is None and lessons.teachers is None:
        # The others have nothing to teach.
        rows = [row for row in rows if photos.targets[row] >= 0]
    held_out = photos.rows("validation")
    views = build_views(recipe.views, size=size, seed=recipe.seed)
    whole = A.Compose([A.Resize(size, size, interpolation=cv2.INTER_AREA)])
    names_fit(
        network,
        _dataset(setting, rows, preprocess, views),
        _dataset(setting, held_out, preprocess, whole) if held_out else None,
        lessons,
        weights=name_weights([photos.targets[row] for row in rows]),
        options=options,
        machine=machine,
        speed=speed,
        preprocess=preprocess,
        seed=recipe.seed,
        run=run.trainings / name,
        stop=setting.stop,
        tell=setting.tell,
    )
    return speed


def _fastest(setting: _Setting, network: NamesNetwork, size: int) -> dict[str, Any]:
    machine = setting.recipe.run
    best, timed = fastest_training(
        network, batch_size=machine.batch_size, size=size, precision=machine.precision, layout=machine.layout
    )
    if timed:
        each = ", ".join(f"{way.precision} {way.layout} {way.photos_per_second:.1f}" for way in timed)
        core = "" if torch.cuda.is_available() else " and core"
        setting.tell(f"{best.precision}, {best.layout} is fastest here; photos per second{core}: {each}")
    return best.to_json()


def _dataset(setting: _Setting, rows: Sequence[int], preprocess: Preprocess, augmentation: A.Compose) -> PhotoDataset:
    """Return photos with their rows in place of an output."""
    return PhotoDataset(setting.pixels, rows, preprocess, augmentation, rows=np.asarray(rows, dtype=np.int64))


def name_weights(targets: Sequence[int]) -> list[float]:
    """Return how often each photo is to be seen: by 1 / sqrt(photos of its name); all of rare names are one."""
    counts = Counter(targets)
    return [counts[target] ** -0.5 for target in targets]


def _publish(setting: _Setting, network: NamesNetwork, teachers: Sequence[Teacher], speed: Speed) -> Backbone:
    """Write the backbone folder under another name, and give it its name when it is whole."""
    job, run = setting.job, setting.run
    folder = run.folder / "model"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        _save(network.backbone, folder / BACKBONE)
        _save(network.names, folder / NAMES_HEAD)
        labels = labels_of(job.photos)
        (folder / LABELS).write_text(json.dumps(labels, indent=1) + "\n", encoding="utf-8")
        held_out = sorted(sha256_of(job.photos.examples[row].path) for row in job.photos.rows("validation"))
        (folder / HELD_OUT).write_text("".join(f"{digest}\n" for digest in held_out), encoding="utf-8")
        keep_logs(run.trainings, folder)
        card = _card(setting, teachers, speed)
        (folder / "README.md").write_text(backbone_readme(card), encoding="utf-8")
        card["files"] = {
            name: sha256_of(folder / name) for name in (BACKBONE, NAMES_HEAD, LABELS, HELD_OUT, "README.md")
        }
        (folder / CARD).write_text(json.dumps(card, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        read_backbone(folder)
        put_folder(folder, job.out)
        run.remove()
    except OSError as error:
        raise cannot_write(job.out, error, fix="make room, then go on with --resume") from error
    return read_backbone(job.out)


def _save(module: torch.nn.Module, path: Path) -> None:
    save_file({name: value.detach().cpu().contiguous() for name, value in module.state_dict().items()}, path)
    # safetensors lets the owner alone read it; a server often runs as somebody else.
    with suppress(PermissionError):  # Some file systems know no modes.
        path.chmod(path.parent.stat().st_mode & 0o666)


def _card(setting: _Setting, teachers: Sequence[Teacher], speed: Speed) -> dict[str, Any]:
    job, recipe, photos = setting.job, setting.recipe, setting.job.photos
    student = recipe.student
    return {
        "redspots_backbone": FORMAT,
        "version": recipe.version,
        "created": datetime.now(UTC).date().isoformat(),
        "backbone": student.backbone,
        "backbone_arguments": student.backbone_arguments,
        "preprocess": {"size": student.size, "mean": student.mean, "std": student.std},
        "started_from": sha256_of(job.weights) if job.weights else f"timm's weights: {student.start}",
        "intended_use": BACKBONE_USE,
        "photos": len(photos.examples),
        "photos_without_name": sum(target < 0 for target in photos.targets),
        "terms": dict(Counter(photos.terms).most_common()),
        "data": terms_of(photos),
        "labels": labels_of(photos),
        "teachers": [
            {
                "name": teacher.name,
                "licence": teacher.licence,
                "weights": f"sha256 {digest}" if (digest := _digest_of(source)) else "timm's own",
                "tuned": job.tune_teacher and not source.is_model,
            }
            for teacher, source in zip(teachers, job.teachers, strict=True)
        ],
        "curves": read_curves(setting.run.trainings),
        "training": {
            "command": job.command,
            "seed": recipe.seed,
            "hours": round(setting.run.minutes() / 60, 2),
            "speed": speed.to_json(),
            **environment(),
            "recipe": recipe.model_dump(mode="json"),
        },
    }
