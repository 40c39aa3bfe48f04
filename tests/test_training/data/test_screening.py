"""Photos before a training: what is refused, what is left out when asked, and what stays in one split."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.answers.words import Words
from model.errors import DatasetError, InputError, ManifestError
from tests.support.drawing import skin
from training.data.audit import SEVERE
from training.data.auxiliary import DATA, find_manifest, read_mixed
from training.data.manifest import Example
from training.data.screening import FINDINGS, Checked, findings_table, look_at_photos, settle
from training.rendering import draw

CATEGORIES = ("petechiae", "other")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos a to d, a copy of each, a look-alike of each, a dark one and a broken one."""
    folder = tmp_path_factory.mktemp("photos")
    for number, name in enumerate("abcd"):
        picture = Image.fromarray(draw("petechiae", seed=number, size=256).pixels)
        picture.save(folder / f"{name}.png")
        picture.save(folder / f"{name}_copy.png")
        picture.resize((300, 300)).save(folder / f"{name}_like.jpg", quality=70)
    Image.fromarray(skin() // 40).save(folder / "dark.png")
    (folder / "broken.jpg").write_bytes(b"nothing")
    return folder


def example(
    folder: Path, name: str, *, split: str | None = None, category: str = "petechiae", group: str = ""
) -> Example:
    return Example(folder / name, category, group or name, split)


def check(
    own: Sequence[Example],
    *,
    test: Sequence[Example] = (),
    mixed: Sequence[Example] = (),
    leave_out: Sequence[str] = (),
) -> Checked:
    looked = look_at_photos(own, test=test, mixed=mixed, workers=2)
    return settle(looked, leave_out=leave_out, where="photos.csv")


def names(examples: Sequence[Example]) -> list[str]:
    return [one.path.name for one in examples]


def test_what_may_be_left_out_is_what_can_be_found() -> None:
    reasons = set(Words.read().reasons) - {"low_score", "other", "unfamiliar", "no_finite_scores"}
    assert set(FINDINGS) == SEVERE | {"copy", "look_alike"} | reasons


def test_every_leak_is_refused_in_one_sentence_that_names_photos_and_the_fix(folder: Path) -> None:
    own = [
        example(folder, "a.png", split="train"),
        example(folder, "b.png", split="train", group="person"),
        example(folder, "c.png", split="train"),
        example(folder, "d.png"),
        example(folder, "d_copy.png", category="other"),
        example(folder, "broken.jpg"),
    ]
    test = [example(folder, "a_copy.png"), example(folder, "b_like.jpg", group="person"), example(folder, "c_like.jpg")]
    with pytest.raises(ManifestError) as caught:
        check(own, test=test)
    assert caught.value.code == "unfit_photos"
    told = str(caught.value)
    assert told.startswith("'photos.csv' would give wrong figures (") and told.endswith(".")
    for part in (
        f"cannot be read: 1, '{folder / 'broken.jpg'}'",
        f"the same photo in two splits: 1, '{folder / 'a.png'}' and '{folder / 'a_copy.png'}'",
        "photos that look alike in two splits: 2",
        "a group in two splits: 1",
        "the same photo with two categories: 1",
        "give both of a pair one split",
        "--leave-out unreadable --leave-out copy_in_two_splits --leave-out look_alike_in_two_splits",
    ):
        assert part in told


def test_what_is_left_out_never_leaves_a_leak(folder: Path) -> None:
    own = [
        example(folder, "a.png", split="train"),
        example(folder, "a_like.jpg", split="train"),
        example(folder, "b.png", split="validation"),
        example(folder, "c.png", split="train"),
        example(folder, "d.png"),
        example(folder, "d_copy.png", category="other"),
        example(folder, "broken.jpg"),
    ]
    test = [example(folder, "a_copy.png")]
    checked = check(own, test=test, leave_out=sorted(SEVERE))
    # The look-alike of the photo that tests goes with the copy, though no finding names both.
    assert names(checked.examples) == ["b.png", "c.png"]
    assert names(checked.test) == ["a_copy.png"]
    assert sum(checked.left_out.values()) == 5


def test_photos_that_look_alike_share_a_group_and_lesser_findings_go_on(folder: Path) -> None:
    own = [example(folder, name) for name in ("a.png", "a_copy.png", "a_like.jpg", "b.png", "dark.png")]
    checked = check(own)
    groups = {one.path.name: one.group for one in checked.examples}
    assert len(checked.examples) == 5
    assert groups["a.png"] == groups["a_copy.png"] == groups["a_like.jpg"]
    assert len(set(groups.values())) == 3
    assert names(check(own, leave_out=["copy", "look_alike", "too_dark"]).examples) == ["a.png", "b.png"]


def test_a_photo_listed_for_testing_in_both_places_is_no_leak(folder: Path) -> None:
    own = [example(folder, "a.png", split="train"), example(folder, "b.png", split="test")]
    checked = check(own, test=[example(folder, "b.png", split="test")])
    assert names(checked.examples) == ["a.png", "b.png"]


def test_others_photos_that_are_like_ones_own_or_broken_are_left_out(folder: Path) -> None:
    mixed = [
        Example(folder / name, category, group, "train", mixed=True)
        for name, category, group in (
            ("a_like.jpg", "petechiae", "x"),
            ("b_copy.png", "petechiae", "y"),
            ("c.png", "petechiae", "z"),
            ("c_copy.png", "other", "z"),
            ("d.png", "petechiae", "w"),
            ("dark.png", "petechiae", "person"),
            ("broken.jpg", "petechiae", "v"),
            ("a.png", "petechiae", "a.png"),
        )
    ]
    checked = check([example(folder, "a.png")], test=[example(folder, "b.png", group="person")], mixed=mixed)
    assert names(checked.examples) == ["a.png", "d.png"]
    assert sum(checked.left_out.values()) == 6


def test_an_unknown_finding_is_named(folder: Path) -> None:
    with pytest.raises(InputError, match="'blury' to leave out"):
        check([example(folder, "a.png")], leave_out=["blury"])


def test_the_table_names_photos_from_the_folder(folder: Path) -> None:
    looked = look_at_photos(
        [example(folder, "a.png"), example(folder, "a_copy.png"), example(folder, "broken.jpg")], workers=1
    )
    text = findings_table(looked.findings, folder)
    rows = list(csv.DictReader(text.splitlines()))
    assert [(row["finding"], row["photo"], row["other"]) for row in rows] == [
        ("unreadable", "broken.jpg", ""),
        ("copy", "a.png", "a_copy.png"),
    ]
    assert str(folder) not in text


def write_manifest(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("file_name", "category", "split", "licence", "source"), *rows])
    return path


def test_a_name_is_a_path_or_a_dataset_that_was_fetched_or_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATA, str(tmp_path / "data"))
    with pytest.raises(DatasetError, match="redspots data fetch scin") as caught:
        find_manifest("scin")
    assert caught.value.code == "not_here"
    built = write_manifest(tmp_path / "data" / "scin.csv", [])
    assert find_manifest("scin") == built
    fetched = write_manifest(tmp_path / "data" / "scin" / "manifest.csv", [])
    assert find_manifest("scin") == fetched
    assert find_manifest(str(built)) == built
    with pytest.raises(DatasetError, match="'scin'"):
        find_manifest("scinn")
    with pytest.raises(ManifestError, match=r"gone\.csv"):
        find_manifest("gone.csv")
    monkeypatch.delenv(DATA)
    monkeypatch.chdir(tmp_path)
    write_manifest(tmp_path / "public" / "ddi.csv", [])
    assert find_manifest("ddi") == Path("public/ddi.csv")


def test_what_others_keep_for_testing_never_trains_and_licences_are_kept(tmp_path: Path) -> None:
    for name in "abcd":
        Image.fromarray(np.full((64, 64, 3), 128, np.uint8)).save(tmp_path / f"{name}.png")
    manifest = write_manifest(
        tmp_path / "theirs.csv",
        [
            ("a.png", "petechiae", "validation", "CC BY 4.0", "scin"),
            ("b.png", "petechiae", "test", "CC BY 4.0", "scin"),
            ("c.png", "acne", "", "", ""),
            ("gone.png", "other", "", "", ""),
            ("d.png", "other", "", "", ""),
        ],
    )
    mixed = read_mixed(str(manifest), categories=CATEGORIES)
    told = [(one.path.name, one.split, one.licence, one.source, one.mixed) for one in mixed.examples]
    assert told == [
        ("a.png", "train", "CC BY 4.0", "scin", True),
        ("d.png", "train", "", "theirs", True),
    ]
    assert sum(mixed.left_out.values()) == 3
