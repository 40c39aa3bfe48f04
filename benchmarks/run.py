"""`make bench`: redspots and its peers on the same photos, in turn, several rounds; the figures go to README.md.

Every contender runs in a process of its own with one thread. A ratio is taken within each round, since the machine may
be busier in the next, and the median of the rounds counts. Outputs are compared before anything is said of speed.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
ROOT = HERE.parent
REDSPOTS = Path(sys.executable).with_name("redspots")
PEERS = (
    "Pillow and timm, in a loop",
    "Hugging Face pipeline, batch 16",
    "ImageFolder and DataLoader",
    "fastai get_preds",
)
LOOP, PIPELINE = PEERS[:2]
OWN = ("redspots", "redspots, all cores", "full decode with Pillow", "decode at 1/8 and the network alone")
ONE, ALL, FULL, FLOOR = OWN
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
FARTHEST = 0.02
"""Largest difference of a probability between two contenders that still count as the same."""

CORES = len(os.sched_getaffinity(0))

Run = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bar:
    """One thing that redspots must reach."""

    sentence: str
    bar: float
    values: tuple[float, ...]
    """One per round."""
    at_least: bool = True
    """Whether more is better."""

    def row(self) -> dict[str, Any]:
        """Return what the report says of it: the median, the least and the most of the rounds."""
        value = statistics.median(self.values)
        return {
            "sentence": self.sentence,
            "bar": self.bar,
            "at_least": self.at_least,
            "value": value,
            "low": min(self.values),
            "high": max(self.values),
            "reached": value >= self.bar if self.at_least else value <= self.bar,
        }


def contend(name: str, folder: Path, *, peers_python: Path) -> Run:
    """Return what one contender cost on a folder, from a fresh process."""
    python, script = (peers_python, "peers.py") if name in PEERS else (Path(sys.executable), "ours.py")
    command = [str(python), str(HERE / script), name, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if done.returncode:
        raise SystemExit(f"{name}: {done.stderr[-2000:]}")
    result: Run = json.loads(done.stdout.splitlines()[-1])
    print(f"{name:40} {folder.name:6} {_cost(result):8.1f} ms of CPU per photo", flush=True)
    return result


def wall(command: Sequence[str | Path]) -> tuple[float, float]:
    """Return the seconds and the peak in MiB of a whole process that ends well."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.stderr is not None
    said = process.stderr.read().decode()
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{command}: {said[-2000:]}")
    return seconds, usage.ru_maxrss / 1024


def check_outputs(runs: Mapping[str, Run]) -> dict[str, float]:
    """Return the farthest that each contender is from redspots; stop where that is too far, or a category differs."""
    ours = np.array(runs[ONE]["probabilities"])
    distances = {}
    for name in (*PEERS, ALL):
        theirs = np.array(runs[name]["probabilities"])
        distances[name] = float(np.abs(ours - theirs).max())
        clear = np.sort(ours)[:, -1] - np.sort(ours)[:, -2] > 2 * FARTHEST
        if distances[name] > FARTHEST or (ours.argmax(1) != theirs.argmax(1))[clear].any():
            raise SystemExit(f"{name} gives other probabilities than redspots, by up to {distances[name]:.3f}")
    return distances


def measure_throughput(
    folder: Path, *, rounds: int, peers_python: Path
) -> tuple[list[dict[str, Run]], dict[str, float]]:
    """Return the runs on web and phone photos of each round, and how far the outputs are apart."""
    found: list[dict[str, Run]] = []
    distances: dict[str, float] = {}
    for _ in range(rounds):
        runs = {name: contend(name, folder / "web", peers_python=peers_python) for name in (ONE, *PEERS, ALL)}
        distances = distances or check_outputs(runs)
        phone = {
            f"{name}, phone": contend(name, folder / "phone", peers_python=peers_python) for name in (ONE, FULL, FLOOR)
        }
        found.append(runs | phone)
    return found, distances


def throughput_bars(rounds: Sequence[Mapping[str, Run]]) -> list[Bar]:
    """Return the bars that compare CPU time per photo, and the one on all cores."""

    def ratios(slow: str, fast: str, *, cost: str = "cpu") -> tuple[float, ...]:
        return tuple(runs[slow][cost] / runs[fast][cost] for runs in rounds)

    return [
        Bar(f"1. Web photos: times the photos per CPU second of: {LOOP}", 3.5, ratios(LOOP, ONE)),
        Bar(f"1. Web photos: times the photos per CPU second of: {PIPELINE}", 5, ratios(PIPELINE, ONE)),
        Bar(
            "2. Phone photos: times the photos per CPU second of a full decode",
            5,
            ratios(f"{FULL}, phone", f"{ONE}, phone"),
        ),
        Bar(
            "2. Phone photos: CPU time over that of what cannot be saved",
            1.3,
            ratios(f"{ONE}, phone", f"{FLOOR}, phone"),
            False,
        ),
        Bar(f"5. {CORES} cores: times the photos per second of one", 0.9 * CORES, ratios(ONE, ALL, cost="wall")),
    ]


def start_bars(folder: Path, *, rounds: int, peers_python: Path) -> list[Bar]:
    """Return the bars on one photo as a whole process, and on --help."""
    photo = min((folder / "web" / "all").iterdir())
    alone = folder / "alone"
    (alone / "all").mkdir(parents=True)
    shutil.copy(photo, alone / "all")
    ours, theirs, help_ = [], [], []
    for _ in range(rounds):
        ours.append(wall([REDSPOTS, "score", photo]))
        theirs.append(wall([peers_python, HERE / "peers.py", LOOP, alone]))
        help_.append(wall([REDSPOTS, "--help"]))
    ratios = tuple(one[0] / other[0] for one, other in zip(ours, theirs, strict=True))
    return [
        Bar("3. One photo: wall time over that of the loop, both from the start of Python", 0.1, ratios, False),
        Bar("3. One photo: peak in MiB", 150, tuple(peak for _, peak in ours), False),
        Bar("3. `redspots --help`: seconds", 0.5, tuple(seconds for seconds, _ in help_), False),
    ]


def repeated(photos: Sequence[Path], place: Path, *, count: int) -> Path:
    """Fill a new folder with so many photos, the same ones again and again, and return it."""
    place.mkdir()
    for number in range(count):
        (place / f"{number:06d}.jpg").hardlink_to(photos[number % len(photos)])
    return place


def memory_bar(folder: Path, *, few: int, many: int) -> Bar:
    """Return the bar on the peak of `redspots score --out` for many photos over that for few."""
    photos = sorted((folder / "web" / "all").iterdir())
    peaks = []
    for count in (few, many):
        place = repeated(photos, folder / f"many_{count}", count=count)
        peaks.append(wall([REDSPOTS, "score", place, "--out", folder / f"{count}.csv"])[1])
        print(f"{count} photos: peak {peaks[-1]:.0f} MiB", flush=True)
    return Bar(f"4. Peak memory for {many:,} photos over that for {few:,}", 1.1, (peaks[1] / peaks[0],), False)


def main() -> None:
    """Measure, and hand the figures to `report.py`, which draws them where matplotlib is."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--peers", type=Path, default=ROOT / ".bench" / "bin" / "python", help="Python of the peers")
    options.add_argument("--web", type=int, default=200, help="web photos")
    options.add_argument("--phone", type=int, default=20, help="phone photos")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--many", type=int, default=10_000, help="photos of the memory bar; a tenth are its few")
    chosen = options.parse_args()
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        drawing = [sys.executable, HERE / "photos.py", folder, str(chosen.web), str(chosen.phone)]
        subprocess.run(drawing, check=True)
        rounds, distances = measure_throughput(folder, rounds=chosen.rounds, peers_python=chosen.peers)
        bars = [
            *throughput_bars(rounds),
            *start_bars(folder, rounds=chosen.rounds, peers_python=chosen.peers),
            memory_bar(folder, few=chosen.many // 10, many=chosen.many),
        ]
    figures = {
        "bars": [bar.row() for bar in sorted(bars, key=lambda bar: bar.sentence)],
        "milliseconds": {name: statistics.median(_cost(runs[name]) for runs in rounds) for name in rounds[0]},
        "distances": distances,
        "setting": {**vars(chosen), "cores": CORES, "load": round(load, 1)},
    }
    subprocess.run([chosen.peers, HERE / "report.py"], input=json.dumps(figures, default=str), text=True, check=True)


def _cost(run: Run) -> float:
    """Return the milliseconds of CPU per photo."""
    return 1000 * float(run["cpu"]) / int(run["photos"])


if __name__ == "__main__":
    main()
