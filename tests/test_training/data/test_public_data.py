"""The README's way from an empty disk to a model on public data, walked on small tables and a server of our own."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from model.batch import score_photos
from model.classifier import Classifier
from tests.support.commands import redspots
from tests.support.official_tables import SCIN_CASES, Case, write_fitzpatrick, write_scin
from tests.support.photo_server import PhotoServer, serving
from tests.test_contract.test_documents import REDSPOTS
from training.data.catalogue import read_dataset
from training.data.photos import read_listed
from training.rendering import draw

RECIPE = """
version = "9.0.0"
seed = 1
categories = ["petechiae", "purpura", "cherry_angioma", "sun_rash"]

[drawn]
per_category = 3
validation_per_category = 2

[network]
backbone = "test_efficientnet"
size = 64
start = "random"

[fit]
epochs = 1
batch_size = 8
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 0
"""

FURTHER: tuple[Case, ...] = tuple(
    (f"1{word}{number}", [f"{word}{number}.png"], ["leg"], {word: 1.0}, "4", "")
    for word in ("Purpura", "Acne")
    for number in range(4)
)
"""Enough of two categories for all three splits."""


def photo(seed: int) -> bytes:
    file = BytesIO()
    Image.fromarray(draw("purpura", seed=seed, size=160).pixels).save(file, "PNG")
    return file.getvalue()


def fill(server: PhotoServer, folder: Path) -> None:
    """Serve the tables and photos of both datasets where their owners serve them."""
    write_scin(folder, FURTHER)
    write_fitzpatrick(folder)
    for dataset in map(read_dataset, ("scin", "fitzpatrick17k")):
        for table in dataset.table:
            assert table.url
            server.photo("/" + table.url.split("/", 3)[3], (folder / table.file).read_bytes())
    names = [name for _, images, *_ in (*SCIN_CASES, *FURTHER) for name in images if name]
    for number, name in enumerate(dict.fromkeys(names)):
        server.photo(f"/dx-scin-public-data/dataset/images/{name}", photo(number))
    atlas = ("p/phytophotodermatitis/1.jpg", "p/purpura-pigmentosa-chronica/1.jpg", "a/acne/1.JPG")
    for number, path in enumerate(atlas):
        server.photo(f"/site/images/clinical-pic/{path}", photo(100 + number))


@pytest.mark.slow
def test_the_commands_of_the_readme_lead_from_an_empty_disk_to_a_model(tmp_path: Path) -> None:
    told = [command for command in REDSPOTS if any("public" in word for word in command) and command[1] != "build"]
    assert [command[0] if command[0] == "train" else command[1] for command in told] == [
        *("fetch", "fetch", "merge", "check", "stats"),
        "train",
    ]
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPE, encoding="utf-8")
    with serving() as server:
        fill(server, tmp_path / "tables")
        further = {
            # The hand-written table is not the official one.
            "fetch": ["--mirror", server.url, "--per-second", "1000", "--accept-altered"],
            "train": ["--recipe", str(recipe)],
        }
        for command in told:
            name = command[0] if command[0] == "train" else command[1]
            words = [word.replace("public", f"{tmp_path}/public", 1) if "public" in word else word for word in command]
            result = redspots(*words, *further.get(name, []))
            # One address of the atlas is dead: a row in a report, not a stop.
            dead = "fitzpatrick17k" in command
            assert result.returncode == (1 if dead else 0), f"{command}: {result.stderr}{result.stdout}"
    rows = read_listed(tmp_path / "public" / "photos.csv")
    assert len(rows) == 10 + len(FURTHER)
    assert {row.cells["source"] for row in rows} == {"scin", "fitzpatrick17k"}
    assert all(row.cells["licence"] for row in rows)
    classifier = Classifier.load(tmp_path / "public_model")
    assert classifier.card.version == "9.0.0"
    assert {row.split for row in rows} == {"train", "validation", "test"}
    (outcome,) = score_photos(classifier, [rows[0].path])
    assert outcome.prediction is not None
