"""`model.photo.find_photos`: every photo of the folders once, in order, or a clear error."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.errors import InputError
from model.photo import find_photos


def test_find_photos_searches_folders_sorted_once_and_without_hidden_files(tmp_path: Path) -> None:
    names = ["b.JPG", "a/z.heic", "a/deep/x.png", "c.tiff", ".hidden.jpg", ".git/y.jpg", "notes.txt", "a/._b.jpg"]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "a" / "circle").symlink_to(tmp_path)
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    found = find_photos([tmp_path, tmp_path / "b.JPG", tmp_path / "a" / ".." / "c.tiff"])
    assert [str(path.relative_to(tmp_path)) for path in found] == [
        "a/deep/x.png",
        "a/z.heic",
        "b.JPG",
        "c.tiff",
        "loop.jpg",
    ]


def test_find_photos_keeps_every_file_that_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").touch()
    (tmp_path / "loop.jpg").symlink_to(tmp_path / "loop.jpg")
    named = [tmp_path / "notes.txt", tmp_path / "loop.jpg"]
    assert find_photos(named) == sorted(named)


def test_find_photos_says_what_is_missing(tmp_path: Path) -> None:
    for paths, code in (([tmp_path / "gone"], "missing_path"), ([tmp_path], "nothing_found"), ([], "nothing_found")):
        with pytest.raises(InputError) as caught:
            find_photos(paths)
        assert caught.value.code == code
