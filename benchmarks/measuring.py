"""One contender in one process: photos in, one line of JSON out. Needs nothing but Python."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

Score = Callable[[Sequence[Path]], list[list[float]]]
"""From the photos of one folder to the probabilities of each, in their order."""


def measure(contenders: dict[str, Callable[[], Score]]) -> None:
    """Run the contender that the command line names on a folder and print what it cost.

    Set-up and a first round over a few photos are not counted: libraries start threads and choose kernels there.
    """
    name, folder = sys.argv[1], Path(sys.argv[2])
    photos = sorted((folder / "all").iterdir())
    score = contenders[name]()
    score(photos[:4])
    wall, cpu = time.perf_counter(), time.process_time()
    probabilities = score(photos)
    costs = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall, "photos": len(photos)}
    if len(probabilities) != len(photos):
        raise SystemExit(f"{name} gave {len(probabilities)} results for {len(photos)} photos")
    sys.stdout.write(json.dumps({**costs, "probabilities": probabilities}) + "\n")
