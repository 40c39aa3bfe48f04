"""`redspots data` as people run it: exit codes, one sentence for each mistake, nothing overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import redspots
from tests.support.official_tables import write_scin
from tests.test_app.cli.test_cli import refused
from training.data.catalogue import read_datasets


def test_the_list_names_every_dataset_with_its_licence() -> None:
    result = redspots("data", "list")
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    for dataset in read_datasets():
        assert dataset.name in text
        assert dataset.licence in text
    assert "74+213" in text


def test_a_dataset_is_shown_with_its_licence_traps_and_labels() -> None:
    result = redspots("data", "show", "scin")
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    for told in ("identifying anyone is forbidden", "scin_cases.csv", "cases that share an image", "Contact purpura"):
        assert told in text
    # Square brackets are no markup.
    assert "[berloque dermatitis]" in text


def test_a_manifest_is_built_once(tmp_path: Path) -> None:
    tables, out = write_scin(tmp_path / "tables"), tmp_path / "scin.csv"
    command = ["data", "build", "scin", "--tables", str(tables), "--out", str(out)]
    result = redspots(*command)
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    assert "7 photos in" in text
    assert "left out: 2 because its labels contradict each other" in text
    assert "identifying anyone is forbidden" in text
    assert out.exists() and (tmp_path / "scin.croissant.json").exists()
    refused(redspots(*command), 4, "scin.csv")


@pytest.mark.parametrize(
    ("arguments", "status", "name"),
    [
        (["show", "scinn"], 2, "'scin'"),
        (["build", "scin", "--out", "{folder}/x.csv"], 2, "scin_cases.csv"),
        (["build", "scin", "--out", "{folder}/x.csv", "--tables", "{folder}"], 2, "storage.googleapis.com"),
        (["build", "ddi", "--out", "{folder}/x.csv"], 2, "'ddi'"),
    ],
)
def test_a_mistake_gets_one_sentence(arguments: list[str], status: int, name: str, tmp_path: Path) -> None:
    refused(redspots("data", *(argument.format(folder=tmp_path) for argument in arguments)), status, name)
    assert list(tmp_path.iterdir()) == []
