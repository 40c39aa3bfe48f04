"""From official tables to a manifest: labels, groups, splits, and a description that others can read."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import mlcroissant
import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.categories import NOT_SKIN
from model.errors import DatasetError, OutputError, RedspotsError
from tests.support.official_tables import scin, write_fitzpatrick, write_milk, write_photos, write_scin, write_table
from training.data.catalogue import read_dataset
from training.data.croissant import croissant_path, write_croissant
from training.data.groups import join_groups
from training.data.manifest import SPLITS, read_manifest
from training.data.public.build import Build, build_manifest, build_rows
from training.data.rows import Row, write_rows
from training.data.splits import split_rows

KNOWN = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other", NOT_SKIN)


def by_name(build: Build) -> dict[str, Row]:
    return {Path(row.file_name).name: row for row in build.rows}


@pytest.fixture
def built(tmp_path: Path) -> Build:
    return build_rows(scin(), tables=write_scin(tmp_path / "tables"), photos=None)


def test_the_greatest_weight_names_the_category(built: Build) -> None:
    rows = by_name(built)
    assert {name: (row.category, row.certainty) for name, row in rows.items()} == {
        "a.png": ("petechiae", "exact"),
        "b.png": ("petechiae", "exact"),
        "c.png": ("purpura", "doubtful"),
        "d.png": ("sun_rash", "exact"),
        "e.png": ("sun_rash", "exact"),
        "h.png": ("other", "exact"),
        "i.png": ("other", "exact"),
    }


def test_what_is_left_out_is_counted_with_its_reason(built: Build) -> None:
    assert built.left_out == {
        "one of our labels is lower in its differential diagnosis": 1,
        "it has no label": 1,
        "its label is neither one of the categories nor `other`": 1,
        "its labels contradict each other": 2,
        "it is listed more than once": 1,
    }


def test_cases_that_share_a_photo_are_one_group(built: Build) -> None:
    rows = by_name(built)
    assert rows["h.png"].group == rows["i.png"].group == "scin:6"
    assert rows["a.png"].group == rows["b.png"].group == "scin:1"


def test_skin_tone_and_body_site_come_along(built: Build) -> None:
    rows = by_name(built)
    assert [rows[f"{name}.png"].skin_tone for name in "acd"] == ["monk 3", "fitzpatrick VI", "monk 10"]
    assert [rows[f"{name}.png"].body_site for name in "acdh"] == ["arm", "", "", "hand"]
    assert rows["a.png"].url == "https://storage.googleapis.com/dx-scin-public-data/dataset/images/a.png"


def test_a_table_of_another_checksum_is_a_note_where_only_a_copy_was_seen(built: Build) -> None:
    assert any("scin_cases.csv" in note and "SHA-256" in note for note in built.notes)


def test_the_folder_of_an_address_comes_before_the_label(tmp_path: Path) -> None:
    dataset = read_dataset("fitzpatrick17k")
    tables = write_fitzpatrick(tmp_path)
    with pytest.raises(DatasetError, match=r"fitzpatrick17k\.csv.*--accept-altered") as raised:
        build_rows(dataset, tables=tables, photos=None)
    assert raised.value.code == "altered_table"
    build = build_rows(dataset, tables=tables, photos=None, accept_altered=True)
    told = {name: (row.category, row.certainty, row.skin_tone) for name, row in by_name(build).items()}
    assert told == {
        "0a.jpg": ("sun_rash", "exact", "fitzpatrick III"),
        "0b.jpg": ("sun_rash", "doubtful", "fitzpatrick V"),
        "0d.jpg": ("purpura", "doubtful", "fitzpatrick VI"),
        "0e.JPG": ("other", "exact", "fitzpatrick I"),
    }
    assert build.left_out["the table gives no address"] == 1


def test_tables_are_joined_by_their_key_and_only_clinical_photos_serve_as_other(tmp_path: Path) -> None:
    build = build_rows(read_dataset("milk10k"), tables=write_milk(tmp_path), photos=None)
    told = {name: (row.category, row.modality, row.group) for name, row in by_name(build).items()}
    assert told == {
        "ISIC_1.jpg": ("cherry_angioma", "clinical", "milk10k:L1"),
        "ISIC_2.jpg": ("cherry_angioma", "dermoscopic", "milk10k:L1"),
        "ISIC_3.jpg": ("other", "clinical", "milk10k:L2"),
    }
    assert {row.licence for row in build.rows} == {"CC-BY-NC"}
    assert {row.skin_tone for row in build.rows} == {"milk10k 4"}


def test_a_dataset_that_is_a_folder_reads_its_subfolders(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "sd", ["Angioma/1.jpg", "Eczema/1.jpg", "Vitiligo/2.jpg"])
    out = tmp_path / "sd.csv"
    build = build_manifest(read_dataset("sd198"), out=out, tables=None, photos=photos)
    assert build.left_out == {"its label is not mapped": 1}
    examples = read_manifest(out, categories=KNOWN)
    assert {(example.path.parent.name, example.category) for example in examples} == {
        ("Angioma", "cherry_angioma"),
        ("Eczema", "other"),
    }


def test_photos_that_lie_here_are_found_by_name_and_the_missing_are_counted(tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", ["deep/a.png", "b.png", "h.png"])
    out = tmp_path / "manifest.csv"
    build = build_manifest(scin(), out=out, tables=write_scin(tmp_path / "tables"), photos=photos)
    assert build.left_out["it is not in the folder of photos"] == 4
    assert {example.path.name for example in read_manifest(out, categories=KNOWN)} == {"a.png", "b.png", "h.png"}
    assert {row.file_name for row in build.rows} == {"photos/deep/a.png", "photos/b.png", "photos/h.png"}


def test_fewer_of_other_are_kept_on_request_and_nothing_else_goes(tmp_path: Path) -> None:
    build = build_rows(scin(), tables=write_scin(tmp_path), photos=None, others=0)
    assert {row.category for row in build.rows} == {"petechiae", "purpura", "sun_rash"}
    assert build.left_out["enough of `other` are kept"] == 2


@pytest.mark.parametrize(
    "address", ["dataset/../../x.png", "..", "dataset/images/.hidden.png", "dataset/images/x y.png"]
)
def test_a_name_that_could_lead_out_of_the_folder_is_left_out(tmp_path: Path, address: str) -> None:
    tables = write_milk(tmp_path)
    for name in ("MILK10k_Training_Metadata.csv", "MILK10k_Training_Supplement.csv"):
        file = tables / name
        file.write_text(file.read_text(encoding="utf-8").replace("ISIC_1,", f"{address},"), encoding="utf-8")
    build = build_rows(read_dataset("milk10k"), tables=tables, photos=None)
    assert build.left_out["its name could lead out of the folder"] == 1
    assert len(build.rows) == 2


def test_a_missing_table_or_column_names_itself_and_the_fix(tmp_path: Path) -> None:
    cases: list[tuple[str, RedspotsError]] = []
    for name, folder in (("scin", tmp_path), ("scin", None), ("ddi", None), ("sd198", None)):
        with pytest.raises(DatasetError) as raised:
            build_rows(read_dataset(name), tables=folder, photos=None)
        cases.append((raised.value.code, raised.value))
    assert [code for code, _ in cases] == ["missing_table", "missing_table", "nothing_to_build", "nothing_to_build"]
    assert "https://storage.googleapis.com" in str(cases[0][1])
    write_table(tmp_path / "HAM10000_metadata.csv", [{"image_id": "ISIC_1", "dx": "vasc"}])
    with pytest.raises(DatasetError, match="'lesion_id'") as raised:
        build_rows(read_dataset("ham10000"), tables=tmp_path, photos=None)
    assert raised.value.code == "missing_column"
    write_table(
        tmp_path / "HAM10000_metadata.csv", [{"lesion_id": "1", "image_id": "x", "dx": "nv", "localization": "x"}]
    )
    with pytest.raises(DatasetError, match="No photo") as raised:
        build_manifest(read_dataset("ham10000"), out=tmp_path / "ham.csv", tables=tmp_path, photos=None)
    assert raised.value.code == "nothing_to_build"
    assert not (tmp_path / "ham.csv").exists()


@pytest.mark.filterwarnings("ignore:ConjunctiveGraph is deprecated:DeprecationWarning")
def test_mlcroissant_reads_the_manifest_by_its_description(tmp_path: Path) -> None:
    out = tmp_path / "scin.csv"
    build = build_manifest(scin(), out=out, tables=write_scin(tmp_path / "tables"), photos=None)
    dataset = mlcroissant.Dataset(jsonld=croissant_path(out))
    assert not dataset.metadata.issues.errors
    assert "2402.18545" in dataset.metadata.cite_as
    records = list(dataset.records("photos"))
    assert [record["photos/category"].decode() for record in records] == [row.category for row in build.rows]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    tables, out = write_scin(tmp_path / "tables"), tmp_path / "scin.csv"
    build = build_manifest(scin(), out=out, tables=tables, photos=None)
    before = out.read_bytes()
    with pytest.raises(OutputError, match="scin.csv") as raised:
        build_manifest(scin(), out=out, tables=tables, photos=None)
    assert raised.value.code == "exists"
    with pytest.raises(OutputError):
        write_rows(out, build.rows)
    with pytest.raises(OutputError):
        write_croissant(out, build.rows, [scin()], created=datetime.now(UTC))
    assert out.read_bytes() == before
    with pytest.raises(OutputError) as raised:
        write_rows(tmp_path / "no" / "scin.csv", build.rows)
    assert raised.value.code == "cannot_write"


groups = st.dictionaries(
    st.integers(0, 200),
    st.tuples(st.sampled_from(KNOWN[:5]), st.sampled_from(["exact", "exact", "doubtful"]), st.integers(1, 3)),
)


@given(groups, st.integers(0, 5))
def test_splits_keep_groups_whole_and_hold_every_category_where_counts_allow(
    groups: dict[int, tuple[str, str, int]], seed: int
) -> None:
    rows = [
        Row(f"{group}_{number}.jpg", category, str(group), certainty=certainty)
        for group, (category, certainty, size) in groups.items()
        for number in range(size)
    ]
    split = split_rows(rows, seed=seed)
    assert split == split_rows(split, seed=seed)
    assert [replace(row, split="") for row in split] == rows
    splits_of: dict[str, set[str]] = defaultdict(set)
    for row in split:
        splits_of[row.group].add(row.split)
        assert row.split == "train" or row.certainty == "exact"
    assert all(len(splits) == 1 for splits in splits_of.values())
    certain = Counter(category for category, certainty, _ in groups.values() if certainty == "exact")
    for category, count in certain.items():
        held = {row.split for row in split if row.category == category}
        assert held == set(SPLITS) if count >= 3 else held <= {"train"}


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9))))
def test_linked_groups_are_joined(links: list[tuple[int, int]]) -> None:
    joined = join_groups((f"g{one}", f"g{other}") for one, other in links)
    assert all(joined[f"g{one}"] == joined[f"g{other}"] for one, other in links)
    assert all(joined[name] <= name for name in joined)
    assert len(set(joined.values())) == sum(joined[name] == name for name in joined)
