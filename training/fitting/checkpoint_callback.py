"""Keeper: what a training needs to go on after it was killed, and the averaged weights of its best epoch."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import Checkpoint, WeightAveraging
from torch import Tensor

from model.system.interrupts import Stop, Stopped
from training.resume.checkpoint import read_state, states_in

KEPT = 2
"""Checkpoints: the newest, and the one before in case that a power cut or a broken disk spoils it."""
_NETWORK = "network."


class Keeper(Checkpoint):
    """A callback that writes a checkpoint after every epoch and every few minutes, and when a signal asks to stop.

    A `Checkpoint`, so that Lightning calls it after early stopping has decided.
    """

    def __init__(self, folder: Path, *, monitor: str | None, minutes: float, stop: Stop) -> None:
        """`monitor` names the value that is least at the best epoch; without it the last one is the best."""
        self.weights: dict[str, Tensor] = {}
        """Of the best epoch so far."""
        self.epoch = -1
        self.is_over = False
        """Whether the last epoch is done."""
        self._least = float("inf")
        self._folder, self._monitor, self._stop = folder, monitor, stop
        self._seconds = 60 * minutes
        self._written = time.monotonic()

    def look_up(self, checkpoint: Path | None) -> None:
        """Take over what an earlier process kept. Raises DamagedState."""
        if checkpoint is not None:
            self.load_state_dict(read_state(checkpoint)["callbacks"][self.state_key])

    def state_dict(self) -> dict[str, Any]:
        """Return what is kept."""
        return {"weights": self.weights, "epoch": self.epoch, "least": self._least, "is_over": self.is_over}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what was kept."""
        self.weights, self.epoch = state["weights"], state["epoch"]
        self._least, self.is_over = state["least"], state["is_over"]

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Take the signals back from Lightning, which would end the process without a checkpoint."""
        self._stop.listen()

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Write a checkpoint if it is time. Raises Stopped, OutputError."""
        # The end of the epoch is near: validation comes first, and then its checkpoint.
        if batch_idx + 1 < trainer.num_training_batches:
            is_asked = _any(trainer, self._stop.asked is not None)
            if is_asked or _any(trainer, time.monotonic() - self._written >= self._seconds):
                self._write(trainer)
            if is_asked:
                raise Stopped(self._stop.asked or 15)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Compare the epoch with the best so far, and write a checkpoint. Raises Stopped, OutputError."""
        loss = (
            -float(trainer.current_epoch) if self._monitor is None else float(trainer.callback_metrics[self._monitor])
        )
        if not self.weights or loss < self._least:
            self._least, self.epoch = loss, trainer.current_epoch
            self.weights = _averaged(trainer, pl_module)
        self.is_over = trainer.should_stop or trainer.current_epoch + 1 == trainer.max_epochs
        self._write(trainer)
        if not self.is_over and _any(trainer, self._stop.asked is not None):
            raise Stopped(self._stop.asked or 15)

    def _write(self, trainer: lightning.Trainer) -> None:
        trainer.save_checkpoint(self._folder / f"step-{trainer.global_step:09d}")
        if trainer.is_global_zero:
            for old in states_in(self._folder)[:-KEPT]:
                shutil.rmtree(old, ignore_errors=True)
        self._written = time.monotonic()


def _any(trainer: lightning.Trainer, decision: bool) -> bool:
    """Return whether any process decides so: what they do together, all of them begin."""
    return bool(trainer.strategy.reduce_boolean_decision(decision, all=False))


def _averaged(trainer: lightning.Trainer, module: lightning.LightningModule) -> dict[str, Tensor]:
    """Return a copy of the network's averaged weights, which are what is validated and kept."""
    (average,) = [callback for callback in trainer.callbacks if isinstance(callback, WeightAveraging)]  # type: ignore[attr-defined]
    state: dict[str, Any] = {"state_dict": {}}
    average.on_save_checkpoint(trainer, module, state)
    return {
        name.removeprefix(_NETWORK): value.detach().cpu().clone(memory_format=torch.preserve_format)
        for name, value in state["state_dict"].items()
        if name.startswith(_NETWORK)
    }
