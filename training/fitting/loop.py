"""run_loop: Lightning's loop around a module, as every training here has it; it can be killed and goes on."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path

import lightning
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torch.utils.data import DataLoader

from model.system.interrupts import Stop
from training.fitting.distributed import Processes
from training.loading.sampler import DrawLoader
from training.resume.checkpoint import StateFiles, newest_state


def run_loop(
    module: lightning.LightningModule,
    training: DrawLoader,
    validation: DataLoader[object] | None,
    *,
    batches: int,
    epochs: int,
    precision: str,
    clip: float = 0.0,
    callbacks: Sequence[Callback],
    run: Path,
    begin: Path | None,
    processes: Processes,
    stop: Stop,
) -> None:
    """Train for `epochs` epochs of `batches` batches, from the checkpoint `begin` if there is one.

    The logs of losses lie in the folder `run`. `clip` is the longest gradient, 0 for any. Raises OutputError, Stopped.
    """
    trainer = lightning.Trainer(
        max_epochs=epochs,
        precision=precision,  # type: ignore[arg-type]
        gradient_clip_val=clip or None,
        callbacks=list(callbacks),
        plugins=[StateFiles(), *processes.plugins()],
        logger=[CSVLogger(run, name="log"), TensorBoardLogger(run, name="tensorboard", version="")],
        log_every_n_steps=min(50, batches),
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=run,
        **processes.trainer_options(),
    )
    with warnings.catch_warnings(), stop.deferred():
        # Lightning advises more worker processes than a small machine has cores for, and uses what torch deprecates.
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", message=".*LeafSpec.*is deprecated.*")
        # Those that are frozen.
        warnings.filterwarnings("ignore", message=".*in eval mode at the start of training.*")
        # Without photos for validation it points out that there is a step for them.
        warnings.filterwarnings("ignore", message=".*no `val_dataloader`.*")
        trainer.fit(module, training, validation, ckpt_path=begin)


def newest_checkpoint(run: Path, tell: Callable[[str], None]) -> Path | None:
    """Return the checkpoint to go on from, None where there is none."""
    found = newest_state(run / "checkpoints", tell=tell)
    return found[0] if found else None
