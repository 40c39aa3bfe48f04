"""Processes: one per device, on one machine or many, that train one network together; the first does all the rest."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import lightning
import torch
from lightning.fabric.plugins.environments.cluster_environment import ClusterEnvironment
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.fabric.strategies.ddp import DDPStrategy as FabricDDPStrategy
from lightning.pytorch.strategies import DDPStrategy
from lightning_utilities.core.rank_zero import rank_zero_only

from model.errors import InputError, RedspotsError
from model.system.interrupts import Stopped

LONGEST = timedelta(days=7)
"""Processes wait for the first while it draws photos; the usual half an hour is too short for many."""

_MEETING = "REDSPOTS_MEETING"
"""Variable that tells processes of one command the file in which they meet."""

T = TypeVar("T")


def is_first() -> bool:
    """Return whether this process is the one that writes and speaks, by what its launcher says in the environment."""
    return not getattr(rank_zero_only, "rank", 0)


class Processes:
    """The processes of one run. torchrun or srun starts them all; without them, the first starts those of one node."""

    def __init__(self, *, devices: int | None = None, nodes: int | None = None) -> None:
        """Start and join them. `devices` are those of each node; what is left out is as torchrun says, or 1.

        Raises InputError when there are not so many devices, or another number of processes was started.
        """
        self.devices = devices or int(os.environ.get("LOCAL_WORLD_SIZE", 1))
        self.nodes = nodes or int(os.environ.get("GROUP_WORLD_SIZE", 1))
        self.count = self.devices * self.nodes
        self._fabric: lightning.Fabric | None = None
        self._meeting: tempfile.TemporaryDirectory[str] | None = None
        # It reports each accelerator that is not there, each process, and advertises.
        for name in ("lightning.fabric", "lightning.pytorch"):
            logging.getLogger(name).setLevel(logging.WARNING)
        if self.count > 1:
            try:
                strategy = (
                    _ByFile(timeout=LONGEST) if self._are_of_one_command() else FabricDDPStrategy(timeout=LONGEST)
                )
                self._fabric = lightning.Fabric(devices=self.devices, num_nodes=self.nodes, strategy=strategy)
                self._fabric.launch()
            except (RuntimeError, ValueError) as error:
                raise InputError(
                    "bad_option",
                    f"{self.devices} devices on {self.nodes} nodes cannot be used ({error}); "
                    "check --devices and --nodes.",
                ) from error

    def _are_of_one_command(self) -> bool:
        """Return whether the first process starts all others, on its own machine; then say to them where they meet."""
        if self.nodes > 1 or any(name.startswith(("TORCHELASTIC_", "SLURM_")) for name in os.environ):
            return False
        if "LOCAL_RANK" not in os.environ:
            self._meeting = tempfile.TemporaryDirectory(prefix="redspots-")
            os.environ[_MEETING] = str(Path(self._meeting.name, "meeting"))
        return _MEETING in os.environ

    @property
    def number(self) -> int:
        """Return the number of this process among all, from 0."""
        return self._fabric.global_rank if self._fabric else 0

    def trainer_options(self) -> Mapping[str, Any]:
        """Return what Lightning's Trainer needs to know of them."""
        options: dict[str, Any] = {"devices": self.devices, "num_nodes": self.nodes, "use_distributed_sampler": False}
        if self.count > 1:
            # Batch statistics are those of the whole batch, however many devices share it; torch has that on GPUs only.
            options |= {"strategy": _Together(timeout=LONGEST), "sync_batchnorm": torch.cuda.is_available()}
        return options

    def plugins(self) -> list[ClusterEnvironment]:
        """Return what keeps Lightning from taking a process on its own for a part of a Slurm job.

        A job of several tasks without srun starts one process, which Lightning would refuse after photos were drawn.
        """
        return [] if self.count > 1 else [LightningEnvironment()]

    def first(self, work: Callable[[], T]) -> T:
        """Return what the first process gets from `work`, to all of them; the others wait. Raises what it raises."""
        if self._fabric is None:
            return work()
        done: T | RedspotsError | Stopped | None = None
        if self.number == 0:
            try:
                done = work()
            except (RedspotsError, Stopped) as error:
                # The others would wait for ever.
                done = error
        result = self._fabric.broadcast(done)
        if isinstance(result, RedspotsError | Stopped):
            raise result
        return result  # type: ignore[return-value]

    def close(self) -> None:
        """Part from the others."""
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            torch.distributed.destroy_process_group()
        if self._meeting is not None:
            self._meeting.cleanup()


class _ByFile(FabricDDPStrategy):
    """DDP on one machine whose processes find each other by a file.

    Else torch asks the network for the names of this machine's own addresses.
    """

    def _setup_distributed(self) -> None:
        self._set_world_ranks()
        if sys.platform == "linux":
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        on_device = self.root_device.type != "cpu"
        # Lightning, which is to do the rest, takes what it finds.
        torch.distributed.init_process_group(
            "nccl" if self.root_device.type == "cuda" else "gloo",
            init_method=Path(os.environ[_MEETING]).as_uri(),
            rank=self.global_rank,
            world_size=self.world_size,
            timeout=LONGEST,
            device_id=self.root_device if on_device else None,
        )
        super()._setup_distributed()


class _Together(DDPStrategy):
    """DDP whose validation meets at its end only, so that a process may have a photo more than another."""

    def validation_step(self, *args: Any, **kwargs: Any) -> Any:
        """Return what the module's own step returns; DDP's would exchange buffers at each batch."""
        assert self.lightning_module is not None
        with self.precision_plugin.val_step_context():
            return self.lightning_module.validation_step(*args, **kwargs)
