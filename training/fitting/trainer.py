"""fit: the training loop, on Lightning, which brings devices, precision and early stopping; it can be killed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, Subset
from torchmetrics import MeanMetric
from torchmetrics.classification import MulticlassAccuracy

from model.system.interrupts import Stop
from training.fitting.checkpoint_callback import Keeper
from training.fitting.distributed import Processes
from training.fitting.loop import newest_checkpoint, run_loop
from training.fitting.network import EvidenceNetwork
from training.fitting.progress import Part, RunProgressBar
from training.loading.dataset import PhotoDataset
from training.loading.sampler import DrawLoader, Draws, mixed
from training.recipes import FitOptions

LOSS = "validation_loss"
WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""


class Fit(lightning.LightningModule):
    """Cross entropy with label smoothing; a smaller learning rate for the backbone than for the head."""

    def __init__(
        self,
        network: EvidenceNetwork,
        options: FitOptions,
        *,
        steps: int,
        frozen: Sequence[nn.Module] = (),
        seed: int = 0,
    ) -> None:
        """`steps` is the number of batches in the whole run; `frozen` modules keep their batch statistics too."""
        super().__init__()
        self.network = network
        self._options = options
        self._steps = steps
        self._frozen = list(frozen)
        self._seed = seed
        self._loss = MeanMetric()
        self._accuracy = MulticlassAccuracy(network.outputs, average="macro")

    def train(self, mode: bool = True) -> Fit:
        """Switch to training, but for the frozen modules."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Let dropout and the like follow from seed and step, so that a run can go on from any of them."""
        torch.manual_seed(mixed(self._seed, self.global_step, self.global_rank))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of one batch."""
        photos, targets = batch
        logits, _ = self.network(photos.to(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), targets, label_smoothing=self._options.label_smoothing)
        self.log("loss", loss, prog_bar=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Log the loss and the mean recall of the outputs."""
        photos, targets = batch
        logits, _ = self.network(photos.to(memory_format=torch.channels_last))
        loss = functional.cross_entropy(logits.float(), targets)
        # As a metric: what Lightning averages by itself over processes that have different numbers of photos is wrong.
        self._loss(loss, weight=len(targets))
        self.log(LOSS, self._loss, prog_bar=True, on_epoch=True)
        self._accuracy(logits, targets)
        self.log("validation_recall", self._accuracy, prog_bar=True, on_epoch=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with two groups, a linear warm-up and a cosine to zero."""
        head = [parameter for module in self.network.head_modules() for parameter in module.parameters()]
        body = [parameter for parameter in self.network.backbone.parameters() if parameter.requires_grad]
        optimizer = torch.optim.AdamW(
            [
                {"params": body, "lr": self._options.backbone_learning_rate},
                {"params": head, "lr": self._options.learning_rate},
            ],
            weight_decay=self._options.weight_decay,
        )
        warm_up = max(1, round(WARM_UP * self._steps))

        def factor(step: int) -> float:
            if step < warm_up:
                return (step + 1) / warm_up
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, self._steps - warm_up))))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def fit(
    network: EvidenceNetwork,
    training: PhotoDataset,
    validation: PhotoDataset | None,
    *,
    weights: Sequence[float],
    options: FitOptions,
    frozen: Sequence[nn.Module],
    seed: int,
    run: Path,
    processes: Processes,
    stop: Stop,
    part: Part,
    tell: Callable[[str], None],
) -> int:
    """Train the network in place, leave it with the weights of the best epoch, and return that epoch's number.

    Without photos for validation, every epoch is run and the last is taken. Checkpoints and the log of losses lie in
    the folder `run`; if there are some, it goes on from the newest, and ends with the weights that it would have ended
    with at once. Raises OutputError when the disk is full, Stopped after a signal, with a checkpoint of that moment.
    """
    begin = processes.first(lambda: newest_checkpoint(run, tell))
    best = Keeper(
        run / "checkpoints", monitor=None if validation is None else LOSS, minutes=options.checkpoint_minutes, stop=stop
    )
    best.look_up(begin)
    if not best.is_over:
        _train(
            network,
            training,
            _share(validation, processes),
            weights=weights,
            options=options,
            frozen=frozen,
            seed=seed,
            run=run,
            begin=begin,
            best=best,
            processes=processes,
            stop=stop,
            part=part,
            tell=tell,
        )
    network.load_state_dict(best.weights)
    network.eval()
    return best.epoch


def _train(
    network: EvidenceNetwork,
    training: PhotoDataset,
    validation: Dataset[tuple[Tensor, int]] | None,
    *,
    weights: Sequence[float],
    options: FitOptions,
    frozen: Sequence[nn.Module],
    seed: int,
    run: Path,
    begin: Path | None,
    best: Keeper,
    processes: Processes,
    stop: Stop,
    part: Part,
    tell: Callable[[str], None],
) -> None:
    draws = Draws(
        weights, batch_size=options.batch_size, seed=seed, process=processes.number, processes=processes.count
    )
    loader = DrawLoader(training, draws, batch_size=options.batch_size // processes.count, workers=options.workers)
    module = Fit(network, options, steps=draws.batches * options.epochs, frozen=frozen, seed=seed)
    # Lightning leaves each module in the mode in which it finds it.
    module.train()
    run_loop(
        module.to(memory_format=torch.channels_last),
        loader,
        None if validation is None else DataLoader(validation, options.batch_size),
        batches=draws.batches,
        epochs=options.epochs,
        precision=options.precision,
        callbacks=[
            EMAWeightAveraging(decay=options.ema_decay),
            *([] if validation is None else [EarlyStopping(LOSS, patience=options.patience)]),
            best,
            RunProgressBar(part, tell=tell),
        ],
        run=run,
        begin=begin,
        processes=processes,
        stop=stop,
    )


def _share(validation: PhotoDataset | None, processes: Processes) -> Dataset[tuple[Tensor, int]] | None:
    """Return what this process validates: its part, or all where there is not one photo for each."""
    if validation is None or processes.count == 1 or len(validation) < processes.count:
        return validation
    return Subset(validation, range(processes.number, len(validation), processes.count))
