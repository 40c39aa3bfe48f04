"""Files and folders are there whole or not at all, and nothing half made stays."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from model.errors import OutputError
from model.system.files import hold_file, new_folder, remove_parts, replaced_folder, restore_folder, write_file


class Killed(BaseException):
    """Stands in for the end of the process at this point."""


def tree(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "card").write_text("old")
    return tmp_path / "model"


def test_a_disk_that_fills_up_leaves_no_file_and_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="metrics.json.*No space left.*; make room.") as raised:
        write_file(tmp_path / "metrics.json", "{}", fix="make room")
    assert raised.value.code == "cannot_write" and list(tmp_path.iterdir()) == []


def test_a_file_is_replaced_only_when_asked_for(tmp_path: Path) -> None:
    write_file(tmp_path / "a", "first")
    with pytest.raises(OutputError) as raised:
        write_file(tmp_path / "a", "second")
    assert raised.value.code == "exists" and tree(tmp_path) == {"a": "first"}
    write_file(tmp_path / "a", "third", overwrite=True)
    assert tree(tmp_path) == {"a": "third"}


@pytest.mark.parametrize("again", [False, True])
def test_a_folder_is_there_whole_or_not_at_all(tmp_path: Path, again: bool) -> None:
    with pytest.raises(Killed), new_folder(tmp_path / "new", again=again) as part:
        (part / "a").write_text("half")
        raise Killed
    assert list(tmp_path.iterdir()) == []
    with new_folder(tmp_path / "new", again=again) as part:
        (part / "sub").mkdir()
        (part / "sub" / "a").write_text("whole")
        assert not (tmp_path / "new").exists()
    assert tree(tmp_path) == {"new/sub/a": "whole"}


def test_what_killed_runs_left_half_made_is_removed_and_nothing_else(tmp_path: Path, model: Path) -> None:
    (tmp_path / ".0a1b.part").mkdir()
    (tmp_path / ".0a1b.part" / "card").write_text("half")
    (tmp_path / ".2c3d.part").write_text("half")
    remove_parts(tmp_path)
    assert list(tmp_path.iterdir()) == [model]


def test_a_folder_is_replaced_as_a_whole(tmp_path: Path, model: Path) -> None:
    with pytest.raises(Killed), replaced_folder(model) as copy:
        (copy / "card").write_text("half")
        raise Killed
    assert tree(tmp_path) == {"model/card": "old"}
    with replaced_folder(model) as copy:
        (copy / "card").write_text("new")
    assert tree(tmp_path) == {"model/card": "new"} and list(tmp_path.iterdir()) == [model]


@pytest.mark.parametrize("renames", [1, 2])
def test_killed_while_one_folder_takes_the_place_of_another_a_whole_one_is_there_afterwards(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch, renames: int
) -> None:
    rename, count = Path.rename, 0

    def killing(self: Path, target: Path) -> Path:
        nonlocal count
        moved = rename(self, target)
        count += 1
        if count == renames:
            raise Killed
        return moved

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", killing)
        with pytest.raises(Killed), replaced_folder(model) as copy:
            (copy / "card").write_text("new")
    restore_folder(model)
    assert (model / "card").read_text() == ("old" if renames == 1 else "new")
    with replaced_folder(model):
        pass
    assert list(tmp_path.iterdir()) == [model]


def test_a_way_back_that_fails_too_loses_nothing(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rename, count = Path.rename, 0

    def failing(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", failing)
        with pytest.raises(OSError, match="Input/output"), replaced_folder(model) as copy:
            (copy / "card").write_text("new")
    restore_folder(model)
    assert tree(model) == {"card": "old"}


@pytest.mark.skipif(os.name != "posix", reason="locks are a POSIX matter here")
def test_a_file_is_held_by_one_run(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    with (tmp_path / "lock").open("ab") as one, (tmp_path / "lock").open("ab") as other:
        hold_file(one, tmp_path)
        with pytest.raises(OutputError) as raised:
            hold_file(other, tmp_path)
    assert raised.value.code == "in_use"
