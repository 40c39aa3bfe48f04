"""Manifests and folders: read strictly, and groups never cross splits."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from model.errors import InputError, ManifestError
from training.data.manifest import Example, assign_splits, read_manifest

KNOWN = ("petechiae", "purpura", "other", "not_skin")


def photo(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (40, 40), (200, 150, 130)).save(path)
    return path


def manifest(folder: Path, *lines: str) -> Path:
    path = folder / "photos.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def refusal(path: Path, where: Sequence[str] = ()) -> InputError:
    with pytest.raises(InputError) as caught:
        read_manifest(path, categories=KNOWN, where=where)
    assert caught.value.exit_status == 2
    return caught.value


def test_a_manifest_gives_its_rows(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "sub" / "b.png")
    path = manifest(
        tmp_path,
        "file_name,category,group,split,skin_tone,source,licence",
        "a.png,petechiae,anna,train,3,clinic,CC0",
        "sub/b.png,other,,,,,",
    )
    first, second = read_manifest(path, categories=KNOWN)
    assert first == Example(tmp_path / "a.png", "petechiae", "anna", "train", "3", "clinic", "CC0")
    assert second == Example(tmp_path / "sub" / "b.png", "other", str(tmp_path / "sub" / "b.png"))


def test_a_folder_per_category_is_a_manifest(tmp_path: Path) -> None:
    for name in ("petechiae/1.png", "petechiae/deep/2.png", "other/3.png"):
        photo(tmp_path / name)
    (tmp_path / "purpura").mkdir()
    found = read_manifest(tmp_path, categories=KNOWN)
    assert sorted((example.path.name, example.category) for example in found) == [
        ("1.png", "petechiae"),
        ("2.png", "petechiae"),
        ("3.png", "other"),
    ]


def test_conditions_choose_rows(tmp_path: Path) -> None:
    photo(tmp_path / "a.png")
    path = manifest(tmp_path, "file,category,use", "a.png,petechiae,train", "gone.png,purpura,evaluate")
    assert [example.category for example in read_manifest(path, categories=KNOWN, where=["use=train"])] == ["petechiae"]
    assert [e.category for e in read_manifest(path, categories=KNOWN, where=["category!=purpura"])] == ["petechiae"]
    assert refusal(path, ["use=nothing"]).code == "no_photos"
    assert refusal(path, ["colour=red"]).code == "missing_column"
    assert refusal(path, ["nonsense"]).code == "bad_option"


@pytest.mark.parametrize(
    ("lines", "code", "names"),
    [
        (["file_name,group", "a.png,anna"], "missing_column", "category"),
        (["category", "petechiae"], "missing_column", "file_name"),
        (["file_name,category", "a.png,freckles"], "unknown_category", "freckles"),
        (["file_name,category", "a.png,"], "unknown_category", "line 2"),
        (["file_name,category", "gone.png,petechiae"], "missing_photo", "gone.png"),
        (["file_name,category", ",petechiae"], "missing_photo", "line 2"),
        (["file_name,category,split", "a.png,petechiae,training"], "unknown_split", "training"),
        (["file_name,category,body_site", "a.png,petechiae,knee"], "unknown_body_site", "knee"),
        (["file_name,category"], "no_photos", "photos.csv"),
        (
            ["file_name,category,group,split", "a.png,petechiae,anna,train", "b.png,purpura,anna,validation"],
            "group_in_two_splits",
            "anna",
        ),
    ],
)
def test_a_bad_manifest_is_refused_with_its_place(tmp_path: Path, lines: list[str], code: str, names: str) -> None:
    photo(tmp_path / "a.png")
    photo(tmp_path / "b.png")
    error = refusal(manifest(tmp_path, *lines))
    assert error.code == code
    assert names in str(error)


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "photos.csv"
    path.write_bytes(b"\xff\xfe\x00\x01binary\x00")
    assert refusal(path).code == "unreadable_manifest"


def test_nothing_there_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").code == "missing_manifest"
    assert refusal(tmp_path).code == "no_photos"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(KNOWN), st.integers(0, 15)), min_size=2, max_size=80),
    st.floats(0.1, 0.5),
    st.integers(0, 99),
)
def test_a_group_never_crosses_splits(rows: list[tuple[str, int]], share: float, seed: int) -> None:
    examples = [Example(Path(str(i)), category, str(group)) for i, (category, group) in enumerate(rows)]
    placed = assign_splits(examples, validation_share=share, seed=seed)
    assert [example.path for example in placed] == [example.path for example in examples]
    splits: dict[str, set[str | None]] = {}
    for example in placed:
        splits.setdefault(example.group, set()).add(example.split)
    assert all(len(found) == 1 for found in splits.values())
    assert {example.split for example in placed} <= {"train", "validation"}
    if len(splits) > 1:
        assert {example.split for example in placed} == {"train", "validation"}
    assert placed == assign_splits(examples, validation_share=share, seed=seed)


def test_a_split_that_is_given_stays() -> None:
    examples = [Example(Path(str(i)), "other", str(i), split="test" if i == 0 else None) for i in range(10)]
    assert assign_splits(examples, validation_share=0.2, seed=0)[0].split == "test"


def test_manifest_errors_are_input_errors() -> None:
    assert issubclass(ManifestError, InputError)
