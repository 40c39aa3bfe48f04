"""How far a whole run is, all its trainings together, and in words why each of them ended."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import lightning
from lightning.pytorch.callbacks import EarlyStopping, TQDMProgressBar


@dataclass(frozen=True, slots=True)
class Part:
    """Which of the trainings of a run this is; with cross-validation there is one per fold and one on everything."""

    number: int = 1
    of: int = 1


class RunProgressBar(TQDMProgressBar):
    """Lightning's bar, with the time left for the whole run beside it."""

    def __init__(self, part: Part, *, tell: Callable[[str], None], costs: Sequence[float] = ()) -> None:
        """`tell` gets a line when the training has ended; `costs` are those of the epochs, where they differ."""
        super().__init__(refresh_rate=10)
        self._part = part
        self._costs = costs
        self._tell = tell
        self._begin = (0.0, 0)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Start the clock, at the step at which a resumed training goes on."""
        super().on_train_start(trainer, pl_module)
        self._begin = (time.monotonic(), trainer.global_step)

    def get_metrics(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule
    ) -> dict[str, int | str | float | dict[str, float]]:
        """Return the losses, and the longest that the run can still take: a training may stop early."""
        metrics = super().get_metrics(trainer, pl_module)
        metrics.pop("v_num", None)
        since, first = self._begin
        if trainer.global_step > first:
            batches = int(trainer.num_training_batches)
            whole = self._cost(batches * (trainer.max_epochs or 0), batches)
            done = self._cost(trainer.global_step, batches)
            each = (time.monotonic() - since) / (done - self._cost(first, batches))
            left = each * (whole - done + whole * (self._part.of - self._part.number))
            metrics["run_ends_in_at_most"] = str(timedelta(seconds=round(left)))
        return metrics

    def _cost(self, steps: int, batches: int) -> float:
        """Return what the first so many steps cost, in steps of cost 1."""
        if not self._costs:
            return float(steps)
        epoch, rest = divmod(steps, batches)
        return batches * sum(self._costs[:epoch]) + (rest * self._costs[epoch] if rest else 0.0)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take the bar away and say why the training ended."""
        super().on_train_end(trainer, pl_module)
        if isinstance(stopping := trainer.early_stopping_callback, EarlyStopping):
            self._tell(
                how_it_ended(epochs=_epochs(trainer), of=trainer.max_epochs or 0, since_best=stopping.wait_count)
            )


def how_it_ended(*, epochs: int, of: int, since_best: int) -> str:
    """Return in words how many epochs were run and which was the best, counted from 1."""
    best = epochs - since_best
    if epochs < of:
        return f"stopped after epoch {epochs} of {of}: no better since {best}"
    return f"ran all {of} epochs; the best was {best}" if since_best else f"ran all {of} epochs; the last was the best"


def _epochs(trainer: lightning.Trainer) -> int:
    return trainer.fit_loop.epoch_progress.current.completed
