"""What a training says of itself: that it stopped because nothing got better, and how long the whole run can take."""

from pathlib import Path

import numpy as np
import pytest
import torch

from model.preprocess import Preprocess
from model.system.interrupts import Stop
from training.fitting.distributed import Processes
from training.fitting.network import build_network
from training.fitting.progress import Part, how_it_ended
from training.fitting.trainer import fit
from training.loading.dataset import PhotoDataset
from training.recipes import FitOptions


@pytest.mark.parametrize(
    ("epochs", "of", "since_best", "told"),
    [
        (5, 20, 2, "stopped after epoch 5 of 20: no better since 3"),
        (6, 6, 1, "ran all 6 epochs; the best was 5"),
        (6, 6, 0, "ran all 6 epochs; the last was the best"),
    ],
)
def test_the_end_is_told_in_words(epochs: int, of: int, since_best: int, told: str) -> None:
    assert how_it_ended(epochs=epochs, of=of, since_best=since_best) == told


def test_a_training_that_gets_no_better_stops_says_so_and_keeps_the_best_epoch(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.manual_seed(0)
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (8, 32, 32, 3), dtype=np.uint8)
    photos = PhotoDataset(pixels, [0, 1] * 4, Preprocess(32))
    # The truth turned round: what is learnt makes the validation worse and worse.
    turned = PhotoDataset(pixels, [1, 0] * 4, Preprocess(32))
    options = FitOptions(
        epochs=9,
        batch_size=4,
        learning_rate=0.05,
        backbone_learning_rate=0.01,
        ema_decay=0.0,
        patience=2,
        workers=0,
        precision="32-true",
    )
    lines: list[str] = []
    with Stop() as stop:
        epoch = fit(
            build_network("test_efficientnet", outputs=2, dropout=0.0),
            photos,
            turned,
            weights=[1.0] * 8,
            options=options,
            frozen=(),
            seed=1,
            run=tmp_path,
            processes=Processes(),
            stop=stop,
            part=Part(1, of=3),
            tell=lines.append,
        )
    assert lines == [f"stopped after epoch {epoch + 3} of 9: no better since {epoch + 1}"]
    assert epoch + 3 < 9
    assert "run_ends_in_at_most" in capsys.readouterr().out
