"""Which photos a command means: each once, in a fixed order, and nothing that was named is lost in silence."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.inputs import find_sources
from model.errors import InputError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with some photos."""
    monkeypatch.chdir(tmp_path)
    for name in ("b/2.jpg", "b/deep/1.PNG", "a.jpg", "c[1].jpg", "notes.txt", "b/.hidden.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(*arguments: str, lists: list[Path] | None = None) -> list[str]:
    return [str(source) for source in find_sources(arguments, lists=lists or [])]


def code_of(*arguments: str, lists: list[Path] | None = None) -> tuple[str, str]:
    with pytest.raises(InputError) as caught:
        find_sources(arguments, lists=lists or [])
    return caught.value.code, str(caught.value)


def stdin(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data)))


def test_files_and_folders_are_sorted_and_stand_once(folder: Path) -> None:
    assert names("b", "a.jpg", "notes.txt", "./a.jpg", str(folder / "a.jpg")) == [
        *("a.jpg", "b/2.jpg", "b/deep/1.PNG", "notes.txt")
    ]


def test_patterns_are_followed_to_any_depth(folder: Path) -> None:
    assert names("b/**/*.jpg") == ["b/2.jpg"]
    assert names("**/*.*[gG]") == ["a.jpg", "b/2.jpg", "b/deep/1.PNG", "c[1].jpg"]
    assert names("[b]") == ["b/2.jpg", "b/deep/1.PNG"]
    assert names(str(folder / "?.jpg")) == [str(folder / "a.jpg")]
    assert code_of("*.webp") == ("nothing_found", code_of("*.webp")[1])


def test_a_name_with_brackets_is_a_file_before_it_is_a_pattern(folder: Path) -> None:
    assert names("c[1].jpg") == ["c[1].jpg"]


def test_a_list_keeps_its_order_and_its_missing_names(folder: Path) -> None:
    (folder / "list").write_bytes("\ufeffb/2.jpg\r\ngone.jpg\n\na.jpg\nb\n*.jpg".encode())
    assert names(lists=[folder / "list"]) == ["b/2.jpg", "gone.jpg", "a.jpg", "b/deep/1.PNG", "c[1].jpg"]
    assert names("a.jpg", lists=[folder / "list"])[:2] == ["a.jpg", "b/2.jpg"]


def test_a_list_may_come_on_standard_input(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stdin(monkeypatch, b"b/2.jpg\nnew\nline.jpg\0")
    assert names("-") == ["b/2.jpg\nnew\nline.jpg"]
    stdin(monkeypatch, b"a.jpg\n")
    assert names("-", "b/2.jpg") == ["b/2.jpg", "a.jpg"]
    stdin(monkeypatch, b"\n")
    assert code_of("-")[0] == "nothing_found"


def test_what_is_missing_is_said(folder: Path) -> None:
    (folder / "empty").mkdir()
    for arguments, code in ((("gone.jpg",), "missing_path"), (("empty",), "nothing_found"), ((), "nothing_found")):
        assert code_of(*arguments)[0] == code
    code, sentence = code_of(lists=[folder / "no\nlist"])
    assert code == "missing_path" and sentence.isprintable()
    assert code_of(lists=[folder])[0] == "missing_path"


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(min_size=1, max_size=20).filter(lambda name: not {0} & set(name)), max_size=8))
def test_any_names_come_through_a_list_parted_by_zero_bytes(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[bytes]
) -> None:
    folder = tmp_path_factory.mktemp("list")
    paths = [b"/nowhere/x" + name.replace(b"/", b"_").translate(None, b"*?[") + b".jpg" for name in wanted]
    (folder / "list").write_bytes(b"\0".join([*paths, b"/nowhere/last.jpg"]) + b"\0")
    found = [os.fsencode(str(source)) for source in find_sources([], lists=[folder / "list"])]
    assert found == list(dict.fromkeys([*paths, b"/nowhere/last.jpg"]))
