"""names_fit: training on names of diseases and on what teachers see; the teachers themselves are tuned by it, too."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.callbacks import WeightAveraging
from lightning.pytorch.utilities.types import OptimizerLRSchedulerConfig
from timm.optim._param_groups import param_groups_layer_decay
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader
from torchmetrics import MeanMetric
from torchvision.transforms import v2

from model.preprocess import Preprocess
from model.system.interrupts import Stop
from training.fitting.checkpoint_callback import Keeper
from training.fitting.distributed import Processes
from training.fitting.loop import newest_checkpoint, run_loop
from training.fitting.names_network import NamesNetwork
from training.fitting.progress import Part, RunProgressBar
from training.fitting.speed import Speed
from training.fitting.teachers import Teachers
from training.loading.dataset import PhotoDataset
from training.loading.sampler import DrawLoader, Draws, mixed
from training.recipes.pretrain import MixOptions, NamesFit, RunOptions

GROWN_AT = 2 / 3
"""Of the epochs, after which photos have the input's size."""
SIZE_STEP = 32
"""Sizes in pixels are multiples of it, as the strides of the networks want."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """What is learnt from each photo, by its row."""

    targets: Tensor
    """(n,) indices of names, -1 where there is none."""
    names: int
    features: Tensor | None = None
    """(n, d) of the teachers, standardised; None without teachers."""
    teachers: Teachers | None = None
    """Who look at each view themselves; None where `features` serve."""
    weight: float = 0.0
    """Of the features beside the names."""


class NamesModule(lightning.LightningModule):
    """Cross entropy of the names with label smoothing, and squared error of the teachers' features; mixed batches."""

    def __init__(
        self,
        network: NamesNetwork,
        lessons: Lessons,
        options: NamesFit,
        preprocess: Preprocess,
        *,
        epochs: int,
        batches: int,
        layout: torch.memory_format,
        seed: int,
    ) -> None:
        """`batches` is the number of steps of each epoch."""
        super().__init__()
        self.network = network
        self._lessons, self._options, self._preprocess = lessons, options, preprocess
        self._epochs, self._steps = epochs, epochs * batches
        self._layout, self._seed = layout, seed
        self._mixes = _mixes(options.mix)
        self._loss, self._right, self._alike = MeanMetric(), MeanMetric(), MeanMetric()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Let mixing and dropout follow from seed and step, so that a run can go on from any of them."""
        torch.manual_seed(mixed(self._seed, self.global_step, self.global_rank))

    def training_step(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the loss of one batch of photos and their rows."""
        photos, rows = batch
        truth = self._truth(rows)
        if self._mixes is not None and torch.rand(()) < self._options.mix.share:
            photos, truth = self._mixes(photos, truth)
        names, seen = truth[:, : self._lessons.names], truth[:, self._lessons.names :]
        if self._lessons.teachers is not None:
            seen = self._lessons.teachers.see(photos, self._preprocess)
        size = size_in(self.current_epoch, self._epochs, whole=photos.shape[-1], smallest=self._options.smallest_size)
        if size != photos.shape[-1]:
            photos = functional.interpolate(photos, size=size, mode="bilinear", antialias=True)
        logits, said = self.network(photos.to(memory_format=self._layout))
        loss = _cross_entropy(logits.float(), names, smoothing=self._options.label_smoothing)
        self.log("names_loss", loss, prog_bar=True)
        if said is not None:
            error = functional.mse_loss(said.float(), seen)
            self.log("teacher_loss", error, prog_bar=True)
            loss = loss + self._lessons.weight * error
        self.log("loss", loss)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor]) -> None:
        """Log the loss and the share of right names, and how alike what is said and seen are (cosine)."""
        photos, rows = batch
        truth = self._truth(rows)
        names, seen = truth[:, : self._lessons.names], truth[:, self._lessons.names :]
        logits, said = self.network(photos.to(memory_format=self._layout))
        known = names.sum(dim=1) > 0
        if known.any():
            count = int(known.sum())
            self._loss(_cross_entropy(logits.float(), names, smoothing=0.0), weight=count)
            self._right((logits.argmax(dim=1) == names.argmax(dim=1))[known].float().mean(), weight=count)
            self.log("validation_loss", self._loss, on_epoch=True)
            self.log("validation_top1", self._right, prog_bar=True, on_epoch=True)
        if said is not None:
            if self._lessons.teachers is not None:
                seen = self._lessons.teachers.see(photos, self._preprocess)
            self._alike(functional.cosine_similarity(said.float(), seen).mean(), weight=len(rows))
            self.log("validation_similarity", self._alike, prog_bar=True, on_epoch=True)

    def configure_optimizers(self) -> OptimizerLRSchedulerConfig:
        """Return AdamW with a rate per layer, a linear warm-up and a cosine to zero."""
        options = self._options
        # timm knows the layers of its networks, and which parameters are not to decay.
        groups = param_groups_layer_decay(
            self.network.backbone,
            weight_decay=options.weight_decay,
            no_weight_decay_list=_undecayed(self.network.backbone),
            layer_decay=options.layer_decay,
        )
        groups = [
            {"params": group["params"], "weight_decay": group["weight_decay"], "lr": scale * options.learning_rate}
            for group in groups
            for scale in [group.get("lr_scale", 1.0)]
        ]
        heads = [self.network.names, *([self.network.projection] if self.network.projection is not None else [])]
        groups.append(
            {
                "params": [parameter for head in heads for parameter in head.parameters()],
                "weight_decay": options.weight_decay,
                "lr": options.head_learning_rate,
            }
        )
        warm_up = max(1, round(options.warm_up * self._steps))

        def factor(step: int) -> float:
            if step < warm_up:
                return (step + 1) / warm_up
            return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warm_up) / max(1, self._steps - warm_up))))

        optimizer = torch.optim.AdamW(groups)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def _truth(self, rows: Tensor) -> Tensor:
        """Return names (n, names), all 0 where there is none, with the teachers' features (n, d) beside them."""
        lessons, at = self._lessons, rows.cpu()
        targets = lessons.targets[at]
        names = functional.one_hot(targets.clamp_min(0), lessons.names).float() * (targets >= 0)[:, None]
        beside = [] if lessons.features is None else [lessons.features[at]]
        return torch.cat([names, *beside], dim=1).to(rows.device)


class WarmAverage(WeightAveraging):
    """A moving average of the weights that forgets faster in the first steps, as they are the worst."""

    def __init__(self, decay: float) -> None:
        """`decay` holds from about step 10 / (1 - decay) on."""

        def average(averaged: Any, current: Any, count: Any) -> None:
            steps = int(count)
            kept = min(decay, (1 + steps) / (10 + steps))
            for old, new in zip(averaged, current, strict=True):
                if old.is_floating_point():
                    old.lerp_(new, 1 - kept)
                else:
                    old.copy_(new)

        super().__init__(multi_avg_fn=average)


def names_fit(
    network: NamesNetwork,
    training: PhotoDataset,
    validation: PhotoDataset | None,
    lessons: Lessons,
    *,
    weights: Sequence[float],
    options: NamesFit,
    machine: RunOptions,
    speed: Speed,
    preprocess: Preprocess,
    seed: int,
    run: Path,
    stop: Stop,
    tell: Callable[[str], None],
) -> None:
    """Train the network in place and leave it with the averaged weights of the last epoch.

    The datasets give photos with their rows in `lessons`; `weights` says how often each row of `training` is seen.
    Checkpoints and logs lie in the folder `run`; it goes on from the newest. Raises OutputError, Stopped.
    """
    processes = Processes(devices=1, nodes=1)
    begin = newest_checkpoint(run, tell)
    last = Keeper(run / "checkpoints", monitor=None, minutes=machine.checkpoint_minutes, stop=stop)
    last.look_up(begin)
    if not last.is_over:
        draws = Draws(weights, batch_size=machine.batch_size, seed=seed)
        module = NamesModule(
            network,
            lessons,
            options,
            preprocess,
            epochs=options.epochs,
            batches=draws.batches,
            layout=speed.memory_format,
            seed=seed,
        )
        # Lightning leaves each module in the mode in which it finds it.
        module.train()
        run_loop(
            module.to(memory_format=speed.memory_format),
            DrawLoader(training, draws, batch_size=machine.batch_size, workers=machine.workers),
            None if validation is None else DataLoader(validation, machine.batch_size),
            batches=draws.batches,
            epochs=options.epochs,
            precision=speed.precision,
            clip=options.clip,
            callbacks=[
                WarmAverage(options.ema_decay),
                last,
                RunProgressBar(Part(), tell=tell, costs=costs_of(options, whole=preprocess.size)),
            ],
            run=run,
            begin=begin,
            processes=processes,
            stop=stop,
        )
    network.load_state_dict(last.weights)
    network.eval()


def size_in(epoch: int, epochs: int, *, whole: int, smallest: float) -> int:
    """Return the side of photos in an epoch: it grows evenly to the whole, in steps that strides divide."""
    part = min(1.0, epoch / max(1.0, GROWN_AT * epochs))
    side = whole * (smallest + (1 - smallest) * part)
    return min(whole, max(SIZE_STEP, SIZE_STEP * round(side / SIZE_STEP)))


def costs_of(options: NamesFit, *, whole: int) -> list[float]:
    """Return what each epoch costs beside one of whole photos: the pixels of a photo."""
    sizes = [
        size_in(epoch, options.epochs, whole=whole, smallest=options.smallest_size) for epoch in range(options.epochs)
    ]
    return [(size / whole) ** 2 for size in sizes]


def _mixes(options: MixOptions) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]] | None:
    ways: list[Callable[..., Any]] = []
    if options.mixup:
        ways.append(v2.MixUp(alpha=options.mixup))
    if options.cutmix:
        ways.append(v2.CutMix(alpha=options.cutmix))
    return v2.RandomChoice(ways) if ways and options.share else None


def _cross_entropy(logits: Tensor, names: Tensor, *, smoothing: float) -> Tensor:
    """Return the mean over photos that have a name, as far as they have one; 0 if there is none."""
    smooth = (1 - smoothing) * names + smoothing / names.shape[1] * names.sum(dim=1, keepdim=True)
    return -(smooth * logits.log_softmax(dim=1)).sum() / names.sum().clamp_min(1e-6)


def _undecayed(backbone: nn.Module) -> set[str]:
    listed = getattr(backbone, "no_weight_decay", None)
    return set(listed()) if callable(listed) else set()
