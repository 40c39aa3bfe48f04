"""One's own photos from what other tools write: what maps is taken, the rest is counted, nothing is guessed."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from model.errors import InputError, ManifestError, OutputError
from tests.support.commands import redspots
from tests.support.official_tables import write_photos
from tests.test_app.cli.test_cli import refused
from training.data.croissant import croissant_path
from training.data.importing import KNOWN, import_photos
from training.data.manifest import read_manifest

Told = set[tuple[str, str, str | None]]


def told(out: Path) -> Told:
    """Return file name, category and split of a manifest, as training reads it."""
    return {(one.path.name, one.category, one.split) for one in read_manifest(out, categories=KNOWN)}


def test_a_folder_per_category_with_and_without_splits(tmp_path: Path) -> None:
    plain = write_photos(tmp_path / "plain", ["Petechiae/0.png", "cherry-angioma/1.png", "Unknown thing/2.png"])
    imported = import_photos(plain, tmp_path / "plain.csv")
    assert told(tmp_path / "plain.csv") == {("0.png", "petechiae", None), ("1.png", "cherry_angioma", None)}
    assert imported.left_out == {"its label 'Unknown thing' is not mapped": 1}
    assert imported.format == "folder per category"
    split = write_photos(tmp_path / "split", ["train/purpura/0.png", "val/purpura/1.png", "test/other/2.png"])
    import_photos(split, tmp_path / "split.csv")
    assert {one[2] for one in told(tmp_path / "split.csv")} == {"train", "validation", "test"}


def test_a_csv_with_words_of_its_own_loses_no_column(tmp_path: Path) -> None:
    write_photos(tmp_path / "photos", ["0.png", "1.png"])
    table = tmp_path / "mine.csv"
    table.write_text(
        "image,diagnosis,patient_id,body_site,colour\n"
        "photos/0.png,Ecchymosis,P1,left knee,red\nphotos/1.png,Sunburn,P1,arm,\nphotos/9.png,Sunburn,P2,,\n",
        encoding="utf-8",
    )
    imported = import_photos(table, tmp_path / "out.csv", words=["Ecchymosis=purpura"])
    assert told(tmp_path / "out.csv") == {("0.png", "purpura", None), ("1.png", "sun_rash", None)}
    assert imported.words == {("Ecchymosis", "purpura"): 1, ("Sunburn", "sun_rash"): 1}
    assert imported.left_out == {"its file is missing": 1}
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert first["colour"] == "red" and first["group"] == second["group"] == "P1"
    assert (first["body_site"], first["body_site_as_told"], second["body_site"]) == ("", "left knee", "arm")
    assert croissant_path(tmp_path / "out.csv").exists()


def test_categories_of_ones_own_are_taken_once_they_are_named(tmp_path: Path) -> None:
    folder = write_photos(tmp_path / "mine", ["insect_bites/0.png", "Bites/1.png", "purpura/2.png"])
    with pytest.raises(InputError, match="Bites=insect_bites.*--category"):
        import_photos(folder, tmp_path / "out.csv", words=["Bites=insect_bites"])
    import_photos(folder, tmp_path / "out.csv", words=["Bites=insect_bites"], categories=["insect_bites"])
    read = read_manifest(tmp_path / "out.csv", categories=(*KNOWN, "insect_bites"))
    assert sorted(one.category for one in read) == ["insect_bites", "insect_bites", "purpura"]
    for name in ("Insect bites", "other", "not_sure", ""):
        with pytest.raises(InputError, match="cannot be a category"):
            import_photos(folder, tmp_path / "again.csv", categories=[name])


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_an_imagefolder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "data"
    for split, photo in (("train", "0.png"), ("test", "1.png")):
        write_photos(folder / split, [photo])
        rows = [{"file_name": photo, "label": "purpura", "skin_tone": "monk 7"}]
        text = "file_name,label,skin_tone\n" + f"{photo},purpura,monk 7\n"
        if name.endswith(".jsonl"):
            text = "".join(json.dumps(row) + "\n" for row in rows)
        (folder / split / name).write_text(text, encoding="utf-8")
    assert import_photos(folder, tmp_path / "out.csv").format == "Hugging Face imagefolder"
    assert told(tmp_path / "out.csv") == {("0.png", "purpura", "train"), ("1.png", "purpura", "test")}
    assert {one.skin_tone for one in read_manifest(tmp_path / "out.csv", categories=KNOWN)} == {"monk 7"}


def test_coco(tmp_path: Path) -> None:
    write_photos(tmp_path / "images", ["0.png", "1.png", "2.png"])
    coco = {
        "images": [{"id": number, "file_name": f"{number}.png"} for number in range(3)],
        "categories": [{"id": 1, "name": "Petechiae"}, {"id": 2, "name": "purpura"}],
        "annotations": [
            {"id": 1, "image_id": 0, "category_id": 1},
            {"id": 2, "image_id": 0, "category_id": 1},
            {"id": 3, "image_id": 1, "category_id": 1},
            {"id": 4, "image_id": 1, "category_id": 2},
        ],
    }
    (tmp_path / "coco.json").write_text(json.dumps(coco))
    imported = import_photos(tmp_path / "coco.json", tmp_path / "out.csv")
    assert told(tmp_path / "out.csv") == {("0.png", "petechiae", None)}
    assert imported.left_out == {"its labels are of several categories": 1, "it has no label": 1}


def test_a_name_that_fits_several_files_is_not_guessed(tmp_path: Path) -> None:
    write_photos(tmp_path, ["one/0.png", "two/0.png", "two/1.png"])
    table = tmp_path / "mine.csv"
    table.write_text("image,label\n0.png,purpura\n1.png,purpura\n", encoding="utf-8")
    imported = import_photos(table, tmp_path / "out.csv")
    assert told(tmp_path / "out.csv") == {("1.png", "purpura", None)}
    assert imported.left_out == {"its name fits several files": 1}


def test_label_studio(tmp_path: Path) -> None:
    write_photos(tmp_path / "upload", ["0.png", "1.png", "2.png", "3.png"])

    def choice(*words: str, cancelled: bool = False) -> dict[str, object]:
        return {"was_cancelled": cancelled, "result": [{"value": {"choices": list(words)}}]}

    tasks = [
        {"data": {"image": "/data/upload/0.png", "patient_id": "P1"}, "annotations": [choice("Purpura")]},
        {"data": {"image": "/data/local-files/?d=upload/1.png"}, "annotations": [choice("Purpura"), choice("Other")]},
        {"data": {"image": "/data/upload/2.png"}, "annotations": [choice("Purpura", cancelled=True)]},
        {
            "data": {"image": "http://localhost:8080/data/upload/3.png"},
            "annotations": [{"result": [{"value": {"rectanglelabels": ["Petechiae"]}}]}],
        },
    ]
    (tmp_path / "tasks.json").write_text(json.dumps(tasks))
    imported = import_photos(tmp_path / "tasks.json", tmp_path / "out.csv")
    assert told(tmp_path / "out.csv") == {("0.png", "purpura", None), ("3.png", "petechiae", None)}
    assert imported.left_out == {"its labels are of several categories": 1, "it has no label": 1}
    assert {row.cells["file_name"]: row.group for row in imported.rows}["upload/0.png"] == "P1"


@pytest.mark.parametrize(
    "text", ["nothing", '{"images": []}', '{"images": [{}], "annotations": [], "categories": []}', '[{"data": 3}]']
)
def test_json_of_no_known_format_is_one_sentence(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(ManifestError, match=r"x\.json") as raised:
        import_photos(tmp_path / "x.json", tmp_path / "out.csv")
    assert raised.value.code == "unreadable_manifest"


def test_mistakes_name_themselves_and_write_nothing(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", ["Eczema/0.png"])
    out = tmp_path / "out.csv"
    with pytest.raises(ManifestError, match="'Eczema' is not mapped") as none:
        import_photos(photos, out)
    assert none.value.code == "no_photos"
    with pytest.raises(InputError, match="Eczema=rash") as option:
        import_photos(photos, out, words=["Eczema=rash"])
    assert option.value.code == "bad_option"
    with pytest.raises(ManifestError):
        import_photos(tmp_path / "gone", out)
    assert not out.exists()
    out.write_text("mine")
    with pytest.raises(OutputError):
        import_photos(photos, out, words=["Eczema=other"])
    assert out.read_text() == "mine"


def test_the_command_says_what_it_did(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", ["purpura/0.png", "Eczema/1.png", "Naevus/2.png"])
    command = ["data", "import", photos, "--out", tmp_path / "out.csv", "--map", "Eczema=other"]
    result = redspots(*command)
    assert result.returncode == 0, result.stderr
    text = " ".join(result.stdout.split())
    for said in (
        "mapped: 1 of 'Eczema' are other",
        "left out: 1 because its label 'Naevus' is not mapped",
        "own group",
    ):
        assert said in text
    refused(redspots(*command), 4, "out.csv")
