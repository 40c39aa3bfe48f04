"""Killed at any moment: nothing half made is ever found under the name that was asked for."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from drawing import skin
from PIL import Image

COMMAND = [sys.executable, "-m", "app.cli"]
ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(200):
        Image.fromarray(skin(height=300, width=400, seed=number)).save(folder / f"{number:03d}.jpg")
    return folder


@pytest.mark.parametrize("seed", range(4))
def test_a_killed_run_leaves_no_half_table(photos: Path, tiny_model: Path, tmp_path: Path, seed: int) -> None:
    out = tmp_path / "scores.csv"
    command = [*COMMAND, "score", str(photos), "--model", str(tiny_model), "--out", str(out)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(random.Random(seed).uniform(0.1, 1.5))
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    if out.exists():
        assert len(out.read_text(encoding="utf-8").splitlines()) > len(list(photos.iterdir()))
    again = subprocess.run([*command[:-1], str(tmp_path / "again.csv")], cwd=ROOT, capture_output=True, check=False)
    assert again.returncode == 0, "what a killed run left does not disturb the next"


@pytest.mark.skipif(os.name != "posix", reason="file size limits are a POSIX matter")
def test_a_full_disk_is_one_sentence_and_leaves_no_table(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000));"
        "from app.cli import main; main()"
    )
    command = [sys.executable, "-c", limited, "score", str(photos), "--model", str(tiny_model), "--out", str(out)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 4, result.stderr
    assert "Traceback" not in result.stderr
    assert "scores.csv" in result.stderr.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv.journal"], "what was done is kept"
    resumed = subprocess.run([*COMMAND, *command[3:], "--resume"], cwd=ROOT, capture_output=True, check=False)
    assert resumed.returncode == 0, resumed.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) == 201
