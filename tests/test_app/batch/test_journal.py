"""The journal keeps every whole line, drops every torn one, and never mixes two runs."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.journal import Entry, Journal
from model.errors import OutputError

RUN = {"model": "a", "words": "b", "options": "c", "photos": "d"}
ENTRIES = [Entry({"file": f"{number}\u2028ü.jpg", "p": number / 3, "n": None}) for number in range(5)]


def written(path: Path, entries: list[Entry] = ENTRIES) -> Path:
    with Journal.open(path, run=RUN, resume=False) as journal:
        for entry in entries:
            journal.append(entry)
    return path


def code_of(path: Path, *, run: dict[str, str] = RUN, resume: bool = True) -> tuple[str, str]:
    with pytest.raises(OutputError) as caught:
        Journal.open(path, run=run, resume=resume)
    return caught.value.code, str(caught.value)


def test_what_was_appended_comes_back(tmp_path: Path) -> None:
    path = written(tmp_path / "j", [*ENTRIES, Entry({"file": "x"}, {"pictures": ["aGVsbG8="]})])
    with Journal.open(path, run=RUN, resume=True) as journal:
        read = list(journal.entries())
        assert [entry for _, entry in read] == [*ENTRIES, Entry({"file": "x"}, {"pictures": ["aGVsbG8="]})]
        assert [journal.entry_at(place) for place, _ in reversed(read)] == [entry for _, entry in reversed(read)]
        assert journal.entries_done == 6


def test_a_resumed_run_keeps_the_moment_of_its_start(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j", run=RUN, resume=False) as journal:
        started = journal.started
    with Journal.open(tmp_path / "j", run=RUN, resume=True) as journal:
        assert journal.started == started != ""


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_cut_anywhere_it_keeps_the_whole_lines_and_goes_on(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = written(tmp_path_factory.mktemp("journal") / "j")
    whole = path.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    filler = data.draw(st.sampled_from([b"", b"\0\0\0\0", b"\xff"])) if cut > whole.index(b"\n") else b""
    path.write_bytes(whole[:cut] + filler)
    left = max(whole[:cut].count(b"\n") - 1, 0)
    with Journal.open(path, run=RUN, resume=True) as journal:
        assert journal.entries_done == left
        for entry in ENTRIES[left:]:
            journal.append(entry)
        assert [entry for _, entry in journal.entries()] == ENTRIES
    assert path.read_bytes().splitlines(keepends=True)[1:] == whole.splitlines(keepends=True)[1:]


def test_what_follows_a_spoilt_line_is_done_again(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[3] = b'{"row": \0\0\0}\n'
    path.write_bytes(b"".join(lines))
    with Journal.open(path, run=RUN, resume=True) as journal:
        assert journal.entries_done == 2


def test_a_journal_is_not_overwritten_by_a_new_run(tmp_path: Path) -> None:
    path = written(tmp_path / "j")
    before = path.read_bytes()
    code, sentence = code_of(path, resume=False)
    assert code == "unfinished_run" and "--resume" in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", sorted(RUN))
def test_another_run_is_refused_and_what_differs_is_named(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / "j")
    before = path.read_bytes()
    code, sentence = code_of(path, run={**RUN, name: "other"})
    assert code == "other_run" and f"other {name};" in sentence
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"mine", b"mine\n", b"[]\n", b'{"redspots_journal": 1}\n', b"\xff\xfe\n", b"{}"])
def test_a_file_of_somebody_else_is_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "j"
    path.write_bytes(content)
    assert code_of(path)[0] == "no_journal"
    assert path.read_bytes() == content


@pytest.mark.skipif(sys.platform == "win32", reason="locks are a POSIX matter here")
def test_two_runs_never_share_a_journal(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "j", run=RUN, resume=False):
        assert code_of(tmp_path / "j")[0] == "in_use"
    Journal.open(tmp_path / "j", run=RUN, resume=True).__exit__(None, None, None)


@pytest.mark.skipif(os.name != "posix", reason="links and pipes are a POSIX matter")
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_done_without_and_said(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(*args: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refused)
    assert Journal.open(written(tmp_path / "journal"), run=RUN, resume=True).entries_done == len(ENTRIES)
    assert "no locks" in caplog.text


def test_a_journal_that_could_not_be_begun_is_not_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    for name in ("flock", "fsync"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fcntl if name == "flock" else os, name, refused)
            assert code_of(tmp_path / "journal", resume=False)[0] == "cannot_write"
        assert not (tmp_path / "journal").exists()
    written(tmp_path / "journal")


def test_it_is_never_written_through_a_link_or_into_a_pipe(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.touch()
    (tmp_path / "link").symlink_to(target)
    assert code_of(tmp_path / "link")[0] == "cannot_write"
    assert code_of(tmp_path / "none" / "j", resume=False)[0] == "cannot_write"
    assert target.read_bytes() == b""


def test_a_full_disk_is_one_error_and_keeps_what_was_written(tmp_path: Path) -> None:
    resource, signal = pytest.importorskip("resource"), pytest.importorskip("signal")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000, before[1]))
    try:
        with pytest.raises(OutputError) as caught, Journal.open(tmp_path / "j", run=RUN, resume=False) as journal:
            for number in range(1000):
                journal.append(Entry({"file": str(number)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert caught.value.code == "cannot_write"
    lines = (tmp_path / "j").read_bytes().splitlines(keepends=True)
    assert len(lines) > 10 and all(line.endswith(b"\n") for line in lines)
    with Journal.open(tmp_path / "j", run=RUN, resume=True) as journal:
        assert journal.entries_done == len(lines) - 1
        assert [json.loads(line)["row"]["file"] for line in lines[1:]] == [
            entry.row["file"] for _, entry in journal.entries()
        ]
