"""Which photos a command means: each once, in a fixed order, and nothing that was named is lost in silence."""

from __future__ import annotations

import io
import os
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.batch.inputs import find_sources
from app.batch.ray.engines import Engine
from app.batch.run import Request, run
from model.errors import InputError
from model.photo import Walk
from model.photo.walking import Reason
from tests.support.drawing import encoded, skin
from tests.support.everyday import LOCKED, TAKEN, encodings, unlistable, write_folder


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


def test_a_list_is_read_in_every_encoding_that_programs_save(folder: Path) -> None:
    for name in ("Füße.jpg", "写真.jpg"):
        (folder / name).touch()
    for encoding, data in encodings("b/2.jpg\nFüße.jpg\n写真.jpg\n  a.jpg  \n").items():
        (folder / "list").write_bytes(data)
        assert names(lists=[folder / "list"]) == ["b/2.jpg", "Füße.jpg", "写真.jpg", "a.jpg"], encoding


def test_a_list_in_another_encoding_is_one_sentence_unless_its_bytes_name_files(folder: Path) -> None:
    for data in ("a.jpg\nFüße.jpg\n".encode("latin-1"), b"\xff\xfea\0.", b"a.jpg\n\x80\xff\n"):
        (folder / "list").write_bytes(data)
        code, sentence = code_of(lists=[folder / "list"])
        assert code == "bad_option" and str(folder / "list") in sentence and sentence.endswith("one name per line.")
    latin = os.fsdecode("Füße.jpg".encode("latin-1"))
    Path(latin).touch()
    (folder / "list").write_bytes("a.jpg\nFüße.jpg\n".encode("latin-1"))
    assert names(lists=[folder / "list"]) == ["a.jpg", latin]


def test_a_name_in_a_list_never_walks_the_disk_or_the_current_folder(folder: Path) -> None:
    unasked = ["/", ".", "./", "..", "//", "/*", "/**/*.jpg", str(folder), str(folder.parent), "./b/.."]
    (folder / "list").write_text("\n".join([*unasked, "a.jpg", "b"]))
    found = names(lists=[folder / "list"])
    assert not {"b/2.jpg", "b/deep/1.PNG", "a.jpg"} - set(found)
    assert "c[1].jpg" not in found and {"/", "."} <= set(found)
    (folder / "list").write_bytes("\n".join("a.jpg/").encode("utf-16-le"))
    assert names(lists=[folder / "list"]) == ["a", ".", "j", "p", "g", "/"]


def test_names_of_one_letter_parted_by_zero_bytes_are_no_utf_16(folder: Path) -> None:
    (folder / "list").write_bytes(b"v\0w\0x\0y\0z\0")
    assert names(lists=[folder / "list"]) == ["v", "w", "x", "y", "z"]


def test_a_search_goes_on_past_what_it_may_not_list_and_says_what_it_left_out(tmp_path: Path) -> None:
    inside = write_folder(tmp_path)
    for name in (str(inside), f"{inside}/**/*.*[gG]", f"{inside}/**"):
        walk = Walk()
        with unlistable(*LOCKED):
            found = find_sources([name], walk=walk)
        photos = {source for source in found if Path(source).suffix != ".txt" and not Path(source).is_dir()}
        assert photos - {inside / "nowhere"} == {inside / name for name in TAKEN}
        assert len(photos) == len({Path(photo).name for photo in photos})
        assert walk.unseen == len(LOCKED)
        said = " ".join(walk.sentences())
        assert all(f" {reason};" in said for reason in set(Reason) - {Reason.EXCLUDED}), said


def test_what_could_not_be_looked_at_is_said_in_the_end_with_status_1(
    tmp_path: Path, tiny_model: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    inside = write_folder(tmp_path, encoded(skin()))
    (inside / "nowhere").unlink()
    asked = Request(
        **{"names": [str(inside)], "lists": [], "model": tiny_model, "words": None, "language": None, "report": None},
        **{"out": str(tmp_path / "scores.jsonl"), "evidence": None, "workers": 1, "engine": Engine.THREADS},
        **{
            "address": None,
            "part_size": None,
            "exclude": ["+d*"],
            "excel": False,
            "limit": None,
            "dry_run": True,
            "resume": False,
        },
        quiet=False,
    )
    with unlistable(*LOCKED):
        for request in (asked, replace(asked, dry_run=False)):
            assert run(request) == 1
            said = capfd.readouterr().err
            assert "2 places that cannot be listed" in said and "(Permission denied)" in said, said
            assert "--exclude names; the first" in said and "6 places where systems keep" in said, said
        assert len((tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()) == len(TAKEN) - 1
        assert run(replace(asked, out=str(tmp_path / "more.csv"), dry_run=False, quiet=True)) == 1
        assert "cannot be listed" in (said := capfd.readouterr().err), said
    assert run(replace(asked, out=str(tmp_path / "all.csv"), dry_run=False)) == 0


def test_a_pattern_says_which_folders_it_could_not_look_into(folder: Path) -> None:
    walk = Walk()
    with unlistable("b"):
        assert find_sources(["*/*.jpg", "a.jpg"], walk=walk) == [Path("a.jpg")]
    assert walk.unseen == 1 and "Permission denied" in walk.sentences()[0]


def test_excluded_are_files_and_folders_by_name_or_by_the_end_of_their_path(folder: Path) -> None:
    (folder / "list").write_text("a.jpg\nb/2.jpg\n")
    for pattern, left in (
        ("*.jpg", ["b/deep/1.PNG"]),
        ("deep", ["a.jpg", "b/2.jpg"]),
        ("b/deep/", ["a.jpg", "b/2.jpg"]),
        ("b/2.*", ["a.jpg", "b/deep/1.PNG"]),
        ("[ab]*", []),
    ):
        walk = Walk(exclude=(pattern,))
        arguments = ["b", "a.jpg", "b/*"]
        if left:
            assert [str(one) for one in find_sources(arguments, lists=[folder / "list"], walk=walk)] == left
            assert walk.sentences() and not walk.unseen
        else:
            with pytest.raises(InputError, match="that --exclude names"):
                find_sources(["a.jpg"], walk=walk)


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
