"""What fits this machine: the values of a recipe's `auto`. torch is imported when they are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

from model.system.cores import available_cores

Precision = Literal["32-true", "bf16-mixed"]

SMALL_BATCH, LARGE_BATCH = 32, 64
LARGE_GPU = 15.0
"""GiB from which on the larger batch fits the largest backbones that were tried, with room for a larger input."""
MOST_WORKERS = 8
_FAST_BF16 = ("avx512_bf16", "amx_bf16")
"""Instructions without which a CPU computes in bfloat16 more slowly than in 32 bits."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a run has at hand."""

    cores: int
    gpu: float
    """Memory of the GPU in GiB; 0 without one."""
    has_fast_bf16: bool

    @property
    def batch_size(self) -> int:
        """Return 32, or 64 on a GPU with 15 GiB or more."""
        return LARGE_BATCH if self.gpu >= LARGE_GPU else SMALL_BATCH

    @property
    def precision(self) -> Precision:
        """Return mixed bfloat16 where the hardware is faster in it, else 32 bits."""
        return "bf16-mixed" if self.has_fast_bf16 else "32-true"

    @property
    def workers(self) -> int:
        """Return one process per core but one, from 1 to 8: the last core trains, or feeds the GPU."""
        return min(MOST_WORKERS, max(1, self.cores - 1))


@cache
def this_machine() -> Machine:
    """Return what this process may use."""
    import torch

    cores = available_cores()
    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory / 2**30
        return Machine(cores, memory, torch.cuda.is_bf16_supported(including_emulation=False))
    able = torch.cpu.get_capabilities()
    return Machine(cores, 0.0, any(bool(able.get(name)) for name in _FAST_BF16))
