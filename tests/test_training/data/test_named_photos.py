"""Photos with names: those that measure never train, names come from many sources' labels, groups stay whole."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from model.errors import ManifestError
from training.data.named_photos import NOT_STATED, read_named_photos
from training.recipes.pretrain import NameOptions

OPTIONS = NameOptions(least_photos=2, held_out_share=0)


def manifest(folder: Path, rows: Sequence[Mapping[str, str]], name: str = "photos.csv") -> Path:
    """Return a manifest of small photos, one per row."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(dict.fromkeys(column for row in rows for column in ("file_name", *row)))
    with (folder / name).open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns)
        table.writeheader()
        for number, row in enumerate(rows):
            photo = f"{Path(name).stem}_{number}.png"
            if not (folder / photo).exists():
                Image.fromarray(np.full((8, 8, 3), number % 256, np.uint8)).save(folder / photo)
            table.writerow({"file_name": photo, **row})
    return folder / name


def rows_of(*labels: str, **same: Any) -> list[dict[str, str]]:
    return [{"category": "other", "source_label": label, **same} for label in labels]


def test_spellings_of_two_sources_are_one_name_and_rare_ones_are_not_learnt(tmp_path: Path) -> None:
    first = manifest(tmp_path, rows_of("BCC", "psoriasis", "psoriasis", "rare thing"), "first.csv")
    second = manifest(tmp_path, [{"category": "other", "label": "Basal_Cell_Carcinoma", "terms": "open"}], "second.csv")
    photos = read_named_photos([first, second], OPTIONS, seed=1)
    assert photos.names == ("basal cell carcinoma", "psoriasis")
    assert photos.targets == [0, 1, 1, -1, 0]
    assert photos.terms == (*[NOT_STATED] * 4, "open")
    assert photos.rows("train") == [0, 1, 2, 3, 4]


def test_categories_that_are_names_are_not_split_by_their_captions_and_bleeding_is_one(tmp_path: Path) -> None:
    rows = [
        {"category": "petechiae", "source_label": "spots on a leg"},
        {"category": "purpura", "source_label": "vasculitis"},
        {"category": "cherry_angioma", "source_label": "Angioma"},
        {"category": "sun_rash", "source_label": "polymorphous-light-eruption"},
        {"category": "sun_rash", "source_label": "sunburn"},
        {"category": "not_skin", "source_label": "n01608432_kite"},
    ]
    path = manifest(tmp_path, rows)
    one = NameOptions(least_photos=1, held_out_share=0)
    assert [example.category for example in read_named_photos([path], one, seed=1).examples] == [
        *("bleeding", "bleeding", "cherry angioma", "polymorphous light eruption", "sunburn", "not skin")
    ]
    apart = one.model_copy(update={"joined": {}})
    assert read_named_photos([path], apart, seed=1).names[:3] == ("cherry angioma", "not skin", "petechiae")


@pytest.mark.parametrize("word", ["evaluate", " Evaluate", "EVALUATE "])
def test_photos_that_are_there_to_evaluate_are_refused(tmp_path: Path, word: str) -> None:
    rows = [*rows_of("a", "a", "b", "b", use="train"), *rows_of("a", use=word)]
    path = manifest(tmp_path, rows)
    with pytest.raises(ManifestError, match=r"1 chosen photos .* line 6 of .*--where use=train") as caught:
        read_named_photos([path], OPTIONS, seed=1)
    assert caught.value.code == "unfit_photos"
    assert len(read_named_photos([path], OPTIONS, where=["use=train"], seed=1).examples) == 4


def test_a_photo_of_a_group_that_evaluates_is_refused_though_its_own_row_trains(tmp_path: Path) -> None:
    rows = [*rows_of("a", "a", "b", "b", use="train", group="one"), *rows_of("a", use="evaluate", group="one")]
    with pytest.raises(ManifestError, match="share their group"):
        read_named_photos([manifest(tmp_path, rows)], OPTIONS, where=["use=train"], seed=1)


def test_a_photo_that_another_manifest_keeps_aside_is_refused(tmp_path: Path) -> None:
    rows = rows_of("a", "a", "b", "b", use="train", group="two")
    training = manifest(tmp_path, [*rows, {**rows[0], "file_name": "aside_0.png"}], "training.csv")
    own = rows_of("a", use="train", group="three")
    aside = manifest(tmp_path, [*rows_of("a", "b", use="evaluate", group="one"), *own], "aside.csv")
    with pytest.raises(ManifestError, match="the same as others that are there to evaluate"):
        read_named_photos([training, aside], OPTIONS, where=["use=train"], seed=1)


def test_a_copy_under_another_name_is_known_by_its_content(tmp_path: Path) -> None:
    rows = [*rows_of("a", "a", "b", "b", use="train", sha256="0f"), *rows_of("a", use="evaluate", sha256="0f")]
    with pytest.raises(ManifestError, match="the same as others that are there to evaluate"):
        read_named_photos([manifest(tmp_path, rows)], OPTIONS, where=["use=train"], seed=1)


def test_photos_for_testing_take_no_part(tmp_path: Path) -> None:
    rows = [*rows_of("a", "a", "b", "b"), *rows_of("a", "c", "c", split="test")]
    photos = read_named_photos([manifest(tmp_path, [{"split": "", **row} for row in rows])], OPTIONS, seed=1)
    assert photos.names == ("a", "b")
    assert len(photos.examples) == len(photos.terms) == 4


@given(st.lists(st.integers(0, 9), min_size=12, max_size=40), st.integers(0, 5))
def test_a_group_is_held_out_whole(tmp_path_factory: pytest.TempPathFactory, groups: list[int], seed: int) -> None:
    folder = tmp_path_factory.mktemp("groups")
    rows = [
        {"category": "other", "label": "ab"[number % 2], "group": str(group)} for number, group in enumerate(groups)
    ]
    options = NameOptions(least_photos=1, held_out_share=0.3)
    try:
        photos = read_named_photos([manifest(folder, rows)], options, seed=seed)
    except ManifestError as error:
        assert error.code == "too_few_photos"
        return
    splits: dict[str, set[str | None]] = {}
    for example in photos.examples:
        splits.setdefault(example.group, set()).add(example.split)
    assert all(len(split) == 1 for split in splits.values())


def test_one_name_is_too_few(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="2 are needed") as caught:
        read_named_photos([manifest(tmp_path, rows_of("a", "a", "b"))], OPTIONS, seed=1)
    assert caught.value.code == "too_few_photos"


def test_a_folder_per_name_serves_as_well(tmp_path: Path) -> None:
    for name in ("Psoriasis", "BCC"):
        manifest(tmp_path / name, rows_of(name, name))
        (tmp_path / name / "photos.csv").unlink()
    photos = read_named_photos([tmp_path], OPTIONS, seed=1)
    assert photos.names == ("basal cell carcinoma", "psoriasis")
