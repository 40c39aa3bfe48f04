"""The benchmarks judge rightly: ratios within a round, medians, and no speed without the same outputs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "run.py"


@pytest.fixture(scope="module")
def benchmark() -> ModuleType:
    spec = importlib.util.spec_from_file_location("benchmarks_run", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def runs(benchmark: ModuleType, **changed: Any) -> dict[str, dict[str, Any]]:
    """Return one round in which redspots costs 2 s, everything else 8 s, and all say the same."""
    said = [[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]]
    names = [*benchmark.PEERS, *benchmark.OWN, *(f"{name}, phone" for name in benchmark.OWN)]
    found = {name: {"cpu": 8.0, "wall": 8.0, "photos": 2, "probabilities": said} for name in names}
    for name in (benchmark.ONE, f"{benchmark.ONE}, phone"):
        found[name] = {**found[name], "cpu": 2.0, "wall": 2.0}
    return found | changed


def test_a_bar_compares_within_a_round_and_takes_the_median(benchmark: ModuleType) -> None:
    busy = {name: {**run, "cpu": 3 * run["cpu"]} for name, run in runs(benchmark).items()}
    slow = runs(benchmark)
    slow[benchmark.ONE] = {**slow[benchmark.ONE], "cpu": 80.0}
    loop, pipeline, *_ = [bar.row() for bar in benchmark.throughput_bars([runs(benchmark), busy, slow])]
    assert (loop["value"], loop["low"], loop["high"]) == (4.0, 0.1, 4.0)
    assert loop["reached"] and not pipeline["reached"]
    assert benchmark.Bar("peak", 150, (140.0, 149.0, 500.0), at_least=False).row()["reached"]
    assert not benchmark.Bar("peak", 150, (151.0,), at_least=False).row()["reached"]


def test_other_outputs_stop_everything(benchmark: ModuleType) -> None:
    assert benchmark.check_outputs(runs(benchmark)) == dict.fromkeys((*benchmark.PEERS, benchmark.ALL), 0.0)
    other = {**runs(benchmark)[benchmark.LOOP], "probabilities": [[0.7, 0.2, 0.1], [0.1, 0.33, 0.57]]}
    with pytest.raises(SystemExit, match=benchmark.LOOP):
        benchmark.check_outputs(runs(benchmark, **{benchmark.LOOP: other}))


def test_a_contender_that_fails_stops_everything(benchmark: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="nobody"):
        benchmark.contend("nobody", tmp_path, peers_python=Path(sys.executable))
    with pytest.raises(SystemExit, match="no such option"):
        benchmark.wall([sys.executable, "-c", "raise SystemExit('no such option')"])
    seconds, peak = benchmark.wall([sys.executable, "-c", "data = bytes(50 * 2**20)"])
    assert seconds > 0 and peak > 50


def test_both_loaders_of_training_do_the_same_work(tmp_path: Path) -> None:
    path = SCRIPT.with_name("training.py")
    spec = importlib.util.spec_from_file_location("benchmarks_training", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.draw_folder(tmp_path / "drawn", per_category=1, seed=1, size=340)
    examples = module.read_manifest(tmp_path / "drawn", categories=module.DRAWN_CATEGORIES)
    pixels = module.cached_pixels(examples, side=module.SIDE, folder=tmp_path / "cache", processes=1)
    cached = module.PhotoDataset(pixels, [0] * len(pixels), module.Preprocess(module.SIZE), module.augmentation())
    naive = module.NaivePhotos(examples)
    assert len(cached) == len(naive) == 5
    one, other = cached[0][0], naive[0][0]
    assert one.shape == other.shape == (3, 224, 224)
    assert one.dtype == other.dtype
    # The same photo from either, but for the way of resizing.
    assert abs(module.decode(examples[0].path) - pixels[0].astype(float)).mean() < 2
