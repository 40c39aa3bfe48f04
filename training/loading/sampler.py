"""Draws: which photo is seen when, and by which random numbers it is augmented: a function of seed, epoch and place.

Nothing drifts from one to the next, so that a run can be taken up anywhere, by any number of processes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from model.errors import RecipeError
from training.loading.workers import keep_to_one_thread, workers_that_fit


class Draw(NamedTuple):
    """One photo at its place in an epoch."""

    row: int
    """Of the dataset."""
    seed: int
    """Of its augmentation."""


class Draws(Sampler[Draw]):
    """The draws of an epoch, with replacement; rank r of n processes takes every n-th item of the same order."""

    def __init__(
        self, weights: Sequence[float], *, batch_size: int, seed: int, process: int = 0, processes: int = 1
    ) -> None:
        """`batch_size` photos make one step of all processes together; a last batch that is short is left out.

        Raises RecipeError when the processes cannot share a batch evenly.
        """
        count = min(batch_size, len(weights))
        if batch_size % processes or count < processes:
            raise RecipeError(
                "bad_value",
                f"'fit.batch_size' is {batch_size} and there are {len(weights)} photos: {processes} devices cannot"
                " share a batch evenly; choose a multiple of their number.",
            )
        self._weights = torch.tensor(weights, dtype=torch.float64)
        self._batch_size, self._seed = batch_size, seed
        self._process, self._processes = process, processes
        # A last batch of one photo has no batch statistics.
        self.batches = max(1, len(weights) // batch_size)
        self._length = self.batches * count
        self.epoch = 0
        self.first_batch = 0
        """Where the next iteration begins; the one after that begins at 0."""

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch comes next; Lightning does."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of draws of this process in an epoch."""
        return len(range(self._process, self._length, self._processes))

    def __iter__(self) -> Iterator[Draw]:
        """Yield the draws of this process."""
        begin, self.first_batch = self.first_batch * self._batch_size, 0
        generator = torch.Generator().manual_seed(mixed(self._seed, self.epoch))
        rows = torch.multinomial(self._weights, self._length, replacement=True, generator=generator).tolist()
        for place in range(begin + self._process, self._length, self._processes):
            yield Draw(rows[place], mixed(self._seed, self.epoch, place))


class DrawLoader(DataLoader[tuple[Tensor, int]]):
    """A DataLoader over draws that knows where it is: Lightning keeps that in its checkpoints and brings it back."""

    def __init__(self, dataset: Any, draws: Draws, *, batch_size: int, workers: int) -> None:
        """`batch_size` photos of this process make a batch. There may be fewer workers, see `workers_that_fit`."""
        workers = workers_that_fit(workers, lambda: batch_size * dataset[Draw(0, 0)][0].nbytes)
        super().__init__(
            dataset,
            batch_size,
            sampler=draws,
            num_workers=workers,
            persistent_workers=workers > 0,
            worker_init_fn=keep_to_one_thread,
            # Otherwise it takes its seed for the workers, which nothing uses, from torch's random numbers.
            generator=torch.Generator(),
        )
        self._draws = draws
        self._given = 0

    def __iter__(self) -> Iterator[Any]:  # type: ignore[override]
        """Yield the batches of an epoch, or the rest of one."""
        self._given = self._draws.first_batch
        for batch in super().__iter__():
            self._given += 1
            yield batch

    def state_dict(self) -> dict[str, int]:
        """Return how far the epoch is."""
        return {"epoch": self._draws.epoch, "batches": self._given}

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Go on from there."""
        is_over = state["batches"] >= self._draws.batches
        self._draws.epoch = state["epoch"] + is_over
        self._draws.first_batch = 0 if is_over else state["batches"]


def mixed(*numbers: int) -> int:
    """Return a seed of 64 bits that shares nothing with those of neighbouring numbers (`numpy.random.SeedSequence`)."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) >> 1
