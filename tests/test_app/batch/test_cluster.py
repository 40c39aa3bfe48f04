"""`score --engine ray` on a real cluster of two machines on loopback: the plain engine's rows, whoever is killed."""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from rich.console import Console

from app.batch.ray.parquet_parts import PartsFolder
from app.batch.ray.pool import RayPool
from app.batch.ray.run import ClusterRun
from app.batch.ray.worker import Equipment, PartScorer, packed, unpacked
from app.batch.scorer import Scorer
from app.batch.summary import Counts
from app.views.row import columns
from model.errors import ClusterError, InputError, OutputError, RedspotsError
from tests.conftest import OUTPUTS
from tests.support.corpus import write_corpus
from tests.support.drawing import encoded, skin
from tests.support.photo_server import PhotoServer
from tests.support.s3_server import running_s3

ROOT = Path(__file__).parents[3]
COUNT = 120
JPEGS = [encoded(skin(height=120, width=160, seed=seed)) for seed in range(4)]
SECONDS = 0.04
"""That the web server takes for a photo: a run is long enough to be killed in the middle."""

ray = pytest.importorskip("ray")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="processes are killed by POSIX signals"),
]


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with running_s3("spots", {f"{n}.jpg": JPEGS[n] for n in range(4)} | {"broken.jpg": b"broken"}) as url:
        yield url


@pytest.fixture(scope="module")
def cluster(bucket: str) -> Iterator[Any]:
    """Two machines of one core, as far as Ray can tell; their workers have the environment of the bucket."""
    from ray.cluster_utils import Cluster

    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    machines.add_node(num_cpus=1)
    yield machines
    machines.shutdown()


@dataclass(frozen=True)
class Slow:
    """Photos of a slow web server."""

    what: tuple[str | Path, ...]
    """Arguments that name them and the model."""
    rows: list[dict[str, Any]]
    """That the plain engine gives."""


@pytest.fixture(scope="module")
def slow_photos(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slow]:

    def slowly(data: bytes) -> Callable[[Any], None]:
        def answer(handler: Any) -> None:
            time.sleep(SECONDS)
            handler.give(data)

        return answer

    with PhotoServer() as server:
        # Those who are killed hang up.
        server.handle_error = lambda *values: None  # type: ignore[method-assign]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        server.answers = {f"/{n:03d}.jpg": slowly(JPEGS[n % 4] if n % 50 != 7 else b"broken") for n in range(COUNT)}
        what = (*(f"{server.url}{path}" for path in server.answers), "--model", tiny_model)
        plain = tmp_path_factory.mktemp("plain") / "plain.parquet"
        finished(*what, "--workers", "8", "--out", plain)
        yield Slow(what, rows(plain))
        server.shutdown()


def started(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "app.cli", "score", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finished(*arguments: str | Path, cwd: Path = ROOT, status: int = 1) -> str:
    """Return what a run that ends with a status says; some photos of these tests are broken."""
    with started(*arguments, cwd=cwd) as process:
        _, said = process.communicate(timeout=200)
    assert process.returncode == status, said
    assert "Traceback" not in said
    return said


def rows(place: Path) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file or of all parts, without what no two runs share."""
    table = pd.read_parquet(place)
    assert tuple(table.columns) == columns(OUTPUTS)
    return list(table.drop(columns="milliseconds").astype(object).where(table.notna(), None).to_dict("records"))


def parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"))


def wait_for(number: int, folder: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a run has written so many parts, and is not at its end."""
    while len(parts(folder)) < number and process.poll() is None:
        time.sleep(0.02)
    assert process.poll() is None, process.communicate()


def workers_of_ray() -> list[int]:
    """Return the processes in which parts are scored right now."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if b"MapWorker" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            pass
    return found


def test_a_cluster_gives_the_rows_of_one_machine(cluster: Any, bucket: str, tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    write_corpus(tmp_path / "photos")
    (tmp_path / "names.txt").write_text("gone.jpg\n", encoding="utf-8")
    what = ("photos", bucket, f"{bucket}/gone.jpg", "--list", "names.txt", "--model", tiny_model)
    finished(*what, "--out", "plain.parquet", cwd=tmp_path)
    said = finished(
        *what, "--out", "parts", "--engine", "ray", "--address", cluster.address, "--part-size", "20", cwd=tmp_path
    )
    wanted = rows(tmp_path / "plain.parquet")
    assert rows(tmp_path / "parts") == wanted
    assert len(parts(tmp_path / "parts")) == -(-len(wanted) // 20)
    assert f"{len(wanted)}  in all" in said and "Parts: 'parts'" in said
    assert {row["error_code"] for row in wanted} >= {None, "missing", "not_an_image"}


def test_a_cluster_of_ones_own_writes_parts_into_a_store(bucket: str, tiny_model: Path) -> None:
    pytest.importorskip("s3fs")
    what = (bucket, "--model", tiny_model, "--engine", "ray", "--part-size", "9", "--out", f"{bucket}/answers")
    finished(*what)
    table = pd.read_parquet(f"{bucket}/answers")
    assert list(table["file"]) == [f"{bucket}/{name}.jpg" for name in ("0", "1", "2", "3", "broken")]
    assert "(unfinished_run)" in finished(*what, status=4)


def test_killed_workers_and_a_machine_that_goes_lose_nothing(cluster: Any, slow_photos: Slow, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    spare = cluster.add_node(num_cpus=1)
    on_ray = ("--engine", "ray", "--address", cluster.address, "--part-size", "8", "--out", folder)
    with started(*slow_photos.what, *on_ray) as process:
        wait_for(2, folder, process)
        os.kill(workers_of_ray()[0], signal.SIGKILL)
        wait_for(5, folder, process)
        cluster.remove_node(spare, allow_graceful=False)
        _, said = process.communicate(timeout=200)
    assert process.returncode == 1, said
    assert rows(folder) == slow_photos.rows


def test_a_run_that_is_stopped_or_killed_goes_on_where_it_was(cluster: Any, slow_photos: Slow, tmp_path: Path) -> None:
    folder = tmp_path / "parts"
    what = (*slow_photos.what, "--engine", "ray", "--address", cluster.address, "--workers", "1", "--out", folder)
    sized = ("--part-size", "8")
    with started(*what, *sized) as process:
        wait_for(2, folder, process)
        process.send_signal(signal.SIGTERM)
        _, said = process.communicate(timeout=100)
    assert process.returncode == 143, said
    assert "SIGTERM: " in said and f"of {COUNT} photos are kept" in said and "Traceback" not in said
    kept = {path: path.stat().st_mtime_ns for path in parts(folder)}
    assert 2 <= len(kept) < COUNT // 8
    with started(*what, *sized, "--resume") as process:
        wait_for(len(kept) + 2, folder, process)
        assert "(in_use)" in finished(*what, *sized, "--resume", status=4)
        process.kill()
    assert "other part size" in finished(*what, "--part-size", "9", "--resume", status=4)
    finished(*what, *sized, "--resume")
    assert rows(folder) == slow_photos.rows
    assert {path: path.stat().st_mtime_ns for path in kept} == kept, "what was done is not done again"


class Here(RayPool):
    """A pool of one worker in this process, for what does not depend on Ray."""

    @contextmanager
    def connected(self) -> Iterator[None]:
        yield

    def scored(
        self, tasks: Sequence[Mapping[str, Any]], equipment: Equipment
    ) -> Generator[tuple[int, bytes], None, None]:
        worker = PartScorer(equipment)
        for task in tasks:
            result = worker(task)
            if result["error"]:
                raise pickle.loads(result["error"])
            yield result["number"], result["table"]


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{number}.jpg" for number in range(7)]
    for number, path in enumerate(paths):
        path.write_bytes(JPEGS[number % 4] if number != 3 else b"broken")
    return paths


def scored_here(scorer: Scorer, photos: Sequence[Path], model: Path, *, resume: bool = False) -> tuple[Counts, str]:
    """Return the counts of a run in parts of 3, and what it says."""
    console = Console(file=io.StringIO(), width=500)
    run = ClusterRun(folder=PartsFolder(str(photos[0].parent / "parts")), size=3, pool=Here(), resume=resume)
    counts = run.score(scorer, photos, model=model, console=console)
    assert isinstance(console.file, io.StringIO)
    return counts, console.file.getvalue()


def test_a_run_that_is_complete_is_only_counted(scorer: Scorer, photos: list[Path], tiny_model: Path) -> None:
    counts, said = scored_here(scorer, photos, tiny_model)
    assert (counts.total, counts.failed) == (7, 1)
    before = {path: path.stat().st_mtime_ns for path in parts(photos[0].parent / "parts")}
    assert scored_here(scorer, photos, tiny_model, resume=True) == (counts, said)
    assert {path: path.stat().st_mtime_ns for path in before} == before and len(before) == 3


def test_a_damaged_part_stops_and_is_scored_again_once_removed(
    scorer: Scorer, photos: list[Path], tiny_model: Path
) -> None:
    scored_here(scorer, photos, tiny_model)
    damaged = parts(photos[0].parent / "parts")[1]
    damaged.write_bytes(damaged.read_bytes()[:-9])
    with pytest.raises(OutputError) as caught:
        scored_here(scorer, photos, tiny_model, resume=True)
    assert caught.value.code == "damaged_part" and damaged.name in str(caught.value)
    damaged.unlink()
    assert scored_here(scorer, photos, tiny_model, resume=True)[0].total == 7


@pytest.fixture
def equipment(scorer: Scorer, tiny_model: Path) -> Equipment:
    return Equipment.of(scorer, [Path("/photos/a.jpg")], model=tiny_model)


def error_of(equipment: Equipment) -> RedspotsError:
    result = PartScorer(equipment)({"number": 3, "part": "part", "names": packed([])})
    assert result["number"] == 3 and result["table"] == b""
    error = pickle.loads(result["error"])
    assert isinstance(error, RedspotsError)
    return error


def test_a_machine_with_another_version_refuses(scorer: Scorer, tiny_model: Path) -> None:
    right = Equipment.of(scorer, [], model=tiny_model)
    wrong = Equipment(
        model=right.model, words=right.words, identity={**right.identity, "version of redspots": "0.0.9"}, folder=None
    )
    error = error_of(wrong)
    assert error.code == "other_version" and "0.0.9" in str(error) and "on all machines" in str(error)


def test_a_machine_without_the_photos_says_so(scorer: Scorer, tiny_model: Path, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(gone)
        equipment = Equipment.of(scorer, [Path("a.jpg")], model=tiny_model)
    gone.rmdir()
    error = error_of(equipment)
    assert error.code == "worker_failed" and str(gone) in str(error)


def test_words_without_a_referral_never_become_a_part(equipment: Equipment, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Scorer.row
    monkeypatch.setattr(Scorer, "row", lambda *values, **more: {**row(*values, **more), "referral": " "})
    result = PartScorer(equipment)({"number": 0, "part": "part-0", "names": packed([Path("gone.jpg")])})
    error = pickle.loads(result["error"])
    assert error.code == "empty_text" and "part-0" in str(error)


def test_any_name_comes_through() -> None:
    sources = [Path("a b.jpg"), Path(os.fsdecode(b"caf\xe9\n.jpg")), "https://example.org/写真.jpg?x=1"]
    assert unpacked(packed(sources)) == sources
    packed(sources).encode()


def test_workers_that_die_for_good_are_one_error(equipment: Equipment, monkeypatch: pytest.MonkeyPatch) -> None:
    def dying(*values: object, **more: object) -> Iterator[dict[str, Any]]:
        yield {"number": 0, "table": b"x", "error": b""}
        raise ray.exceptions.RayActorError(error_msg="\n\nThe actor died.\n")

    monkeypatch.setattr("app.batch.ray.pool._mapped", dying)
    tasks = [{"number": number, "part": f"part-{number}"} for number in (0, 1)]
    scored = RayPool(workers=2).scored(tasks, equipment)
    assert next(scored) == (0, b"x")
    with pytest.raises(ClusterError) as caught:
        next(scored)
    assert caught.value.code == "worker_failed"
    assert "'part-1'" in str(caught.value) and "--resume" in str(caught.value)


@pytest.mark.parametrize("address", ["nonsense", ":6379", "head:port", "ray://head:10001", "head:"])
def test_a_wrong_address_is_named_with_what_is_right(address: str) -> None:
    with pytest.raises(InputError) as caught:
        RayPool(address=address).check()
    assert caught.value.code == "bad_option" and address in str(caught.value) and "HOST:PORT" in str(caught.value)


@pytest.mark.parametrize("address", ["127.0.0.1:1", "[::1]:1", "no.such.host.invalid:6379", "127.0.0.1:99999"])
def test_an_address_where_nobody_listens_is_told_at_once(address: str) -> None:
    with pytest.raises(ClusterError) as caught:
        RayPool(address=address).check()
    assert caught.value.code == "no_cluster" and address in str(caught.value) and "--address" in str(caught.value)


def test_without_ray_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError) as caught:
        RayPool().check()
    assert caught.value.code == "extra_not_installed" and "[cluster]" in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--engine", "ray"), "give --out alone"),
        (("--engine", "ray", "--out", "parts", "--report", "r.html"), "give --out alone"),
        (("--address", "auto"), "--engine ray; add it"),
        (("--part-size", "7", "--out", "t.csv"), "--engine ray; add it"),
        (("--out", "s3://spots/t.csv"), "only --engine ray"),
        (("--engine", "ray", "--out", "https://example.org/parts"), "begins with none of"),
    ],
)
def test_options_that_do_not_fit_are_one_sentence(arguments: tuple[str, ...], sentence: str, tmp_path: Path) -> None:
    said = finished("photos", *arguments, cwd=tmp_path, status=2)
    assert "(bad_option)" in said
    assert sentence in " ".join(said.split())
    assert list(tmp_path.iterdir()) == []


def test_a_cluster_that_is_not_there_leaves_no_folder(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(JPEGS[0])
    what = (tmp_path / "a.jpg", "--model", tiny_model, "--engine", "ray", "--out", tmp_path / "parts")
    said = finished(*what, "--address", "127.0.0.1:1", status=5)
    assert "(no_cluster)" in said
    assert not (tmp_path / "parts").exists()
