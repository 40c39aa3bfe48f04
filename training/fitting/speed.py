"""Speed: which precision and order in memory a network is trained in fastest here, by timing a few steps of each."""

from __future__ import annotations

import copy
import itertools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor, nn

from training.recipes.hardware import Precision

ROUNDS = 3
"""Timed steps of each way, after one to warm up; the ways take turns, so that other work disturbs them alike."""
PRECISIONS: tuple[Precision, ...] = ("32-true", "bf16-mixed")
LAYOUTS = ("contiguous", "channels_last")


@dataclass(frozen=True, slots=True)
class Speed:
    """A way of training."""

    precision: Precision
    layout: str
    photos_per_second: float = 0.0
    """As timed, on a CPU those of one core; 0 if it was not."""

    @property
    def memory_format(self) -> torch.memory_format:
        """Return the layout as torch names it."""
        return torch.channels_last if self.layout == "channels_last" else torch.contiguous_format

    def to_json(self) -> dict[str, Any]:
        """Return its values for JSON."""
        return {"precision": self.precision, "layout": self.layout, "photos_per_second": self.photos_per_second}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return what `to_json` has written."""
        return cls(values["precision"], values["layout"], values["photos_per_second"])


def fastest_training(
    network: nn.Module, *, batch_size: int, size: int, precision: str, layout: str
) -> tuple[Speed, list[Speed]]:
    """Return the fastest way to train a copy of a network on photos of `size`, and all that were timed.

    `precision` and `layout` are those to use, or `auto`; where both are given nothing is timed.
    """
    precisions = PRECISIONS if precision == "auto" else (precision,)
    layouts = LAYOUTS if layout == "auto" else (layout,)
    ways = [Speed(one, other) for one, other in itertools.product(precisions, layouts)]  # type: ignore[arg-type]
    if len(ways) == 1:
        return ways[0], []
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    photos = torch.zeros(batch_size, 3, size, size, device=device)
    steps = [_training_step(copy.deepcopy(network).to(device), photos, way) for way in ways]
    seconds = _time_in_turn(steps, device)
    timed = [Speed(way.precision, way.layout, batch_size / each) for way, each in zip(ways, seconds, strict=True)]
    return max(timed, key=lambda way: way.photos_per_second), timed


def is_bfloat16_faster(forward: Callable[[Tensor], Any], *, batch_size: int, size: int) -> bool:
    """Return whether a forward pass of photos of `size` is faster in bfloat16."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    photos = torch.zeros(batch_size, 3, size, size, device=device)

    def step(enabled: bool) -> Callable[[], None]:
        def run() -> None:
            with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=enabled):
                forward(photos)

        return run

    plain, half = _time_in_turn([step(False), step(True)], device)
    return half < plain


def _training_step(network: nn.Module, photos: Tensor, way: Speed) -> Callable[[], None]:
    network = network.train().to(memory_format=way.memory_format)
    photos = photos.to(memory_format=way.memory_format)

    def run() -> None:
        network.zero_grad()
        with torch.autocast(photos.device.type, torch.bfloat16, enabled=way.precision == "bf16-mixed"):
            found = [value for value in network(photos) if value is not None]
        torch.stack([value.float().square().mean() for value in found]).sum().backward()  # type: ignore[no-untyped-call]

    return run


def _time_in_turn(steps: Sequence[Callable[[], None]], device: torch.device) -> list[float]:
    """Return the seconds of the fastest run of each step: of a CPU's cores, as other work disturbs these less."""
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    best = [float("inf")] * len(steps)
    for turn in range(ROUNDS + 1):
        for number, step in enumerate(steps):
            begin = clock()
            step()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn:
                best[number] = min(best[number], clock() - begin)
    return best
