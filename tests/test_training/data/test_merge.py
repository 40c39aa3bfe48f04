"""Several manifests as one: no photo twice, no group in two splits, no column lost; and how many photos there are."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from model.errors import InputError, ManifestError, OutputError
from tests.support.commands import redspots
from tests.test_app.cli.test_cli import refused
from tests.test_training.data.test_audit import photo
from training.data.manifest import read_manifest
from training.data.merge import merge_manifests
from training.data.photos import read_listed
from training.data.statistics import count_photos, plot_photos

HEADER = ("file_name", "category", "group", "split", "source", "skin_tone", "note")


def write(folder: Path, *rows: tuple[str, ...]) -> Path:
    folder.mkdir(exist_ok=True)
    with (folder / "photos.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADER, *rows])
    return folder / "photos.csv"


@pytest.fixture
def manifests(tmp_path: Path) -> list[Path]:
    one = write(
        tmp_path / "one",
        ("0.png", "petechiae", "a", "test", "x", "monk 2", "kept"),
        ("1.png", "purpura", "a", "test", "x", "", ""),
        ("2.png", "other", "b", "test", "", "fitzpatrick V", ""),
        ("gone.png", "other", "b", "test", "", "", ""),
    )
    two = write(
        tmp_path / "two",
        ("copy of 0.png", "petechiae", "p", "train", "", "", ""),
        ("3.png", "sun_rash", "p", "train", "", "", ""),
        ("copy of 2.png", "purpura", "q", "train", "", "", ""),
        ("near 1.jpg", "purpura", "a", "train", "", "", ""),
    )
    for number in range(3):
        photo(number).save(one.parent / f"{number}.png")
    photo(3).save(two.parent / "3.png")
    for number in (0, 2):
        (two.parent / f"copy of {number}.png").write_bytes((one.parent / f"{number}.png").read_bytes())
    photo(1).resize((200, 200)).save(two.parent / "near 1.jpg")
    return [one, two]


def test_copies_become_one_row_and_their_groups_one_group_that_trains(manifests: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    merged = merge_manifests(manifests, out)
    assert (tmp_path / "all.croissant.json").exists()
    known = ("petechiae", "purpura", "sun_rash")
    examples = {example.path.name: example for example in read_manifest(out, categories=known)}
    assert set(examples) == {"0.png", "1.png", "3.png", "near 1.jpg"}
    assert len({examples[name].group for name in ("0.png", "1.png", "3.png")}) == 1
    assert examples["near 1.jpg"].group != examples["0.png"].group, "group a of another source is another person"
    assert {example.split for example in examples.values()} == {"train"}
    assert merged.left_out["it is missing"] == merged.left_out["it is a copy of another"] == 1
    assert merged.left_out["its copies have different categories"] == 2
    assert merged.moved == 1
    cells = {row.path.name: row.cells for row in read_listed(out)}
    assert cells["0.png"]["note"] == "kept" and cells["0.png"]["skin_tone"] == "monk 2"


def test_look_alikes_are_joined_on_request(manifests: list[Path], tmp_path: Path) -> None:
    merge_manifests(manifests, tmp_path / "all.csv", join_near=True)
    groups = {row.path.name: row.group for row in read_listed(tmp_path / "all.csv")}
    assert groups["near 1.jpg"] == groups["1.png"]


def test_a_merge_needs_two_manifests_and_a_new_file(manifests: list[Path], tmp_path: Path) -> None:
    with pytest.raises(InputError) as one:
        merge_manifests(manifests[:1], tmp_path / "all.csv")
    assert one.value.code == "bad_option"
    with pytest.raises(ManifestError):
        merge_manifests([*manifests, tmp_path / "no.csv"], tmp_path / "all.csv")
    (tmp_path / "all.csv").write_text("mine")
    with pytest.raises(OutputError):
        merge_manifests(manifests, tmp_path / "all.csv")
    assert (tmp_path / "all.csv").read_text() == "mine"


def test_photos_are_counted_by_category_source_and_tone(manifests: list[Path], tmp_path: Path) -> None:
    counts = count_photos(read_listed(manifests[0]))
    assert counts.to_dict("index") == {
        ("other", "unknown"): {"fitzpatrick 5-6": 1, "monk 1-3": 0, "unknown": 1},
        ("petechiae", "x"): {"fitzpatrick 5-6": 0, "monk 1-3": 1, "unknown": 0},
        ("purpura", "x"): {"fitzpatrick 5-6": 0, "monk 1-3": 0, "unknown": 1},
    }
    plot_photos(counts, tmp_path / "stats.png")
    with Image.open(tmp_path / "stats.png") as picture:
        assert picture.format == "PNG"
        assert len(picture.convert("RGB").getcolors(1 << 24) or ()) > 10
    for name, code in (("stats.png", "exists"), ("stats.pdf", "unknown_format"), ("no/stats.png", "cannot_write")):
        with pytest.raises(OutputError) as raised:
            plot_photos(counts, tmp_path / name)
        assert raised.value.code == code


def test_the_commands_merge_and_count(manifests: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "all.csv"
    merged = redspots("data", "merge", *manifests, "--out", out)
    assert merged.returncode == 0, merged.stderr
    assert "left out: 2 because its copies have different categories" in merged.stdout
    refused(redspots("data", "merge", *manifests, "--out", out), 4, "all.csv")
    counted = redspots("data", "stats", out, "--plot", tmp_path / "stats.png")
    assert counted.returncode == 0, counted.stderr
    assert "petechiae" in counted.stdout and "monk 1-3" in counted.stdout
    assert (tmp_path / "stats.png").exists()
