"""Every manifest of a public dataset says what data_manifests/README.md promises."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[1] / "data_manifests"
CATEGORIES = {"petechiae", "purpura", "cherry_angioma", "sun_rash"}
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
TEXTS = {"name", "title", "citation", "licence", "licence_conditions", "modality", "obtain"}
MODALITIES = {"clinical", "dermoscopic", "clinical and dermoscopic", "drawn"}


@pytest.fixture(params=sorted(DATASETS))
def manifest(request: pytest.FixtureRequest) -> dict[str, Any]:
    """The manifest of one dataset."""
    return tomllib.loads((FOLDER / f"{request.param}.toml").read_text(encoding="utf-8"))


def test_every_dataset_has_its_manifest_and_its_line_in_the_readme() -> None:
    assert {file.stem for file in FOLDER.glob("*.toml")} == DATASETS
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| \[(\w+)\]\(\1\.toml\) ", readme, re.MULTILINE)) == DATASETS


def test_the_folder_holds_data_alone() -> None:
    assert {file.suffix for file in FOLDER.iterdir()} == {".md", ".toml"}


def test_a_manifest_has_the_fields_of_the_readme_and_no_others(manifest: dict[str, Any]) -> None:
    tables = {"traps", "images", "counts", "other"}
    assert manifest.keys() >= TEXTS | tables
    assert manifest.keys() <= TEXTS | tables | {"homepage", "table", "columns", "label"}
    for field in TEXTS:
        assert manifest[field].strip(), field
    assert manifest["modality"] in MODALITIES
    assert manifest["obtain"] in {"open", "by_hand", "drawn"}
    assert manifest.get("homepage", "https://").startswith(("https://", "http://"))
    assert manifest["licence_conditions"].endswith(".")
    assert all(trap.endswith(".") for trap in manifest["traps"])


def test_a_manifest_is_named_like_its_file() -> None:
    for file in FOLDER.glob("*.toml"):
        assert tomllib.loads(file.read_text(encoding="utf-8"))["name"] == file.stem


def test_an_official_table_says_where_it_is_and_what_it_weighs(manifest: dict[str, Any]) -> None:
    for table in manifest.get("table", []):
        assert table.keys() == {"file", "where", "sha256", "checksum_of", "rows"}
        assert re.fullmatch(r"[0-9a-f]{64}", table["sha256"])
        assert table["checksum_of"] in {"official", "copy"}
        assert table["rows"] > 0
        assert table["where"]


def test_columns_are_those_of_an_official_table(manifest: dict[str, Any]) -> None:
    columns = manifest.get("columns", {})
    assert columns.keys() <= {"photo", "label", "group", "skin_tone"}
    assert ("photo" in columns) == ("table" in manifest)
    files = {table["file"] for table in manifest.get("table", [])}
    for column in columns.values():
        assert column.keys() == {"table", "names"}
        assert column["table"] in files
        assert column["names"] and all(column["names"])


def test_labels_map_to_known_categories_once_each(manifest: dict[str, Any]) -> None:
    labels = manifest.get("label", [])
    sources = [label["source"] for label in labels]
    assert len(sources) == len(set(sources))
    for label in labels:
        assert label.keys() >= {"source", "category", "status"}
        assert label.keys() <= {"source", "category", "status", "reason", "licence"}
        assert label["source"].strip() == label["source"] != ""
        assert label["category"] in CATEGORIES | {"other", "exclude"}
        assert label["status"] in {"exact", "doubtful"}


def test_every_doubt_has_its_reason(manifest: dict[str, Any]) -> None:
    for label in manifest.get("label", []):
        if label["status"] == "doubtful":
            assert label["reason"].endswith("."), label["source"]


def test_counts_and_the_rule_for_other_agree_with_the_labels(manifest: dict[str, Any]) -> None:
    categories = {label["category"] for label in manifest.get("label", [])}
    for category, count in manifest["counts"].items():
        assert category in CATEGORIES
        assert count.keys() == {"certain", "doubtful"}
        assert (sum(count.values()) > 0) == (category in categories), category
    other = manifest["other"]
    assert other.keys() == {"labels", "rule"}
    assert other["rule"].endswith(".")
    assert other["labels"] in {"rest", "listed", "none"}
    assert (other["labels"] == "listed") == ("other" in categories)
    assert manifest["images"]["where"]
    assert manifest["images"].get("count", 1) > 0
