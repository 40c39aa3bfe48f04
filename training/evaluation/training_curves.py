"""Training curves, out of the logs that a run wrote; and the logs themselves, kept where their owner finds them."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path
from typing import Any

LOGS = "logs"
"""Folder of a model for what its trainings logged; `tensorboard --logdir my_model/logs` shows it."""
_CURVES = (
    *("loss", "validation_loss", "validation_recall"),
    *("names_loss", "teacher_loss", "validation_top1", "validation_similarity"),
)


def read_curves(run: Path) -> dict[str, dict[str, list[list[float]]]]:
    """Return, for each training of a run by name, pairs of epoch and value of each curve that it logged.

    A training that was resumed logged in several files; for an epoch that was begun twice, the later value counts.
    """
    found: dict[str, dict[str, dict[float, float]]] = {}
    # By time, not by name: version_10 comes after version_9.
    for path in sorted(run.rglob("metrics.csv"), key=lambda path: path.stat().st_mtime_ns):
        training = found.setdefault(_training(path, run), {})
        for name, pairs in _curves_of(path).items():
            training.setdefault(name, {}).update(pairs)
    return {
        training: {name: [[epoch, value] for epoch, value in sorted(pairs.items())] for name, pairs in curves.items()}
        for training, curves in sorted(found.items())
    }


def keep_logs(run: Path, folder: Path) -> None:
    """Copy what the trainings of a run logged, and no checkpoint, into `folder/logs`."""
    for path in [*run.rglob("metrics.csv"), *run.rglob("events.out.tfevents.*")]:
        target = folder / LOGS / path.relative_to(run)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def _training(path: Path, run: Path) -> str:
    return path.relative_to(run).parts[0]


def _curves_of(path: Path) -> dict[str, dict[float, float]]:
    """Return the last value per epoch of each curve; the loss of training is the mean over the epoch's logged steps."""
    values: dict[str, dict[float, list[float]]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            cells: dict[str, Any] = row
            for name in _CURVES:
                if cells.get(name):
                    values.setdefault(name, {}).setdefault(float(cells["epoch"]), []).append(float(cells[name]))
    return {
        name: {epoch: round(sum(of) / len(of), 5) for epoch, of in epochs.items()} for name, epochs in values.items()
    }
