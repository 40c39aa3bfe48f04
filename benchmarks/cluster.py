"""`make bench-cluster`: photos per second on Ray, on this machine, beside those of the plain engine on the same cores.

Both score few photos and many as whole commands, in turn; the rate is that of the photos that many has more, so that no
start-up is counted. Bar: on Ray at least 0.8 times the plain rate. The rows are compared first.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from pathlib import Path

import pandas as pd
from photos import draw_photos
from rich.console import Console
from rich.table import Table
from run import CORES, REDSPOTS, repeated, wall

FEW = 400
PLAIN, RAY = "plain", "on Ray"


def seconds(engine: str, photos: Path, out: Path, *, part_size: int) -> float:
    """Return the seconds of a whole run."""
    options = ["--engine", "ray", "--part-size", str(part_size)] if engine == RAY else []
    return wall([REDSPOTS, "score", photos, "--out", out, "--quiet", *options])[0]


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
        folders = [repeated(drawn, folder / str(count), count=count) for count in (FEW, FEW + chosen.photos)]
        for number in range(chosen.rounds):
            tables = []
            for engine in (PLAIN, RAY):
                took = []
                for photos in folders:
                    out = folder / f"{photos.name}_{number}_{'parts' if engine == RAY else 'plain.parquet'}"
                    took.append(seconds(engine, photos, out, part_size=chosen.part_size))
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
