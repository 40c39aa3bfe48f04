"""Small hand-written tables with the columns of the official ones, and the photos that they name."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from tests.support.drawing import skin
from training.data.catalogue import read_dataset
from training.data.schema import Dataset

Case = tuple[str, list[str], list[str], dict[str, float], str, str]

SCIN_CASES: tuple[Case, ...] = (
    # case, images, body sites, weights by label, Monk tone, Fitzpatrick type
    ("1", ["a.png", "b.png"], ["arm"], {"Petechiae": 0.8, "Eczema": 0.2}, "3", "FST2"),
    ("2", ["c.png"], ["leg", "arm"], {"Purpura": 0.4, "Eczema": 0.4, "Acne": 0.2}, "", "FST6"),
    ("3", ["d.png", "", "e.png"], ["head_or_neck"], {"Sunburn": 1.0}, "10", ""),
    ("4", ["f.png"], [], {"Eczema": 0.7, "Petechiae": 0.3}, "1", ""),
    ("5", ["g.png"], ["palm"], {}, "", ""),
    ("6", ["h.png"], ["palm", "back_of_hand"], {"Eczema": 1.0}, "2", ""),
    ("7", ["h.png", "i.png"], ["leg"], {"Acne": 1.0}, "2", ""),
    ("8", ["j.png"], ["leg"], {"Tufted angioma of skin": 1.0}, "2", ""),
    ("9", ["k.png"], ["leg"], {"Purpura": 1.0}, "2", ""),
    ("10", ["k.png"], ["leg"], {"Acne": 1.0}, "2", ""),
)


def write_table(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write a CSV table; a cell that a row lacks is empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)), restval="")
        table.writeheader()
        table.writerows(rows)


def write_scin(folder: Path, further: Sequence[Case] = ()) -> Path:
    """Return a folder with the two tables of SCIN for ten cases and further ones."""
    dataset = read_dataset("scin")
    assert dataset.columns and dataset.body_site
    empty = dict.fromkeys((*dataset.columns.photo, *dataset.body_site.columns), "")
    cases = []
    for case, images, sites, *_ in (*SCIN_CASES, *further):
        row = {"case_id": case, **empty}
        row |= {f"image_{n}_path": f"dataset/images/{name}" for n, name in enumerate(images, 1) if name}
        cases.append(row | {f"body_parts_{site}": "YES" for site in sites})
    write_table(folder / "scin_cases.csv", cases)
    write_table(
        folder / "scin_labels.csv",
        [
            {
                "case_id": case,
                "weighted_skin_condition_label": repr(weights),
                "monk_skin_tone_label_us": monk,
                "monk_skin_tone_label_india": "",
                "dermatologist_fitzpatrick_skin_type_label_1": fitzpatrick,
            }
            for case, _, _, weights, monk, fitzpatrick in (*SCIN_CASES, *further)
        ],
    )
    return folder


def write_fitzpatrick(folder: Path) -> Path:
    """Return a folder with the table of Fitzpatrick17k for photos whose folders contradict their labels."""
    atlas = "https://www.dermaamin.com/site/images/clinical-pic"
    rows = [
        ("0a", "photodermatoses", f"{atlas}/p/phytophotodermatitis/1.jpg", "3", "4"),
        ("0b", "photodermatoses", "http://atlasdermatologico.com.br/img?imageId=1", "-1", "5"),
        ("0c", "sun damaged skin", f"{atlas}/i/ice_burn/1.jpg", "-1", "-1"),
        ("0d", "urticaria pigmentosa", f"{atlas}/p/purpura-pigmentosa-chronica/1.jpg", "6", "6"),
        ("0e", "acne", f"{atlas}/a/acne/1.JPG", "1", "1"),
        ("0f", "acne", "", "1", "1"),
    ]
    names = ("md5hash", "label", "url", "fitzpatrick_scale", "fitzpatrick_centaur")
    write_table(folder / "fitzpatrick17k.csv", [dict(zip(names, row, strict=True)) for row in rows])
    return folder


def write_milk(folder: Path) -> Path:
    """Return a folder with the tables of MILK10k for two lesions, each clinical and dermoscopic."""
    pairs = (("ISIC_1", "L1"), ("ISIC_2", "L1"), ("ISIC_3", "L2"), ("ISIC_4", "L2"))
    write_table(
        folder / "MILK10k_Training_Metadata.csv",
        [
            {
                "lesion_id": lesion,
                "image_type": "dermoscopic" if number % 2 else "clinical: close-up",
                "isic_id": photo,
                "copyright_license": "CC-BY-NC",
                "skin_tone_class": "4",
                "site": "trunk",
            }
            for number, (photo, lesion) in enumerate(pairs)
        ],
    )
    names = {"L1": "Hemangioma", "L2": "Basal cell carcinoma"}
    write_table(
        folder / "MILK10k_Training_Supplement.csv",
        # In another order than the metadata: they belong together by isic_id.
        [{"isic_id": photo, "diagnosis_full": names[lesion]} for photo, lesion in reversed(pairs)],
    )
    return folder


def write_photos(folder: Path, names: Sequence[str]) -> Path:
    """Return a folder of drawn photos of those names, no two alike."""
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(skin(seed=number)).save(path)
    return folder


def scin() -> Dataset:
    """Return what data_manifests/ says of SCIN."""
    return read_dataset("scin")
