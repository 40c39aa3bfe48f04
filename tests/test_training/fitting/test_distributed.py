"""Two processes train as one does: the same figures, and the same weights but for the order in which sums are made.

The batch statistics are frozen here: on CPUs each process has those of its own photos, on GPUs they are shared.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from safetensors.torch import load_file

from model.card import WEIGHTS, ModelCard
from model.errors import InputError, RecipeError
from training.fitting.distributed import Processes
from training.loading.sampler import Draws
from training.rendering.folder import draw_folder

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
RECIPE = """
version = "7.0.0"
seed = 3
categories = ["petechiae", "purpura", "cherry_angioma", "sun_rash"]
[network]
backbone = "test_efficientnet"
size = 64
start = "random"
dropout = 0.0
frozen = ["conv_stem", "bn1", "blocks", "conv_head", "bn2"]
[fit]
epochs = 2
batch_size = 8
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 0
precision = "32-true"
checkpoint_minutes = 0
"""


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("given")
    draw_folder(folder / "photos", per_category=6, seed=1, size=96)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return folder


def command(given: Path, out: Path, *more: str) -> list[str]:
    return [
        *(sys.executable, "-m", "app.cli", "train", "--photos", str(given / "photos")),
        *("--recipe", str(given / "recipe.toml"), "--out", str(out), *more),
    ]


def finished(arguments: list[str]) -> str:
    """Return what a command that succeeds says."""
    result = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=600)
    assert result.returncode == 0, result.stderr
    return result.stdout + result.stderr


WATCHED = """
import os, sys
from pathlib import Path
from training.pipeline import preparation
from training.publishing import mlflow_run

def noting(what, work):
    def noted(*arguments, **options):
        with Path(os.environ["REDSPOTS_TEST_NOTES"]).open("a") as file:
            file.write(f"{what} {os.getpid()}\\n")
        return work(*arguments, **options)
    return noted

# Workers that draw photos import this file again.
if __name__ == "__main__":
    preparation.choose_rows = noting("manifest", preparation.choose_rows)
    preparation.look_at_photos = noting("photos", preparation.look_at_photos)
    mlflow_run.check_tracking = noting("experiment", lambda store: None)
    mlflow_run.track = noting("run", lambda account, folder, store: "")
    from app.cli import main
    main()
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are a POSIX matter")
def test_two_processes_come_to_what_one_does_and_can_be_stopped(
    given: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    alone = finished(command(given, one))

    # Every process of the second command begins with this program, as it else does with `-m app.cli`.
    program, notes = tmp_path / "watched.py", tmp_path / "notes"
    program.write_text(WATCHED, encoding="utf-8")
    monkeypatch.setenv("REDSPOTS_TEST_NOTES", str(notes))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    arguments = command(given, two, "--devices", "2", "--mlflow", str(tmp_path / "runs.db"))
    arguments[1:3] = [str(program)]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    checkpoints = tmp_path / ".two.redspots-run" / "checkpoints" / "fit" / "checkpoints"
    while process.poll() is None and not list(checkpoints.glob("step-*")):
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 143, said
    assert said.count("Stopped by SIGTERM") == 1 and "Traceback" not in said
    together = finished([*arguments, "--resume"])
    assert together.count("exporting the model") == 1, "the first process alone speaks"

    # Twice, since it was resumed; by one process each time, and the run is recorded once.
    noted = [line.split() for line in notes.read_text(encoding="utf-8").splitlines()]
    assert Counter(what for what, _ in noted) == {"experiment": 2, "manifest": 4, "photos": 2, "run": 1}
    assert len({process for _, process in noted}) == 2, "one process reads, looks and records for both"

    cards = [ModelCard.read(folder) for folder in (one, two)]
    assert [card.training["devices"] for card in cards] == [1, 2]
    assert cards[0].metrics == cards[1].metrics
    assert cards[0].temperature == pytest.approx(cards[1].temperature, abs=1e-3)
    weights = [load_file(folder / WEIGHTS) for folder in (one, two)]
    # Not each by itself: AdamW makes a whole step of a gradient that is nothing but rounding.
    distance = sum(float((weights[1][name] - value).abs().sum()) for name, value in weights[0].items())
    assert distance < 1e-4 * sum(float(value.abs().sum()) for value in weights[0].values())
    last = [re.findall(r"validation_loss=([\d.]+)", text)[-1] for text in (alone, together)]
    assert last[0] == last[1], "the loss that stops early is that of all photos"


def test_the_processes_share_one_order() -> None:
    weights = [1.0, 2.0, 3.0] * 9
    whole = list(Draws(weights, batch_size=4, seed=5))
    shares = [list(Draws(weights, batch_size=4, seed=5, process=number, processes=2)) for number in range(2)]
    assert [draw for pair in zip(*shares, strict=True) for draw in pair] == whole
    later = Draws(weights, batch_size=4, seed=5)
    later.first_batch = 2
    assert list(later) == whole[8:]
    later.set_epoch(1)
    assert list(later) != whole


def test_a_batch_that_cannot_be_shared_is_refused() -> None:
    with pytest.raises(RecipeError, match="batch_size") as caught:
        Draws([1.0] * 20, batch_size=9, seed=1, processes=2)
    assert caught.value.code == "bad_value"


def test_more_devices_than_there_are_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "3")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("LOCAL_RANK", "0")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    monkeypatch.setenv("GROUP_RANK", "0")
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "none")
    monkeypatch.setenv("MASTER_ADDR", "127.0.0.1")
    monkeypatch.setenv("MASTER_PORT", "29999")
    with pytest.raises(InputError, match="2 devices") as caught:
        Processes(devices=2)
    assert caught.value.code == "bad_option"
