"""Every file of data_manifests/ says what its README promises, and a bad one is refused with its key and the fix."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from model.errors import DatasetError
from training.data.catalogue import FOLDER, read_dataset, read_datasets
from training.data.schema import Columns, Dataset, Images, Label, Other, Table

DATASETS = {
    "dermacon_in",
    "ddi",
    "drawn",
    "fitzpatrick17k",
    "ham10000",
    "hiba",
    "isic_archive",
    "milk10k",
    "pad_ufes_20",
    "scin",
    "sd198",
    "wikimedia_commons",
}

GOOD = """
name = "small"
title = "A small dataset"
citation = "Nobody, 2026"
licence = "CC0"
licence_conditions = "None."
modality = "clinical"
obtain = "open"
traps = []

[images]
where = "column file"

[[table]]
file = "small.csv"
where = "nowhere"

[columns]
photo = ["file"]
label = ["label"]

[counts]
petechiae = { certain = 1, doubtful = 0 }

[other]
labels = "rest"
rule = "All else."

[[label]]
source = "Petechiae"
category = "petechiae"
status = "exact"
"""


def small(folder: Path, text: str = GOOD) -> Dataset:
    (folder / "small.toml").write_text(text, encoding="utf-8")
    return read_dataset("small", folder)


def test_every_dataset_has_its_manifest_and_its_line_in_the_readme() -> None:
    assert {dataset.name for dataset in read_datasets()} == DATASETS
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.toml\) ", readme, re.MULTILINE)) == DATASETS


def test_the_folder_holds_data_alone() -> None:
    assert {file.suffix for file in FOLDER.iterdir()} == {".md", ".toml"}


def test_the_readme_explains_every_field() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"`\[*([a-z_0-9]+)\]*`", readme))
    fields = {name for section in (Dataset, Table, Images, Columns, Other, Label) for name in section.model_fields}
    assert fields <= told, sorted(fields - told)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    dataset = small(tmp_path)
    assert dataset.label[0].source == "Petechiae"
    assert dataset.counts.petechiae is not None and dataset.counts.petechiae.certain == 1
    assert dataset.counts.purpura is None


@pytest.mark.parametrize(
    ("old", "new", "names"),
    [
        ('licence = "CC0"\n', "", ["'licence'", "required"]),
        ('licence = "CC0"', 'licenze = "CC0"', ["licen"]),
        ("[images]", "[images]\nwher = 'x'", ["images.wher", "did you mean 'where'"]),
        ('modality = "clinical"', 'modality = "x-ray"', ["modality", "clinical"]),
        ('category = "petechiae"', 'category = "measles"', ["label.1.category"]),
        ('status = "exact"', 'status = "doubtful"', ["label.1", "reason"]),
        ('where = "column file"', 'where = "x"\nurl = "http://x/{photo}"', ["images.url"]),
        ('where = "column file"', 'where = "x"\nurl = "https://x/photo"', ["images.url"]),
        ('where = "column file"', 'where = "x"\nlisted_by = "folder"', ["images.listed_by"]),
        ('file = "small.csv"', 'file = "../small.csv"', ["table.1.file"]),
        ('where = "nowhere"', 'where = "nowhere"\nsha256 = "12"', ["table.1.sha256"]),
        ('where = "nowhere"', 'where = "nowhere"\n[[table]]\nfile = "b.csv"\nwhere = "x"', ["columns.key"]),
        ("certain = 1", "certain = 0", ["counts.petechiae"]),
        ('labels = "rest"', 'labels = "listed"', ["other.labels"]),
        (
            'status = "exact"',
            'status = "exact"\n[[label]]\nsource = "Petechiae"\ncategory = "other"\nstatus = "exact"',
            ["twice"],
        ),
        ('name = "small"', 'name = "large"', ["'small'"]),
        ('name = "small"', "name = small", ["TOML"]),
    ],
)
def test_a_bad_file_is_refused_with_its_key(tmp_path: Path, old: str, new: str, names: list[str]) -> None:
    assert old in GOOD
    with pytest.raises(DatasetError, match=r"small\.toml") as raised:
        small(tmp_path, GOOD.replace(old, new, 1))
    assert raised.value.code == "bad_dataset"
    for name in names:
        assert name in str(raised.value)


def test_an_unknown_dataset_is_told_the_nearest_name() -> None:
    with pytest.raises(DatasetError, match="did you mean 'scin'") as raised:
        read_dataset("scinn")
    assert raised.value.code == "unknown_dataset"
    with pytest.raises(DatasetError, match="wikimedia_commons"):
        read_dataset("../../etc/passwd")


@pytest.mark.parametrize("name", sorted(DATASETS))
def test_a_manifest_reads_as_its_toml_says(name: str) -> None:
    told: dict[str, Any] = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    dataset = read_dataset(name)
    assert len(dataset.label) == len(told.get("label", []))
    assert [table.file for table in dataset.table] == [table["file"] for table in told.get("table", [])]
