"""`make bench-cluster`: photos per second on Ray, on this machine, beside those of the plain engine on the same cores.

Both score few photos and many as whole commands, in turn; the rate is that of the photos that many has more, so that no
start-up is counted. Bar: on Ray at least 0.8 times the plain rate. The rows are compared first.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pandas as pd
from photos import draw_photos
from rich.console import Console
from rich.table import Table

CORES = len(os.sched_getaffinity(0))
FEW = 400
PLAIN, RAY = "plain", "on Ray"


def seconds(engine: str, names: Path, out: Path, *, part_size: int) -> float:
    """Return the seconds of a whole run."""
    options = ["--engine", "ray", "--part-size", str(part_size)] if engine == RAY else []
    command = [sys.executable, "-m", "app.cli", "score", "--list", str(names), "--out", str(out), "--quiet", *options]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    begin = time.perf_counter()
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - begin


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--photos", type=int, default=2000, help="photos that the rate is taken from")
    options.add_argument("--part-size", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    rates: dict[str, list[float]] = {PLAIN: [], RAY: []}
    starts: dict[str, list[float]] = {PLAIN: [], RAY: []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        draw_photos(folder, web=200, phone=0)
        drawn = sorted((folder / "web" / "all").iterdir())
        for count in (FEW, FEW + chosen.photos):
            (folder / str(count)).mkdir()
            for number in range(count):
                (folder / str(count) / f"{number:06d}.jpg").hardlink_to(drawn[number % len(drawn)])
            paths = sorted((folder / str(count)).iterdir())
            (folder / f"{count}.txt").write_text("\n".join(map(str, paths)), encoding="utf-8")
        for number in range(chosen.rounds):
            tables = []
            for engine in (PLAIN, RAY):
                took = []
                for count in (FEW, FEW + chosen.photos):
                    out = folder / f"{count}_{number}_{'parts' if engine == RAY else 'plain.parquet'}"
                    took.append(seconds(engine, folder / f"{count}.txt", out, part_size=chosen.part_size))
                rates[engine].append(chosen.photos / (took[1] - took[0]))
                starts[engine].append(took[0] - FEW / rates[engine][-1])
                tables.append(pd.read_parquet(out).drop(columns="milliseconds"))
                print(f"{engine:7} {rates[engine][-1]:7.1f} photos/s, start {starts[engine][-1]:5.1f} s", flush=True)
            if not tables[0].equals(tables[1]):
                raise SystemExit("Ray gives other rows than the plain engine")
    ratios = [ray / plain for ray, plain in zip(rates[RAY], rates[PLAIN], strict=True)]
    table = Table(title=f"{CORES} cores, {chosen.photos:,} web photos, median of {chosen.rounds} round(s)")
    for name in ("engine", "photos/s and core", "start, s", "ratio"):
        table.add_column(name, justify="left" if name == "engine" else "right")
    for engine in (PLAIN, RAY):
        rate, start = statistics.median(rates[engine]) / CORES, statistics.median(starts[engine])
        shown = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})" if engine == RAY else ""
        table.add_row(engine, f"{rate:.1f}", f"{start:.1f}", shown)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
