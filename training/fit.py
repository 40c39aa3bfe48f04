"""fit: the training loop, on Lightning, which brings devices, precision, checkpoints and early stopping."""

from __future__ import annotations

import logging
import math
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import EarlyStopping, EMAWeightAveraging, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, WeightedRandomSampler
from torchmetrics.classification import MulticlassAccuracy

from training.dataset import PhotoDataset
from training.network import EvidenceNetwork
from training.progress import Part, RunProgressBar
from training.recipe import FitOptions
from training.threads import keep_to_one_thread

LOSS = "validation_loss"
WARM_UP = 0.1
"""Share of the steps over which the learning rate rises."""


class Fit(lightning.LightningModule):
    """Cross entropy with label smoothing; a smaller learning rate for the backbone than for the head."""

    def __init__(
        self, network: EvidenceNetwork, options: FitOptions, *, steps: int, frozen: Sequence[nn.Module] = ()
    ) -> None:
        """`steps` is the number of batches in the whole run; `frozen` modules keep their batch statistics too."""
        super().__init__()
        self.network = network
        self._options = options
        self._steps = steps
        self._frozen = list(frozen)
        self._accuracy = MulticlassAccuracy(network.fine.out_channels, average="macro")

    def train(self, mode: bool = True) -> Fit:
        """Switch to training, but for the frozen modules."""
        super().train(mode)
        for module in self._frozen:
            module.eval()
        return self

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
        self.log(LOSS, functional.cross_entropy(logits.float(), targets), prog_bar=True, on_epoch=True)
        self._accuracy(logits, targets)
        self.log("validation_recall", self._accuracy, prog_bar=True, on_epoch=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with two groups, a linear warm-up and a cosine to zero."""
        head = [*self.network.fine.parameters(), *self.network.coarse.parameters()]
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
    part: Part,
    tell: Callable[[str], None],
) -> int:
    """Train the network in place, leave it with the weights of the best epoch, and return that epoch's number.

    Without photos for validation, every epoch is run and the last is taken. Checkpoints and the log of losses lie in
    the folder `run`.
    """
    generator = torch.Generator().manual_seed(seed)
    sampler = WeightedRandomSampler(list(weights), len(training), generator=generator)
    loader = DataLoader(
        training,
        options.batch_size,
        sampler=sampler,
        # A last batch of one photo has no batch statistics.
        drop_last=len(training) > options.batch_size,
        num_workers=options.workers,
        persistent_workers=options.workers > 0,
        worker_init_fn=keep_to_one_thread,
        generator=generator,
    )
    module = Fit(network, options, steps=len(loader) * options.epochs, frozen=frozen)
    monitor = None if validation is None else LOSS
    best = ModelCheckpoint(run / "checkpoints", filename="best-{epoch}", monitor=monitor, save_last=True)
    # It reports each accelerator that is not there, and advertises.
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    trainer = lightning.Trainer(
        max_epochs=options.epochs,
        precision=options.precision,
        callbacks=[
            EMAWeightAveraging(decay=options.ema_decay),
            *([] if validation is None else [EarlyStopping(LOSS, patience=options.patience)]),
            best,
            RunProgressBar(part, tell=tell),
        ],
        logger=[CSVLogger(run, name="log"), TensorBoardLogger(run, name="tensorboard", version="")],
        log_every_n_steps=min(50, len(loader)),
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with warnings.catch_warnings():
        # Lightning advises more worker processes than a small machine has cores for, and uses what torch deprecates.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")
        # Without photos for validation it points out that there is a step for them.
        warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")
        trainer.fit(
            module.to(memory_format=torch.channels_last),
            loader,
            None if validation is None else DataLoader(validation, options.batch_size),
        )
    state = torch.load(best.best_model_path, weights_only=True)
    module.load_state_dict(state["state_dict"])
    network.eval()
    return int(state["epoch"])
