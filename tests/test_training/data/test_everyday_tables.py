"""Tables, folders and exports as people have them: read whole with split and group, or refused in one sentence."""

from __future__ import annotations

import csv
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from model.errors import ManifestError
from model.system.files import place_new
from tests.support.everyday import LOCKED, PHOTOS, broken_tables, exports, tables, unlistable
from tests.support.official_tables import write_photos
from training.data.audit import COLUMNS, Finding
from training.data.croissant import croissant_path
from training.data.importing import KNOWN, import_photos
from training.data.manifest import read_manifest
from training.data.merge import merge_manifests
from training.data.photos import read_listed
from training.data.rows import write_cells
from training.data.screening import findings_table
from training.data.skin_tone import skin_band


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `PHOTOS`."""
    return write_photos(tmp_path_factory.mktemp("drawn"), list(PHOTOS))


def lay(drawn: Path, folder: Path, *names: str) -> Path:
    """Copy the first drawn photos to these names in a folder."""
    for number, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(drawn / f"{number % len(PHOTOS)}.png", folder / name)
    return folder


def imported(source: Path, out: Path, **options: list[str]) -> dict[str, tuple[str, str, str]]:
    """Return category, split and group by file name, as a manifest that was imported tells them."""
    import_photos(source, out, **options)
    with out.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
        rows = {row["file_name"]: (row["category"], row["split"], row["group"]) for row in csv.DictReader(file)}
    out.unlink()
    croissant_path(out).unlink()
    return rows


@pytest.mark.parametrize("way", tables())
def test_a_table_is_read_in_every_way_in_which_it_is_saved(drawn: Path, tmp_path: Path, way: str) -> None:
    lay(drawn, tmp_path / "images", *PHOTOS)
    table = tmp_path / "table.csv"
    table.write_bytes(tables()[way])
    wanted = {f"images/{name}": word for name, word in PHOTOS.items()}
    assert {
        one.path.relative_to(tmp_path).as_posix(): one.category for one in read_manifest(table, categories=KNOWN)
    } == wanted
    assert [row.cells["category"] for row in read_listed(table)] == list(PHOTOS.values())
    assert {name: row[0] for name, row in imported(table, tmp_path / "out.csv").items()} == wanted
    assert len(merge_manifests([table, table], tmp_path / "merged.csv").rows) == len(PHOTOS)


@pytest.mark.parametrize("way", broken_tables())
def test_a_table_that_cannot_be_read_is_one_sentence_with_its_file_and_line(
    drawn: Path, tmp_path: Path, way: str
) -> None:
    lay(drawn, tmp_path / "images", *PHOTOS)
    data, named = broken_tables()[way]
    (tmp_path / "table.csv").write_bytes(data)
    for read in (
        lambda table: read_manifest(table, categories=KNOWN),
        read_listed,
        lambda table: import_photos(table, tmp_path / "out.csv"),
        lambda table: merge_manifests([table, table], tmp_path / "out.csv"),
    ):
        with pytest.raises(ManifestError) as raised:
            read(tmp_path / "table.csv")
        sentence = str(raised.value)
        assert "table.csv" in sentence and named in sentence and sentence.endswith("."), sentence
    assert not (tmp_path / "out.csv").exists()


@pytest.mark.parametrize(
    ("tool", "whole"),
    # Some tools write a file per photo, of which one alone is no export.
    [(tool, whole) for tool, files in exports().items() for whole in (True, False) if whole or len(files) == 1],
)
def test_an_export_is_read_from_its_file_and_from_its_folder(
    drawn: Path, tmp_path: Path, tool: str, whole: bool
) -> None:
    folder = "img" if tool == "Supervisely" else "train" if any("/" in name for name in exports()[tool]) else "images"
    folder = "images" if any(name.startswith(("images/", "labels/")) for name in exports()[tool]) else folder
    lay(drawn, tmp_path / "set" / folder, *PHOTOS)
    for name, text in exports()[tool].items():
        (tmp_path / "set" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "set" / name).write_text(text, encoding="utf-8")
    source = tmp_path / "set" if whole else tmp_path / "set" / next(iter(exports()[tool]))
    found = imported(source, tmp_path / "out.csv")
    split = "train" if folder == "train" else ""
    wanted = {f"set/{folder}/{name}": (word, split) for name, word in PHOTOS.items()}
    assert {name: row[:2] for name, row in found.items()} == wanted


def test_folders_tell_split_category_and_person(drawn: Path, tmp_path: Path) -> None:
    for number, (names, wanted) in enumerate(
        (
            (
                ("train/petechiae/0.png", "valid/purpura/1.png"),
                {("petechiae", "train", ""), ("purpura", "validation", "")},
            ),
            (("petechiae/anna/0.png", "purpura/ben/1.png"), {("petechiae", "", "anna"), ("purpura", "", "ben")}),
            (("petechiae/images/0.png", "purpura/images/1.png"), {("petechiae", "", ""), ("purpura", "", "")}),
            (
                ("train/purpura/p1/0.png", "test/purpura/p2/1.png"),
                {("purpura", "train", "p1"), ("purpura", "test", "p2")},
            ),
        )
    ):
        folder = lay(drawn, tmp_path / str(number), *names)
        assert set(imported(folder, tmp_path / "out.csv").values()) == wanted, names
        listed = {(row.category, row.split, row.cells.get("group", "")) for row in read_listed(folder)}
        assert listed == wanted, names
    folder = lay(drawn, tmp_path / "deep", "export 3/images/petechiae/0.png", "export 3/images/train/purpura/1.png")
    assert {row[:2] for row in imported(folder, tmp_path / "out.csv").values()} == {
        ("petechiae", ""),
        ("purpura", "train"),
    }


def test_an_imagefolder_with_one_table_keeps_splits_and_takes_labels_from_folders(drawn: Path, tmp_path: Path) -> None:
    lay(drawn, tmp_path / "set", "train/petechiae/0.png", "test/purpura/1.png")
    rows = ["train/petechiae/0.png", "test/purpura/1.png"]
    for text in (
        "file_name,label\n" + "".join(f"{name},{name.split('/')[1]}\n" for name in rows),
        "file_name,age\n" + "".join(f"{name},50\n" for name in rows),
    ):
        (tmp_path / "set" / "metadata.csv").write_text(text, encoding="utf-8")
        found = imported(tmp_path / "set", tmp_path / "out.csv")
        assert {row[:2] for row in found.values()} == {("petechiae", "train"), ("purpura", "test")}
    (tmp_path / "set" / "metadata.csv").unlink()
    (tmp_path / "set" / "metadata.jsonl").write_text(
        "".join(json.dumps({"file_name": name, "label": "other"}) + "\n" for name in rows), encoding="utf-8"
    )
    assert {row[:2] for row in imported(tmp_path / "set", tmp_path / "out.csv").values()} == {
        ("other", "train"),
        ("other", "test"),
    }


def test_names_that_are_no_utf_8_come_through_every_command(drawn: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    lay(drawn, tmp_path / "set", f"petechiae/{name}", "purpura/1.png")
    assert f"set/petechiae/{name}" in imported(tmp_path / "set", tmp_path / "out.csv")
    import_photos(tmp_path / "set", tmp_path / "out.csv")
    assert {row.path.name for row in read_listed(tmp_path / "out.csv")} == {name, "1.png"}
    merged = merge_manifests([tmp_path / "out.csv", tmp_path / "out.csv"], tmp_path / "merged.csv")
    assert len(merged.rows) == 2
    assert len(read_manifest(tmp_path / "merged.csv", categories=KNOWN)) == 2
    findings = [Finding("copy", tmp_path / name, tmp_path / name, f"group {name}")]
    write_cells(tmp_path / "findings.csv", COLUMNS, [one.cells() for one in findings])
    for text in ((tmp_path / "findings.csv").read_text(encoding="utf-8"), findings_table(findings, tmp_path)):
        assert "caf\\xe9.png" in text and text.encode()


def test_categories_of_ones_own_are_imported(drawn: Path, tmp_path: Path) -> None:
    folder = lay(drawn, tmp_path / "set", "Insect bites/0.png", "Bites/1.png")
    found = imported(folder, tmp_path / "out.csv", categories=["insect_bites"], words=["Bites=insect_bites"])
    assert {row[0] for row in found.values()} == {"insect_bites"}


def test_skin_tones_and_body_sites_are_taken_as_public_tables_have_them(drawn: Path, tmp_path: Path) -> None:
    lay(drawn, tmp_path, *PHOTOS)
    for column, cell, band in (
        ("fitzpatrick_skin_type", "III", "fitzpatrick_3_4"),
        ("Fitzpatrick", "Type V", "fitzpatrick_5_6"),
        ("fitzpatrick_scale", "2.0", "fitzpatrick_1_2"),
        ("skin_tone", "34", "fitzpatrick_3_4"),
        ("skin_tone", "FST IV", "fitzpatrick_3_4"),
        ("monk_skin_tone", "8", "monk_7_10"),
        ("skin_type", "unknown", ""),
        ("skin_type", "9", ""),
    ):
        (tmp_path / "t.csv").write_text(
            f"image,dx,{column},localization,age,sex\n0.png,purpura,{cell},lower extremity,50,f\n"
        )
        row = import_photos(tmp_path / "t.csv", tmp_path / "out.csv").rows[0]
        assert skin_band(row.cells.get("skin_tone")) == band, (column, cell)
        assert (row.cells["body_site"], row.cells["body_site_as_told"], row.cells["age"]) == (
            "leg",
            "lower extremity",
            "50",
        )
        (one,) = read_manifest(tmp_path / "out.csv", categories=KNOWN)
        assert replace(one, path=one.path).body_site == "leg"
        (tmp_path / "out.csv").unlink()
        croissant_path(tmp_path / "out.csv").unlink()


def test_folders_of_categories_go_past_what_systems_put_there(
    drawn: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = lay(
        drawn, tmp_path / "set", "purpura/0.png", f"purpura/{LOCKED[0]}/1.png", "@eaDir/0.png", f"{LOCKED[1]}/1.png"
    )
    with unlistable(*LOCKED):
        assert [row.category for row in read_listed(folder)] == ["purpura"]
    assert "2 places that cannot be listed" in caplog.text
    with unlistable("set"), pytest.raises(ManifestError):
        read_listed(folder)


def test_a_complete_file_gets_its_name_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "part").write_text("whole")
    place_new(tmp_path / "part", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "whole"
    write_cells(tmp_path / "table.csv", ["a"], [{"a": "1"}])
    (tmp_path / "part").write_text("other")
    with pytest.raises(FileExistsError):
        place_new(tmp_path / "part", tmp_path / "file")
    assert (tmp_path / "file").read_text() == "whole"
