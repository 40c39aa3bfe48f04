"""PartsFolder: whole parts of one run, on a disk and in a store; anything else there is refused and left alone."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from app.batch.ray.parquet_parts import RUN, PartsFolder
from app.batch.tables import parquet_part, rows_of_part
from app.views.row import columns
from model.errors import InputError, OutputError
from tests.conftest import OUTPUTS

IDENTITY = {"model": "m", "photos": "p"}


@pytest.fixture(params=["disk", "store"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "disk":
        yield str(tmp_path / "parts")
        return
    store = fsspec.filesystem("memory")
    yield "memory://answers/parts"
    if store.exists("/answers"):
        store.rm("/answers", recursive=True)


def put(place: str, name: str, data: bytes) -> None:
    """Write a file past PartsFolder."""
    with fsspec.open(f"{place}/{name}", "wb", auto_mkdir=True) as file:
        file.write(data)


def refused(place: str, *, resume: bool, run: dict[str, str] = IDENTITY) -> tuple[str, str]:
    with pytest.raises(OutputError) as caught, PartsFolder(place).begun(run, parts=2, resume=resume):
        pass
    return caught.value.code, str(caught.value)


def test_parts_outlast_their_run(place: str) -> None:
    folder = PartsFolder(place)
    with folder.begun(IDENTITY, parts=12, resume=False) as done:
        assert done == set()
        folder.write(11, b"last")
        folder.write(0, b"first")
    again = PartsFolder(f"{place}/")
    with again.begun(IDENTITY, parts=12, resume=True) as done:
        assert done == {0, 11}
        assert (again.read(0), again.read(11)) == (b"first", b"last")
        assert again.name(11) == "part-000011-of-000012.parquet"


def test_a_run_may_be_resumed_before_it_began(place: str) -> None:
    with PartsFolder(place).begun(IDENTITY, parts=1, resume=True) as done:
        assert done == set()


def test_an_unfinished_run_is_neither_overwritten_nor_mixed(place: str) -> None:
    with PartsFolder(place).begun(IDENTITY, parts=2, resume=False):
        pass
    assert refused(place, resume=False)[0] == "unfinished_run"
    code, sentence = refused(place, resume=True, run={"model": "other", "photos": "p"})
    assert code == "other_run" and "other model" in sentence and place in sentence


@pytest.mark.parametrize("resume", [False, True])
def test_what_is_no_run_stays_as_it_is(place: str, resume: bool) -> None:
    put(place, "diary.txt", b"mine")
    code, sentence = refused(place, resume=resume)
    assert code == "exists" and place in sentence
    with fsspec.open(f"{place}/diary.txt", "rb") as file:
        assert file.read() == b"mine"


@pytest.mark.parametrize("text", [b"", b"[1]", b"{}", b'{"redspots_parts": 2}', b"\xff"])
def test_a_foreign_run_file_is_named(place: str, text: bytes) -> None:
    put(place, RUN, text)
    code, sentence = refused(place, resume=True)
    assert code == "no_journal" and RUN in sentence


def test_the_run_file_says_whose_parts_they_are(tmp_path: Path) -> None:
    with PartsFolder(str(tmp_path / "parts")).begun(IDENTITY, parts=7, resume=False):
        pass
    values = json.loads((tmp_path / "parts" / RUN).read_text(encoding="utf-8"))
    assert values["redspots_parts"] == 7 and values["run"] == IDENTITY and values["started"].endswith("+00:00")


def test_two_runs_never_write_to_one_folder(tmp_path: Path) -> None:
    place = str(tmp_path / "parts")
    with PartsFolder(place).begun(IDENTITY, parts=2, resume=False):
        assert refused(place, resume=True)[0] == "in_use"
    with PartsFolder(place).begun(IDENTITY, parts=2, resume=True):
        pass


def test_what_a_killed_run_had_begun_is_written_again(tmp_path: Path) -> None:
    folder = PartsFolder(str(tmp_path / "parts"))
    with folder.begun(IDENTITY, parts=2, resume=False):
        folder.write(0, b"whole")
    [name] = {path.name for path in (tmp_path / "parts").iterdir()} - {RUN}
    (tmp_path / "parts" / name).rename(tmp_path / "parts" / ".half.part")
    with folder.begun(IDENTITY, parts=2, resume=True) as done:
        assert done == set()
        folder.write(0, b"whole")


def test_a_place_that_takes_nothing_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "no" / "parts", tmp_path / "file" / "parts", tmp_path / "file"):
        with pytest.raises(OutputError) as caught:
            PartsFolder(str(place)).check(resume=False)
        assert caught.value.code == "cannot_write" and str(place) in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="takes no files"):
        PartsFolder(str(tmp_path / "parts")).check(resume=False)
    tmp_path.chmod(0o700)


def test_a_store_that_fails_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*values: object, **more: object) -> None:
        raise PermissionError("Access Denied\nfor you")

    folder = PartsFolder("memory://answers/parts")
    monkeypatch.setattr("fsspec.implementations.memory.MemoryFileSystem.pipe_file", fails)
    with pytest.raises(OutputError) as caught, folder.begun(IDENTITY, parts=1, resume=False):
        pass
    assert caught.value.code == "cannot_write"
    assert "Access Denied for you" in str(caught.value) and "memory://answers/parts/_run.json" in str(caught.value)


@pytest.mark.parametrize(
    "place", ["https://example.org/parts", "ftp://example.org/parts", "s3://me:secret@example.org/x"]
)
def test_a_url_that_takes_no_parts_is_refused(place: str) -> None:
    with pytest.raises(InputError) as caught:
        PartsFolder(place)
    assert caught.value.code == "bad_option" and "secret" not in str(caught.value)


def a_row(**cells: str | int | float) -> dict[str, str | int | float | None]:
    texts = {"urgent_advice": "Go.", "referral": "See a doctor.", "limits": "None."}
    return {name: {**texts, **cells}.get(name) for name in columns(OUTPUTS)}


def test_a_part_has_all_columns_and_gives_some_back() -> None:
    data = parquet_part([a_row(file="a.jpg"), a_row(file="b.jpg", schema=1)], outputs=OUTPUTS, name="part-0")
    assert rows_of_part(data, columns=["file", "schema"], name="part-0") == [
        {"file": "a.jpg", "schema": None},
        {"file": "b.jpg", "schema": 1},
    ]


@pytest.mark.parametrize("length", [0, 3, 200, -1])
def test_a_damaged_part_is_named_with_what_to_do(length: int) -> None:
    data = parquet_part([a_row(file="a.jpg")], outputs=OUTPUTS, name="part-0")
    with pytest.raises(OutputError) as caught:
        rows_of_part(data[:length], columns=["file"], name="part-0")
    assert caught.value.code == "damaged_part" and "part-0" in str(caught.value) and "--resume" in str(caught.value)
