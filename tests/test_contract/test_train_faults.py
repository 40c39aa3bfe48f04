"""`redspots train` that is killed, stopped or cut off, as a process: with --resume it makes the same model."""

import json
import os
import random
import signal
import time
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from model.card import NETWORK, WEIGHTS, ModelCard
from tests.support.commands import redspots, running
from training.rendering.folder import draw_folder

KILLS = int(os.environ.get("REDSPOTS_TRAIN_KILLS", "2"))
"""Kills, two of each run; `make test-train-kills` takes 50."""
RECIPE = """
version = "7.0.0"
seed = 3
categories = ["petechiae", "purpura", "cherry_angioma", "sun_rash"]
[data]
folds = 2
[drawn]
per_category = 3
on_photos = 0.5
[network]
backbone = "test_efficientnet"
size = 64
start = "random"
frozen = ["conv_stem"]
[fit]
epochs = 2
batch_size = 8
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 1
checkpoint_minutes = 0
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals are a POSIX matter")]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos and a recipe."""
    folder = tmp_path_factory.mktemp("given")
    draw_folder(folder / "photos", per_category=4, seed=1, size=96)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    return folder


def command(given: Path, out: Path, *more: str) -> list[str]:
    return [
        "train",
        *("--photos", str(given / "photos"), "--recipe", str(given / "recipe.toml"), "--out", str(out)),
        *more,
    ]


def made(out: Path) -> dict[str, object]:
    """Return all of a model that two runs share: weights and network bit by bit, and the card's figures."""
    card = ModelCard.read(out)
    files = {name: card.files[name] for name in (NETWORK, WEIGHTS)}
    assert [path.name for path in out.parent.iterdir()] == [out.name], "nothing else is left"
    return {"files": files, "metrics": card.metrics, "temperature": card.temperature, "threshold": card.threshold}


@pytest.fixture(scope="module")
def whole(given: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    """What a run that nobody disturbs makes, and the seconds that it takes."""
    out = tmp_path_factory.mktemp("whole") / "model"
    redspots("--help")  # Imports what the run below would otherwise wait for.
    begin = time.monotonic()
    result = redspots(*command(given, out))
    assert result.returncode == 0, result.stderr
    return made(out), time.monotonic() - begin


@pytest.mark.parametrize("seed", range(KILLS // 2))
def test_killed_at_any_moment_and_resumed_it_makes_the_same(
    given: Path, tmp_path: Path, whole: tuple[dict[str, object], float], seed: int
) -> None:
    wanted, seconds = whole
    moments = random.Random(seed)
    arguments = command(given, tmp_path / "model", "--resume")
    for _ in range(2):
        with running(*arguments):
            time.sleep(moments.uniform(0.1, 0.9) * seconds)
    if not (tmp_path / "model").exists() or len(list(tmp_path.iterdir())) > 1:
        result = redspots(*arguments)
        assert result.returncode == 0, result.stderr
        assert "damaged" not in result.stderr
    assert made(tmp_path / "model") == wanted


def test_a_signal_says_how_to_go_on_and_only_the_same_run_may(
    given: Path, tmp_path: Path, whole: tuple[dict[str, object], float]
) -> None:
    out = tmp_path / "model"
    checkpoints = tmp_path / ".model.redspots-run" / "checkpoints" / "fold1" / "checkpoints"
    with running(*command(given, out)) as run:
        while run.poll() is None and not list(checkpoints.glob("step-*")):
            time.sleep(0.01)
        run.send_signal(signal.SIGTERM)
        stopped = run.finish(timeout=120)
    said = stopped.stderr
    assert stopped.returncode == 143, said
    assert "Stopped by SIGTERM" in said and "--resume" in said and "Traceback" not in said

    again = redspots(*command(given, out))
    assert again.returncode == 4 and "unfinished_run" in again.stderr and "--resume" in again.stderr

    photo = sorted((given / "photos" / "purpura").iterdir())[0]
    before, stat = photo.read_bytes(), photo.stat()
    recipe = given / "recipe.toml"
    try:
        with Image.open(photo) as picture:
            ImageOps.mirror(picture).save(photo)
        recipe.write_text(RECIPE.replace("epochs = 2", "epochs = 5"), encoding="utf-8")
        other = redspots(*command(given, out, "--resume"))
    finally:
        photo.write_bytes(before)
        os.utime(photo, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        recipe.write_text(RECIPE, encoding="utf-8")
    assert other.returncode == 4 and "other_run" in other.stderr
    told = " ".join(other.stderr.split())
    assert f"1 photo changed ({photo.name})" in told
    assert "recipe key 'fit.epochs' was 2 and is 5" in told
    assert not out.exists()

    log = tmp_path / ".model.redspots-run" / "checkpoints" / "fold0" / "log"
    runs = len(list(log.iterdir()))
    with running(*command(given, out, "--resume")) as run:
        while run.poll() is None and log.exists():
            assert len(list(log.glob("*"))) <= runs, "a finished fold is not trained again"
            time.sleep(0.2)
        assert run.finish(timeout=300).returncode == 0
    assert made(out) == whole[0]
    assert json.loads((out / "card.json").read_text(encoding="utf-8"))["training"]["minutes"] > 0
