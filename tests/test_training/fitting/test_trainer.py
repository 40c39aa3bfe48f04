"""fit: a training that ends anywhere and goes on comes to the very same weights, bit by bit."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from model.errors import OutputError
from model.preprocess import Preprocess
from model.system.interrupts import Stop, Stopped
from training.fitting.distributed import Processes
from training.fitting.network import build_network, freeze
from training.fitting.progress import Part
from training.fitting.trainer import fit
from training.loading.augment import build_augmentation
from training.loading.dataset import PhotoDataset
from training.recipes import FitOptions
from training.resume.checkpoint import TENSORS, read_state, states_in

COUNT, BATCH, EPOCHS, SIZE = 26, 8, 3, 64
BATCHES = COUNT // BATCH
DRAWS = EPOCHS * BATCHES * BATCH


class PowerCut(Exception):
    """Nothing of the program runs after it, as far as the disk can tell."""


class Watched:
    """An augmentation that does something before the photo of a number, counted over the whole training."""

    def __init__(self, at: int | None, act: Callable[[], None]) -> None:
        self._augmentation = build_augmentation(SIZE, seed=1)
        self._left, self._act = at, act

    def set_random_state(self, *generators: Any) -> None:
        self._augmentation.set_random_state(*generators)

    def __call__(self, *, image: Any) -> Any:
        if self._left is not None:
            if self._left == 0:
                self._act()
            self._left -= 1
        return self._augmentation(image=image)


def cut_power() -> None:
    raise PowerCut


def train(
    run: Path,
    *,
    at: int | None = None,
    act: Callable[[], None] = cut_power,
    patience: int = 9,
    workers: int = 0,
    frozen: tuple[str, ...] = (),
) -> tuple[int, dict[str, Tensor], list[str]]:
    """Return best epoch, weights and what was said; `act` is called before the draw number `at`."""
    random = np.random.default_rng(5)
    pixels = random.integers(0, 255, (COUNT + 6, 96, 96, 3), dtype=np.uint8)
    targets = [int(one) for one in random.integers(0, 3, COUNT + 6)]
    torch.manual_seed(3)
    network = build_network("test_efficientnet", outputs=3, dropout=0.5)
    augmentation: Any = Watched(at, act) if at is not None else build_augmentation(SIZE, seed=1)
    preprocess = Preprocess(SIZE)
    lines: list[str] = []
    with Stop() as stop:
        epoch = fit(
            network,
            PhotoDataset(pixels[:COUNT], targets[:COUNT], preprocess, augmentation),
            PhotoDataset(pixels[COUNT:, 16:80, 16:80], targets[COUNT:], preprocess),
            weights=[1.0 + place % 3 for place in range(COUNT)],
            options=FitOptions(
                epochs=EPOCHS,
                batch_size=BATCH,
                learning_rate=0.01,
                backbone_learning_rate=0.001,
                patience=patience,
                checkpoint_minutes=0,
                workers=workers,
            ),
            frozen=freeze(network, frozen),
            seed=7,
            run=run,
            processes=Processes(),
            stop=stop,
            part=Part(),
            tell=lines.append,
        )
    return epoch, {name: value.clone() for name, value in network.state_dict().items()}, lines


def assert_same(one: tuple[int, dict[str, Tensor], list[str]], other: tuple[int, dict[str, Tensor], list[str]]) -> None:
    assert one[0] == other[0]
    assert one[1].keys() == other[1].keys()
    assert [name for name in one[1] if not torch.equal(one[1][name], other[1][name])] == []


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, dict[str, Tensor], list[str]]:
    """A training that nothing disturbs."""
    return train(tmp_path_factory.mktemp("whole"))


@pytest.mark.parametrize("at", [0, 3, BATCH, 2 * BATCH + 5, 3 * BATCH, 4 * BATCH + 1, DRAWS - 1])
def test_it_ends_the_same_wherever_it_was_cut(
    tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]], at: int
) -> None:
    with pytest.raises(PowerCut):
        train(tmp_path, at=at)
    assert bool(states_in(tmp_path / "checkpoints")) == (at >= BATCH)
    assert_same(train(tmp_path), whole)


def test_it_ends_the_same_though_it_was_cut_twice_and_augments_in_another_process(
    tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]]
) -> None:
    for at in (BATCH + 2, 2 * BATCH + 3):
        with pytest.raises(PowerCut):
            train(tmp_path, at=at)
    assert_same(train(tmp_path, workers=1), whole)


def test_frozen_modules_keep_their_batch_statistics(tmp_path: Path) -> None:
    before = build_network("test_efficientnet", outputs=3).backbone.state_dict()
    after = train(tmp_path, frozen=("bn1",))[1]
    assert torch.equal(after["backbone.bn1.running_mean"], before["bn1.running_mean"])
    assert not torch.equal(after["backbone.bn2.running_mean"], before["bn2.running_mean"])


def test_what_is_done_is_not_done_again(tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]]) -> None:
    train(tmp_path)
    assert_same(train(tmp_path, at=0), whole)


def test_early_stopping_counts_on(tmp_path: Path) -> None:
    wanted = train(tmp_path / "whole", patience=1)
    assert states_in(tmp_path / "whole" / "checkpoints")[-1].name < f"step-{EPOCHS * BATCHES:09d}", "it stopped early"
    with pytest.raises(PowerCut):
        train(tmp_path / "cut", at=BATCHES * BATCH + 3, patience=1)
    assert_same(train(tmp_path / "cut", patience=1), wanted)


def test_a_damaged_checkpoint_is_told_and_the_one_before_is_taken(
    tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]]
) -> None:
    with pytest.raises(PowerCut):
        train(tmp_path, at=4 * BATCH)
    older, newest = states_in(tmp_path / "checkpoints")
    with (newest / TENSORS).open("r+b") as file:
        file.truncate(1000)
    again = train(tmp_path)
    assert_same(again, whole)
    (told,) = [line for line in again[2] if line.startswith("warning")]
    assert newest.name in told and "the one before" in told
    assert older.name < newest.name


@pytest.mark.skipif(os.name != "posix", reason="signals are a POSIX matter")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_checkpoint_of_that_moment(
    tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]], number: int, status: int
) -> None:
    with pytest.raises(Stopped) as caught:
        train(tmp_path, at=BATCH + 2, act=lambda: os.kill(os.getpid(), number))
    assert caught.value.exit_status == status
    assert [path.name for path in states_in(tmp_path / "checkpoints")][-1] == "step-000000002"
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert_same(train(tmp_path), whole)


@pytest.mark.skipif(os.name != "posix", reason="limits are a POSIX matter")
def test_a_full_disk_is_told_and_the_checkpoint_before_still_serves(
    tmp_path: Path, whole: tuple[int, dict[str, Tensor], list[str]]
) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with pytest.raises(OutputError, match="make room") as caught:
            train(tmp_path, at=2 * BATCH, act=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1])))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.code == "cannot_write"
    kept = states_in(tmp_path / "checkpoints")
    assert kept == sorted((tmp_path / "checkpoints").iterdir()), "nothing half written is left"
    assert all(read_state(path) for path in kept)
    assert_same(train(tmp_path), whole)
