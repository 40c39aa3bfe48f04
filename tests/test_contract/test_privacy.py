"""No command tells anybody anything: no look-up, no connection but loopback, no file where nobody asked for one.

Each is a real process with an empty home and an environment that asks every package to report, and without `CI`, which
silences some of them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from typer.main import get_command

from app.cli import app as command_line
from tests.support.official_tables import write_scin
from tests.support.own_words import own_words
from tests.support.recorder import Recorded, recorded, recorder_or_skip
from training.rendering.folder import draw_folder

ROOT = Path(__file__).parents[2]
REDSPOTS = (sys.executable, "-m", "app.cli")
ALL = bool(os.environ.get("REDSPOTS_PRIVACY_ALL"))
"""Set by `make test-privacy`, which tries every command; `make test` tries those that load what no other loads."""
TOLD = {
    **{"ORT_DISABLE_TELEMETRY": "0", "NO_ALBUMENTATIONS_UPDATE": "false", "GRADIO_ANALYTICS_ENABLED": "True"},
    **{"HF_HUB_DISABLE_TELEMETRY": "0", "MLFLOW_DISABLE_TELEMETRY": "false", "RAY_USAGE_STATS_ENABLED": "1"},
    **{"DO_NOT_TRACK": "0", "FASTAPI_OTEL_AUTO_CONFIGURE": "true"},
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://192.0.2.1:4318",
}
"""What an environment may hold that wants packages to report."""
RELEASED = ROOT / "model" / "released" / "0.2.0"
SECRET = "Zq7wJalrXUtnFEMIx9Y"
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
batch_size = 10
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 1
precision = "32-true"
"""
NAMES = """
stage = "pretrain"
version = "7.0.0"
seed = 3
[data]
least_photos = 1
[student]
backbone = "test_efficientnet"
size = 64
start = "random"
[fit]
epochs = 1
learning_rate = 0.001
head_learning_rate = 0.01
[tuning]
epochs = 1
learning_rate = 0.001
head_learning_rate = 0.01
[run]
batch_size = 8
workers = 1
precision = "32-true"
layout = "channels_last"
"""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="what is written and asked is recorded on Linux"),
]

Run = Callable[..., Recorded]


@pytest.fixture(scope="module")
def given(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all that the commands below are given."""
    recorder_or_skip()
    folder = tmp_path_factory.mktemp("given")
    draw_folder(folder / "photos", per_category=4, seed=1, size=96)
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    (folder / "notes.md").write_text("Looked at.", encoding="utf-8")
    shutil.copytree(tiny_model, folder / "tiny")
    write_scin(folder / "tables")
    own_words(folder)
    if ALL:
        draw_folder(folder / "others", per_category=2, seed=2, size=96)
        shutil.copytree(RELEASED, folder / "copy")
        (folder / "names.toml").write_text(NAMES, encoding="utf-8")
        for made in (
            ("models", "export", folder / "tiny", folder / "tiny.zip"),
            ("score", folder / "photos", "--model", folder / "tiny", "--out", folder / "scores.csv"),
        ):
            subprocess.run([*REDSPOTS, *map(str, made)], cwd=ROOT, check=True)
    return folder


@pytest.fixture
def temp() -> Iterator[Path]:
    """A temporary folder with a short name: Ray puts sockets there, whose paths have 107 bytes at most."""
    with TemporaryDirectory(prefix="rs-") as name:
        yield Path(name)


@pytest.fixture
def ran(given: Path, tmp_path: Path, temp: Path) -> Run:
    """Run a command with an empty home, and look at what it asked and left there."""
    return lambda *command, **options: run_quietly(given, tmp_path, temp, *command, **options)


def run_quietly(
    given: Path, place: Path, temp: Path, *command: str | Path, home: Path | None = None, wrap: Sequence[str] = ()
) -> Recorded:
    """Return what came of a command, which asked nobody and left nothing in its home or where it was run."""
    own = {name: place / name for name in ("home", "work")}
    for folder in own.values():
        folder.mkdir(exist_ok=True)
    environment = {
        **TOLD,
        "PATH": os.environ["PATH"],
        "HOME": str(home or own["home"]),
        "TMPDIR": str(temp),
        "LANG": "C.UTF-8",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "REDSPOTS_MODELS": str(given / "models"),
    }
    arguments = [*wrap, *map(str, command)]
    found = recorded(arguments, log=place / "log", cwd=own["work"], environment=environment)
    assert found.status == 0, found.said
    assert found.asked == (), f"asked {found.asked}: {found.said}"
    for folder in (own["home"], own["work"]):
        if os.access(folder, os.R_OK):
            assert left_in(folder) == []
    assert "elemetry" not in found.said and "Traceback" not in found.said
    return found


def left_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def train(given: Path, out: Path, *more: str | Path) -> list[str | Path]:
    """Return the arguments of a training; the condition, which all photos meet, holds what nobody should read."""
    what: list[str | Path] = ["train", "--photos", given / "photos", "--recipe", given / "recipe.toml", "--out", out]
    return [*what, "--where", f"category!=https://me:{SECRET}@host/?token={SECRET}", *more]


def test_the_recorder_sees_who_is_asked_and_what_stays_on_this_machine(given: Path, tmp_path: Path) -> None:
    script = """
import socket, subprocess, sys
here = socket.create_server(("127.0.0.1", 0))
socket.create_connection(here.getsockname()).close()
for ask in (lambda: socket.getaddrinfo("nobody.invalid", 80), lambda: socket.create_connection(("192.0.2.7", 9), 0.1)):
    try: ask()
    except OSError: pass
child = "import socket as s; s.socket(s.AF_INET, s.SOCK_DGRAM).sendto(b'x', ('192.0.2.8', 9))"
subprocess.run([sys.executable, "-c", child], stderr=subprocess.DEVNULL)
"""
    found = recorded([sys.executable, "-c", script], log=tmp_path / "log", cwd=tmp_path, environment={})
    assert {"192.0.2.7 port 9", "192.0.2.8 port 9"} <= set(found.asked) and len(found.asked) > 2, found
    quiet = "import socket; s = socket.create_server(('::1', 0)); socket.create_connection(s.getsockname()[:2])"
    for code in (quiet, quiet.replace("::1", "127.0.0.1")):
        found = recorded([sys.executable, "-c", code], log=tmp_path / "log", cwd=tmp_path, environment={})
        assert found.asked == (), found


@pytest.mark.parametrize(
    "module", ["model.classifier", "app.batch.ray.worker", "app.web.gradio_setup", "training.loading.augment"]
)
def test_all_is_switched_off_before_anything_is_imported_that_it_is_for(module: str, tmp_path: Path) -> None:
    script = """
import os, sys
watched = {"onnxruntime", "albumentations", "gradio", "gradio_client", "huggingface_hub", "mlflow", "ray", "matplotlib"}
seen = []
def look(event, values):
    if event == "import" and values[0].partition(".")[0] in watched:
        seen.append(values[0])
        from model.no_telemetry import VARIABLES
        wrong = {name for name, value in VARIABLES.items() if os.environ.get(name) != value}
        if wrong: os.write(2, f"{values[0]} before {wrong}".encode()); os._exit(3)
sys.addaudithook(look)
__import__(sys.argv[1])
assert seen
"""
    environment = {**os.environ, **TOLD, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}
    result = subprocess.run(
        [sys.executable, "-c", script, module],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr


def test_scoring_asks_nobody_and_leaves_nothing(given: Path, ran: Run, tmp_path: Path, temp: Path) -> None:
    what = (*REDSPOTS, "score", given / "photos", "--model", given / "tiny")
    out = ("--out", tmp_path / "out.parquet", "--report", tmp_path / "report.html", "--evidence", tmp_path / "evidence")
    ran(*what, *out)
    assert left_in(temp) == []


def test_a_cluster_of_this_machine_asks_nobody_and_leaves_nothing_in_the_home(
    given: Path, ran: Run, tmp_path: Path, temp: Path
) -> None:
    pytest.importorskip("ray")
    what = (*REDSPOTS, "score", given / "photos", "--model", given / "tiny")
    ran(*what, "--engine", "ray", "--workers", "1", "--out", tmp_path / "parts", "--quiet")
    # Ray keeps the logs of its processes there, which its errors speak of.
    assert {Path(path).parts[0] for path in left_in(temp)} <= {"ray"}


def test_the_page_asks_nobody_and_leaves_nothing_in_the_home(given: Path, ran: Run) -> None:
    photo = min((given / "photos" / "purpura").glob("*.jpg"))
    ran(sys.executable, ROOT / "tests" / "support" / "page_visit.py", given / "tiny", photo)


def test_training_in_two_processes_asks_nobody_leaves_nothing_and_writes_no_secret(
    given: Path, ran: Run, tmp_path: Path, temp: Path
) -> None:
    arguments = train(given, tmp_path / "model", "--devices", "2", "--mlflow", tmp_path / "runs.db")
    said = ran(*REDSPOTS, *arguments)
    assert left_in(temp) == []
    written = [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "log"]
    assert any(path.name == "card.json" for path in written)
    assert [path.name for path in written if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in said.output + said.said


def test_measuring_asks_nobody_and_leaves_nothing(given: Path, ran: Run, tmp_path: Path, temp: Path) -> None:
    ran(*REDSPOTS, "report", given / "tiny", "--photos", given / "photos", "--out", tmp_path / "report.html")
    assert left_in(temp) == []


@dataclass(frozen=True)
class Home:
    """A home that is of no use to the one who runs a command, and what the command is to be run by."""

    path: Path
    wrap: Sequence[str] = ()


@pytest.fixture(params=["a file", "nowhere", "somebody else's"])
def useless_home(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Home]:
    home = tmp_path / "useless"
    if request.param == "a file":
        home.write_text("not a folder", encoding="utf-8")
        yield Home(home)
    elif request.param == "nowhere":
        yield Home(Path("/proc/nobody"))
    else:
        home.mkdir(mode=0o700)
        if os.geteuid():
            home.chmod(0o000)
            yield Home(home)
            home.chmod(0o700)
        else:
            if not shutil.which("setpriv"):
                pytest.skip("root may do everything, and setpriv, which takes that away, is not installed")
            os.chown(home, 65534, 65534)
            yield Home(home, ("setpriv", "--bounding-set=-dac_override,-dac_read_search"))


@pytest.mark.parametrize(
    "command",
    [
        "score {photo} --model {tiny} --report {out}.html",
        *(["serve"] if ALL else []),
        *(["report {tiny} --photos {photos} --out {out}.html"] if ALL else []),
        *(["score {photo} --model {tiny} --engine ray --workers 1 --out {out} --quiet"] if ALL else []),
        *(["train --photos {photos} --recipe {recipe} --out {out}"] if ALL else []),
    ],
)
def test_a_home_that_is_of_no_use_stops_nobody(
    command: str, useless_home: Home, given: Path, ran: Run, tmp_path: Path
) -> None:
    photo = min((given / "photos" / "purpura").glob("*.jpg"))
    places = {"photo": photo, "out": tmp_path / "out", "recipe": given / "recipe.toml"}
    places |= {name: given / name for name in ("tiny", "photos")}
    arguments: tuple[str | Path, ...] = (*REDSPOTS, *(word.format(**places) for word in command.split()))
    if command == "serve":
        arguments = (sys.executable, ROOT / "tests" / "support" / "page_visit.py", given / "tiny", photo)
    found = ran(*arguments, home=useless_home.path, wrap=useless_home.wrap)
    assert str(useless_home.path) not in found.said, found.said


@pytest.mark.skipif(not ALL, reason="tried by make test-privacy")
def test_torchrun_asks_for_the_names_of_its_own_processes_alone(given: Path, tmp_path: Path, temp: Path) -> None:
    launcher = (sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "-m", "app.cli")
    with pytest.raises(AssertionError) as caught:
        run_quietly(given, tmp_path, temp, *launcher, *train(given, tmp_path / "model"))
    # torch looks up whose addresses those of this machine are.
    asked = str(caught.value).partition(": ")[0].partition("asked ")[2]
    assert asked and {part.strip(" (),'").rpartition(" ")[2] for part in asked.split("', ")} == {"53"}, caught.value
    assert left_in(tmp_path / "home") == [] and (tmp_path / "model" / "card.json").exists()


COMMANDS = [
    "score {photos}/purpura/purpura_0000.jpg --model {tiny}",
    "evaluate --photos {photos} --model {tiny} --against {released} --out {out}.json",
    "describe {copy} --notes {notes}",
    "promote {copy} --photos {photos} --override because",
    "models list",
    "models show 0.2.0",
    "models rollback",
    "models export {tiny} {out}.zip",
    "models import {zip} --out {out}",
    "models remove 0.2.0",
    "compare {scores} {scores} --out {out}.csv",
    "pretrain --photos {photos} --recipe {names} --out {out}",
    "data draw {out} --per-category 1 --size 64",
    "data list",
    "data show scin",
    "data build scin --tables {tables} --out {out}.csv --accept-altered",
    "data import {photos} --out {out}.csv",
    "data merge {photos} {others} --out {out}.csv",
    "data stats {photos} --plot {out}.png",
    "data check {photos}/photos.csv --suspect --out {out}.csv",
    "label {photos}/photos.csv --model {tiny} --out {out} --manifest {out}.csv",
    "recipe show",
    "words template itchy --out {out}.toml",
    "words check {words}",
    "words review {words} --out {out}",
]
TRIED_ALONE = {"score", "serve", "train", "report"}
"""Commands that tests of their own try above."""
OF_THE_NETWORK = {"data fetch"}
"""Commands that ask the hosts that a person names."""


def test_every_command_is_tried() -> None:
    tried = {" ".join(line.split()[:2]) for line in COMMANDS} | {line.split()[0] for line in COMMANDS}
    known = set()
    for name, command in get_command(command_line).commands.items():  # type: ignore[attr-defined]
        known |= {f"{name} {part}" for part in getattr(command, "commands", {})} or {name}
    assert known - tried == TRIED_ALONE - tried | OF_THE_NETWORK


@pytest.mark.skipif(not ALL, reason="tried by make test-privacy")
@pytest.mark.parametrize("line", COMMANDS)
def test_every_other_command_asks_nobody_and_leaves_nothing(
    line: str, given: Path, ran: Run, tmp_path: Path, temp: Path
) -> None:
    places = {
        **{name: given / name for name in ("photos", "tiny", "tables")},
        **{"notes": given / "notes.md", "words": given / "own.en.toml", "out": tmp_path / "out"},
        **{"others": given / "others", "copy": given / "copy", "released": RELEASED},
        **{"zip": given / "tiny.zip", "scores": given / "scores.csv", "names": given / "names.toml"},
    }
    ran(*REDSPOTS, *(word.format(**places) for word in line.split()))
    assert left_in(temp) == []
