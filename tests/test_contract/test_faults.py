"""Real runs of `score` against everything that goes wrong: odd files, kills, signals, a full disk. No row is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.corpus import SCORED, write_corpus
from tests.support.drawing import encoded, skin

COMMAND = [sys.executable, "-m", "app.cli", "score"]
ROOT = Path(__file__).parents[2]
COUNT = 40
KILLS = int(os.environ.get("REDSPOTS_KILLS", "3"))
"""Runs that are killed; `make test-kills` takes 50."""

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, pipes and limits are POSIX matters")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for number in range(COUNT):
        (folder / f"{number:03d}.jpg").write_bytes(encoded(skin(height=300, width=400, seed=number)))
    (folder / "007.jpg").write_bytes(b"broken")
    return folder


def command(
    photos: Path, model: Path, folder: Path, *, suffix: str = ".jsonl", more: tuple[str, ...] = ()
) -> list[str]:
    """Return a command that writes all that `score` can write."""
    files = ("--out", folder / "t.jsonl", "--report", folder / "r.html", "--evidence", folder / "evidence")
    return [*COMMAND, str(photos), "--model", str(model), "--workers", "2", *map(str, files), *more]


def finished(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)


def written(folder: Path) -> dict[str, object]:
    """Return all that a run wrote, but for what no two runs share: milliseconds, and the report's moment and folder."""
    table = [json.loads(line) for line in (folder / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    for row in table:
        del row["milliseconds"]
    report = (folder / "r.html").read_text(encoding="utf-8").split("</header>")[1]
    pictures = {path.name: path.read_bytes() for path in (folder / "evidence").iterdir()}
    assert {path.name for path in folder.iterdir()} == {"t.jsonl", "r.html", "evidence"}, "nothing else is left"
    text = "\n".join(json.dumps(row) for row in table).replace(str(folder), "")
    return {"table": text, "report": report, "pictures": pictures}


@pytest.fixture(scope="module")
def whole(photos: Path, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, object], float]:
    """What a run that nobody disturbs writes, and the seconds that it takes."""
    folder = tmp_path_factory.mktemp("whole")
    begin = time.monotonic()
    result = finished(command(photos, tiny_model, folder))
    assert result.returncode == 1, result.stderr
    return written(folder), time.monotonic() - begin


@pytest.mark.parametrize("seed", range(KILLS))
def test_killed_at_any_moment_and_resumed_it_writes_the_same(
    photos: Path, tiny_model: Path, tmp_path: Path, whole: tuple[dict[str, object], float], seed: int
) -> None:
    wanted, seconds = whole
    moments = random.Random(seed)
    arguments = command(photos, tiny_model, tmp_path, more=("--resume",))
    for _ in range(2):
        process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0, 1.1 * seconds))
        process.kill()
        process.wait(timeout=30)
        if (tmp_path / "t.jsonl").exists():
            assert len((tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()) == COUNT, "never half a table"
    if not (tmp_path / "r.html").exists() or list(tmp_path.glob("*.journal")):
        result = finished(arguments)
        assert result.returncode == 1, result.stderr
    assert written(tmp_path) == wanted


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_keeps_what_was_done(
    photos: Path, tiny_model: Path, tmp_path: Path, whole: tuple[dict[str, object], float], number: int, status: int
) -> None:
    arguments = command(photos, tiny_model, tmp_path)
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    journal = tmp_path / "t.jsonl.journal"
    while process.poll() is None and (not journal.exists() or journal.read_bytes().count(b"\n") < 4):
        time.sleep(0.01)
    process.send_signal(number)
    _, said = process.communicate(timeout=60)
    assert process.returncode == status, said
    assert "Traceback" not in said and "--resume" in said
    done = journal.read_bytes().count(b"\n") - 1
    # The signal may come while a line is on its way: then there is one more than was counted.
    assert 3 <= done < COUNT
    assert any(f"{count} of {COUNT} photos are kept" in said for count in (done, done - 1))
    assert not (tmp_path / "t.jsonl").exists()
    again = finished(arguments)
    assert again.returncode == 4 and "--resume" in again.stderr
    assert finished([*arguments, "--resume"]).returncode == 1
    assert written(tmp_path) == whole[0]


def test_a_signal_ends_answers_on_the_terminal(photos: Path, tiny_model: Path) -> None:
    arguments = [*COMMAND, str(photos), "--model", str(tiny_model)]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130 and said == ""


def test_a_full_disk_is_one_sentence_and_keeps_what_was_done(photos: Path, tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "scores.csv"
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000));"
        "from app.cli import main; main()"
    )
    arguments = ["score", str(photos), "--model", str(tiny_model), "--out", str(out)]
    result = finished([sys.executable, "-c", limited, *arguments])
    assert result.returncode == 4, result.stderr
    assert "Traceback" not in result.stderr
    assert "scores.csv" in result.stderr.replace("\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv.journal"]
    assert (tmp_path / "scores.csv.journal").read_bytes().count(b"\n") > 3
    resumed = finished([*COMMAND, *arguments[1:], "--resume"])
    assert resumed.returncode == 1, resumed.stderr
    assert len(out.read_text(encoding="utf-8").splitlines()) == COUNT + 1


@pytest.mark.parametrize("limit", [300, 80_000, 200_000])
def test_a_disk_that_is_full_sooner_or_later_loses_nothing(
    photos: Path, tiny_model: Path, tmp_path: Path, limit: int
) -> None:
    arguments = ["score", str(photos), "--model", str(tiny_model), "--report", str(tmp_path / "r.html")]
    limited = (
        "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "from app.cli import main; main()"
    )
    result = finished([sys.executable, "-c", limited, *arguments])
    assert result.returncode == 4 and "Traceback" not in result.stderr, result.stderr
    resumed = finished([*COMMAND, *arguments[1:], "--resume"])
    assert resumed.returncode == 1, resumed.stderr
    assert (tmp_path / "r.html").read_text(encoding="utf-8").count("<li data-name=") == COUNT


@pytest.mark.parametrize("workers", ["1", "3"])
def test_whatever_lies_among_the_photos_gets_its_one_row(tiny_model: Path, tmp_path: Path, workers: str) -> None:
    (tmp_path / "photos").mkdir()
    wanted = write_corpus(tmp_path / "photos")
    arguments = command(tmp_path / "photos", tiny_model, tmp_path, more=("--workers", workers))
    result = finished(arguments)
    assert result.returncode == 1, result.stderr
    assert "Traceback" not in result.stderr and "Warning" not in result.stderr
    rows = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").split("\n")[:-1]]
    shown = [os.fsencode(path).decode("utf-8", "backslashreplace") for path in sorted(wanted)]
    assert [row["file"] for row in rows] == shown
    codes = dict(zip(shown, (wanted[path] for path in sorted(wanted)), strict=True))
    for row in rows:
        code = codes[row["file"]]
        said = [row["error_code"], *_codes(row["not_sure_because"]), *_codes(row["photo_notes"])]
        assert (row["error_code"] is None) if code == SCORED else code in said, (row["file"], said)
        assert row["referral"] and row["urgent_advice"] and row["limits"]
        assert (row["p_other"] is None) == (row["error_code"] is not None)


def _codes(cell: str | None) -> list[str]:
    return [part.partition(": ")[0] for part in cell.split(" | ")] if cell else []
