"""No command tells anybody anything: no look-up, no connection but loopback, no file where nobody asked for one.

Each is a real process with an empty home and an environment without `CI`, which silences some packages.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from official_tables import write_scin
from own_words import own_words
from recorder import Recorded, recorded, recorder_or_skip

from training.drawn_folder import draw_folder

ROOT = Path(__file__).parents[1]
REDSPOTS = (sys.executable, "-m", "app.cli")
ALL = bool(os.environ.get("REDSPOTS_PRIVACY_ALL"))
"""`make test-privacy` tries every command; `make test` those that load what no other loads."""
RECIPE = """
version = "7.0.0"
seed = 3
categories = ["petechiae", "purpura", "cherry_angioma", "sun_rash"]
[network]
backbone = "test_efficientnet"
size = 64
start = "random"
frozen = ["conv_stem"]
[fit]
epochs = 1
batch_size = 8
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 1
precision = "32-true"
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="the recorder is one of Linux"),
]


@pytest.fixture(scope="module")
def given(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands below are given."""
    recorder_or_skip()
    folder = tmp_path_factory.mktemp("given")
    draw_folder(folder / "photos", per_category=5, seed=1, size=96)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    (folder / "notes.md").write_text("Looked at.", encoding="utf-8")
    (folder / "tiny").symlink_to(tiny_model)
    write_scin(folder / "tables")
    own_words(folder)
    return folder


@pytest.fixture
def ran(given: Path, tmp_path: Path) -> Callable[..., Recorded]:
    """Run a command in an empty folder, with an empty home and temporary folder, and look at what it left there."""

    def run(*command: str | Path, status: int = 0) -> Recorded:
        home, cwd, temp = (tmp_path / name for name in ("home", "cwd", "temp"))
        for folder in (home, cwd, temp):
            folder.mkdir(exist_ok=True)
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "TMPDIR": str(temp),
            "LANG": "C.UTF-8",
            "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
            "REDSPOTS_MODELS": str(given / "models"),
        }
        found = recorded([str(part) for part in command], log=tmp_path / "log", cwd=cwd, environment=environment)
        print(found.said)
        assert found.status == status, found.said
        assert found.asked == (), found.said
        assert left_in(home) == []
        return found

    return run


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_scoring(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(
        *REDSPOTS,
        "score",
        given / "photos",
        "--model",
        given / "tiny",
        "--out",
        tmp_path / "out.parquet",
        "--report",
        tmp_path / "r.html",
        "--evidence",
        tmp_path / "evidence",
    )


def test_ray(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(
        *REDSPOTS,
        "score",
        given / "photos",
        "--model",
        given / "tiny",
        "--engine",
        "ray",
        "--workers",
        "1",
        "--out",
        tmp_path / "parts",
    )


def test_serve(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    photo = next((given / "photos" / "purpura").glob("*.jpg"))
    ran(sys.executable, ROOT / "tests" / "page_visit.py", given / "tiny", photo)


def test_train(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(
        *REDSPOTS,
        "train",
        "--photos",
        given / "photos",
        "--recipe",
        given / "recipe.toml",
        "--out",
        tmp_path / "m",
        "--mlflow",
        tmp_path / "runs.db",
    )


def test_torchrun(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "-m",
        "app.cli",
        "train",
        "--photos",
        given / "photos",
        "--recipe",
        given / "recipe.toml",
        "--out",
        tmp_path / "m",
    )


def test_evaluate(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(*REDSPOTS, "evaluate", "--photos", given / "photos", "--model", given / "tiny", "--out", tmp_path / "m.json")


def test_report(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(*REDSPOTS, "report", given / "tiny", "--photos", given / "photos", "--out", tmp_path / "m.html")

def test_devices(given: Path, ran: Callable[..., Recorded], tmp_path: Path) -> None:
    ran(*REDSPOTS, "train", "--photos", given / "photos", "--recipe", given / "recipe.toml", "--out", tmp_path / "m", "--devices", "2")
