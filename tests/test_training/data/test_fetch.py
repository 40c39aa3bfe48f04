"""Fetching against real servers that misbehave: nothing stops it, nothing is half there, everything is reported."""

from __future__ import annotations

import csv
import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from model.card import sha256_of
from model.errors import DatasetError, OutputError
from tests.support.commands import redspots
from tests.support.drawing import encoded, skin
from tests.support.official_tables import scin, write_fitzpatrick, write_milk, write_scin
from tests.support.photo_server import PhotoServer, redirect, serving, slow, status, truncated
from tests.test_app.cli.test_cli import refused
from training.data.catalogue import read_dataset
from training.data.manifest import read_manifest
from training.data.public.download import Downloader, FetchError, Limits
from training.data.public.fetch import JOURNAL, FetchJournal, Order, fetch_dataset
from training.data.public.host_limits import Hosts

FAST = Limits(attempts=3, seconds=20, silence=5, megabytes=1, per_second=1000, first_wait=0.01)
IMAGES = "/dx-scin-public-data/dataset/images"
PNG = encoded(skin(width=160, height=120), "PNG")
LICENCE = "SCIN Data Use License"
KNOWN = ("petechiae", "purpura", "sun_rash", "other")
NAMES = ("a", "b", "c", "d", "e", "h", "i")


def png(seed: int) -> bytes:
    return encoded(skin(width=160, height=120, seed=seed), "PNG")


@pytest.fixture
def server() -> Iterator[PhotoServer]:
    with serving() as server:
        for number, name in enumerate(NAMES):
            server.photo(f"{IMAGES}/{name}.png", png(number))
        yield server


@pytest.fixture
def order(server: PhotoServer, tmp_path: Path) -> Order:
    tables = write_scin(tmp_path / "tables")
    return Order(scin(), tmp_path / "out", LICENCE, tables=tables, mirror=server.url, limits=FAST)


def get(server: PhotoServer, path: str, *, limits: Limits = FAST, sha256: str = "") -> bytes:
    with Downloader(limits=limits, agent="redspots (tests)") as downloader:
        return downloader.get(server.url + path, sha256=sha256)


def code_of(server: PhotoServer, path: str, *, limits: Limits = FAST, sha256: str = "") -> str:
    with pytest.raises(FetchError, match="http") as raised:
        get(server, path, limits=limits, sha256=sha256)
    return raised.value.code


def report(order: Order) -> dict[str, str]:
    with (order.out / "not_fetched.csv").open(encoding="utf-8", newline="") as file:
        return {Path(row["file_name"]).name: row["code"] for row in csv.DictReader(file)}


def test_a_dataset_is_fetched_checked_and_trains(order: Order, server: PhotoServer) -> None:
    fetched = fetch_dataset(order)
    assert not fetched.failed
    examples = read_manifest(order.out / "manifest.csv", categories=KNOWN)
    assert {example.path.stem for example in examples} == set(NAMES)
    assert (order.out / "manifest.croissant.json").exists()
    assert not (order.out / "not_fetched.csv").exists()
    with (order.out / "manifest.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            assert row["sha256"] == sha256_of(order.out / row["file_name"])
    assert server.agents == {"redspots (research and education)"}


def test_a_second_run_asks_for_nothing_that_is_here_or_gone(order: Order, server: PhotoServer) -> None:
    del server.answers[f"{IMAGES}/a.png"]
    server.answers[f"{IMAGES}/b.png"] = status(503)
    fetch_dataset(order)
    assert report(order) == {"a.png": "gone", "b.png": "unreachable"}
    server.asked.clear()
    server.photo(f"{IMAGES}/b.png", png(9))
    (order.out / "photos" / "c.png").write_bytes(b"spoilt")
    fetched = fetch_dataset(order)
    assert set(server.asked) == {f"{IMAGES}/b.png", f"{IMAGES}/c.png"}
    assert report(order) == {"a.png": "gone"}
    assert len(fetched.build.rows) == len(NAMES) - 1


def test_every_fault_becomes_a_row_and_stops_nothing(order: Order, server: PhotoServer) -> None:
    faults = {
        "a": status(404),
        "b": status(403),
        "c": lambda handler: handler.give(b"<html>not here any more</html>", kind="text/html"),
        "d": truncated(PNG),
        "e": lambda handler: handler.give(b"\x89PNG" + bytes(2_000_000)),
        "h": redirect("file:///etc/passwd"),
    }
    for name, answer in faults.items():
        server.answers[f"{IMAGES}/{name}.png"] = answer
    fetched = fetch_dataset(order)
    assert report(order) == {
        "a.png": "gone",
        "b.png": "refused",
        "c.png": "not_a_photo",
        "d.png": "unreachable",
        "e.png": "too_large",
        "h.png": "bad_address",
    }
    assert [Path(row.file_name).name for row in fetched.build.rows] == ["i.png"]
    assert [path.name for path in (order.out / "photos").iterdir()] == ["i.png"]


def test_what_goes_well_at_last_is_taken(server: PhotoServer) -> None:
    whole = lambda handler: handler.give(PNG)  # noqa: E731
    server.times("/busy.png", status(429, Retry_After="0"), status(503), whole)
    server.times("/cut.png", truncated(PNG), whole)
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    server.times("/date.png", status(429, Retry_After=date), whole)
    server.answers["/moved.png"] = redirect("further.png")
    server.answers["/further.png"] = redirect("/cut.png")
    for path in ("/busy.png", "/moved.png", "/date.png"):
        assert get(server, path) == PNG
    assert server.asked["/busy.png"] == 3
    assert server.asked["/cut.png"] == 2


def test_a_host_is_asked_at_even_intervals_and_left_alone_while_it_asks_for_it() -> None:
    now, waited = [100.0], []

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        now[0] += seconds

    hosts = Hosts(per_second=4, clock=lambda: now[0], sleep=sleep)
    for name in ("a", "a", "b", "a"):
        with hosts.turn(name):
            pass
    hosts.pause("a", 60)
    for name in ("b", "a"):
        with hosts.turn(name):
            pass
    assert waited == [0, 0.25, 0, 0.25, 0, 60]


def test_what_never_goes_well_is_given_up(server: PhotoServer) -> None:
    server.answers["/circle.png"] = redirect("/circle.png")
    server.answers["/busy.png"] = status(429, Retry_After="86400")
    server.answers["/slow.png"] = slow(PNG, seconds=0.2)
    server.answers["/silent.png"] = slow(PNG, seconds=3)
    assert code_of(server, "/circle.png") == "bad_address"
    assert code_of(server, "/busy.png") == "unreachable"
    assert server.asked["/busy.png"] == 1, "a host that asks to wait a day is not asked again"
    assert code_of(server, "/slow.png", limits=replace(FAST, seconds=0.5, attempts=1)) == "unreachable"
    assert code_of(server, "/silent.png", limits=replace(FAST, silence=0.5, attempts=2)) == "unreachable"
    assert server.asked["/silent.png"] == 2


def test_a_file_that_changed_is_refused(server: PhotoServer) -> None:
    server.photo("/a.png", PNG)
    assert code_of(server, "/a.png", sha256="0" * 64) == "altered"


@pytest.mark.parametrize("url", ["ftp://example.org/a.png", "file:///etc/passwd", "photo.png", "https://"])
def test_an_address_that_is_none_on_the_web_is_refused(url: str) -> None:
    with Downloader(limits=FAST, agent="redspots (tests)") as downloader, pytest.raises(FetchError) as raised:
        downloader.get(url)
    assert raised.value.code == "bad_address"


def test_an_address_inside_json_is_followed(server: PhotoServer, tmp_path: Path) -> None:
    order = Order(read_dataset("milk10k"), tmp_path / "out", "CC BY-NC", write_milk(tmp_path / "t"), mirror=server.url)
    for number in (1, 2):
        answer = json.dumps({"files": {"full": {"url": f"https://content.example/{number}.png"}}}).encode()
        server.photo(f"/api/v2/images/ISIC_{number}/", answer)
        server.photo(f"/{number}.png", png(number))
    server.photo("/api/v2/images/ISIC_3/", b'{"files": []}')
    fetch_dataset(replace(order, limits=FAST))
    assert report(order) == {"ISIC_3.jpg": "not_a_photo"}
    assert (order.out / "photos" / "ISIC_2.jpg").read_bytes() == png(2)


def test_official_tables_are_fetched_and_checked(server: PhotoServer, tmp_path: Path) -> None:
    dataset = read_dataset("fitzpatrick17k")
    order = Order(dataset, tmp_path / "out", dataset.licence, mirror=server.url, limits=FAST)
    with pytest.raises(DatasetError, match="fitzpatrick17k.csv") as raised:
        fetch_dataset(order)
    assert raised.value.code == "missing_table"
    table = write_fitzpatrick(tmp_path / "t") / "fitzpatrick17k.csv"
    assert dataset.table[0].url
    server.photo("/" + dataset.table[0].url.split("/", 3)[3], table.read_bytes())
    with pytest.raises(DatasetError) as raised:
        fetch_dataset(order)
    assert raised.value.code == "altered_table"
    atlas = "/site/images/clinical-pic"
    server.photo(f"{atlas}/p/phytophotodermatitis/1.jpg", PNG)
    server.photo("/img?imageId=1", png(1))
    fetched = fetch_dataset(replace(order, accept_altered=True))
    assert {Path(row.file_name).name for row in fetched.build.rows} == {"0a.jpg", "0b.jpg"}
    assert fetched.failed == {"gone": 2}


def test_no_licence_no_photo(order: Order, server: PhotoServer) -> None:
    with pytest.raises(DatasetError, match=f'--accept-licence "{LICENCE}"') as raised:
        fetch_dataset(replace(order, accepted=""))
    assert raised.value.code == "licence_not_accepted"
    with pytest.raises(DatasetError, match="data build pad_ufes_20") as raised:
        fetch_dataset(replace(order, dataset=read_dataset("pad_ufes_20")))
    assert raised.value.code == "not_fetchable"
    with pytest.raises(DatasetError, match="--tables") as raised:
        milk = read_dataset("milk10k")
        fetch_dataset(replace(order, dataset=milk, accepted=milk.licence, tables=None))
    assert raised.value.code == "missing_table"
    assert not server.asked


def test_a_folder_of_somebody_else_is_left_alone(order: Order) -> None:
    order.out.mkdir()
    (order.out / "diary.txt").write_text("mine")
    with pytest.raises(OutputError, match="not a folder of `fetch`") as raised:
        fetch_dataset(order)
    assert raised.value.code == "exists"
    assert [path.name for path in order.out.iterdir()] == ["diary.txt"]


def test_a_disk_that_takes_nothing_is_one_sentence(
    order: Order, server: PhotoServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    fetch_dataset(order)
    (order.out / "photos" / "a.png").unlink()
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="a.png.*run the command again") as raised:
        fetch_dataset(order)
    assert raised.value.code == "cannot_write"


def test_a_run_that_was_killed_at_its_very_start_goes_on(order: Order) -> None:
    order.out.mkdir()
    (order.out / JOURNAL).write_text('{"redsp')
    assert not fetch_dataset(order).failed


def test_another_job_in_the_same_folder_is_refused(order: Order) -> None:
    fetch_dataset(order)
    with pytest.raises(OutputError, match="with other --others; repeat the command") as raised:
        fetch_dataset(replace(order, others=0))
    assert raised.value.code == "other_run"


@pytest.mark.skipif(sys.platform == "win32", reason="locks are a POSIX matter here")
def test_two_runs_never_fetch_into_one_folder(order: Order, server: PhotoServer) -> None:
    fetch_dataset(order)
    server.asked.clear()
    run = {"dataset": "scin", "--others": "None", "--seed": "0"}
    with (
        FetchJournal.open(order.out / JOURNAL, run=run, resume=True),
        pytest.raises(OutputError, match="in use by another run") as raised,
    ):
        fetch_dataset(order)
    assert raised.value.code == "in_use" and not server.asked


def test_what_follows_a_spoilt_line_is_fetched_again(order: Order, server: PhotoServer) -> None:
    fetch_dataset(order)
    lines = (order.out / JOURNAL).read_bytes().splitlines(keepends=True)
    (order.out / JOURNAL).write_bytes(b"".join([*lines[:-2], b"\0" * 20 + b"\n", lines[-1]]))
    server.asked.clear()
    assert not fetch_dataset(order).failed
    assert len(server.asked) == 2


def test_a_run_that_version_0_2_began_goes_on(order: Order, server: PhotoServer) -> None:
    fetch_dataset(order)
    _, *lines = (order.out / JOURNAL).read_text().splitlines(keepends=True)
    (order.out / JOURNAL).write_text("".join(['{"dataset": "scin", "others": null, "seed": 0}\n', *lines]))
    server.asked.clear()
    assert not fetch_dataset(order).failed
    assert not server.asked


def test_a_killed_run_goes_on_where_it_was(order: Order, server: PhotoServer) -> None:
    for number, name in enumerate(NAMES[3:]):
        server.answers[f"{IMAGES}/{name}.png"] = slow(png(number), seconds=0.5)
    arguments = ["data", "fetch", "scin", "--out", order.out, "--tables", order.tables, "--mirror", server.url]
    arguments += ["--accept-licence", LICENCE, "--per-second", "1000", "--workers", "1"]
    command = [sys.executable, "-m", "app.cli", *map(str, arguments)]
    root = Path(__file__).parents[3]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + 120
    while server.asked[f"{IMAGES}/d.png"] == 0 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    here = {path.name for path in (order.out / "photos").glob("[!.]*")}
    assert here == {"a.png", "b.png", "c.png"}
    assert not (order.out / "manifest.csv").exists()
    server.asked.clear()
    for number, name in enumerate(NAMES):
        server.photo(f"{IMAGES}/{name}.png", png(number))
    result = redspots(*map(str, arguments))
    assert result.returncode == 0, result.stderr
    assert {path.rpartition("/")[2] for path in server.asked} == {"d.png", "e.png", "h.png", "i.png"}
    assert len(read_manifest(order.out / "manifest.csv", categories=KNOWN)) == len(NAMES)


def test_the_command_shows_the_licence_before_anything_is_fetched(order: Order, server: PhotoServer) -> None:
    arguments = ["data", "fetch", "scin", "--out", str(order.out), "--mirror", server.url]
    refused(redspots(*arguments), 2, "identifying anyone is forbidden", LICENCE)
    assert not server.asked and not order.out.exists()
    del server.answers[f"{IMAGES}/a.png"]
    arguments += ["--tables", str(order.tables), "--accept-licence", LICENCE, "--per-second", "1000"]
    result = redspots(*arguments)
    assert result.returncode == 1, result.stderr
    text = " ".join(result.stdout.split())
    assert "6 photos in" in text and "not fetched: 1 are gone" in text
    assert "not_fetched.csv" in text.replace(" ", "")
