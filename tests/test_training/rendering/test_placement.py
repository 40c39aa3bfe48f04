"""Canvases: described by a table that knows them by what is in the file, and weighed softly."""

from pathlib import Path

import numpy as np
import pytest

from model.card import sha256_of
from model.errors import ManifestError
from training.data.manifest import BODY_SITES, Example
from training.recipes import RECIPES, read_recipe
from training.rendering.placement import chances_of, describe_canvases

CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash")


def photo(folder: Path, name: str, site: str | None = None) -> Example:
    path = folder / name
    path.write_bytes(name.encode())
    return Example(path, "other", name, body_site=site)


def test_a_table_names_the_site_of_a_photo_that_has_none(tmp_path: Path) -> None:
    photos = [photo(tmp_path, "a"), photo(tmp_path, "b", "hand"), photo(tmp_path, "c")]
    table = tmp_path / "sites.csv"
    rows = [f"{sha256_of(one.path)},leg,{calm}" for one, calm in zip(photos[:2], ("yes", ""), strict=True)]
    table.write_text("\n".join(["sha256,body_site,calm", *rows]), encoding="utf-8")
    described = describe_canvases(photos, table)
    assert [(one.body_site, one.calm) for one in described] == [("leg", True), ("hand", False), (None, False)]


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        (None, "unreadable_manifest", "sites.csv"),
        ("sha256,site\nab,leg", "unreadable_manifest", "calm"),
        ("sha256,body_site,calm\nab,knee,", "unknown_body_site", "knee"),
    ],
)
def test_a_wrong_table_is_told_with_the_fix(tmp_path: Path, text: str | None, code: str, named: str) -> None:
    table = tmp_path / "sites.csv"
    if text is not None:
        table.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError, match=named) as raised:
        describe_canvases([], table)
    assert raised.value.code == code


@pytest.mark.parametrize("category", CATEGORIES)
def test_no_site_is_impossible_and_none_names_its_category(tmp_path: Path, category: str) -> None:
    photos = [Example(tmp_path, "other", site, body_site=site) for site in BODY_SITES]
    chances = chances_of(category, photos) / chances_of("other", photos)
    assert chances.sum() == pytest.approx(len(BODY_SITES))
    assert chances.min() > 0.02
    assert chances.max() < 6


def test_sites_matter_to_categories_and_not_to_other(tmp_path: Path) -> None:
    photos = [Example(tmp_path, "other", site, body_site=site) for site in (None, "leg", "nail")]
    np.testing.assert_allclose(chances_of("other", photos), 1 / 3)
    unknown, leg, nail = chances_of("purpura", photos)
    assert leg > unknown > nail


def test_calm_skin_serves_more_often(tmp_path: Path) -> None:
    photos = [Example(tmp_path, "other", str(calm), calm=calm) for calm in (False, True)]
    for category in (*CATEGORIES, "other"):
        usual, calm = chances_of(category, photos)
        assert calm > 1.5 * usual


def test_every_table_that_a_recipe_names_lies_beside_it(tmp_path: Path) -> None:
    # A recipe of `redspots pretrain` draws nothing.
    recipes = [path for path in RECIPES.glob("*.toml") if 'stage = "pretrain"' not in path.read_text(encoding="utf-8")]
    named = [read_recipe(path).drawn.canvases for path in recipes]
    tables = [RECIPES / name for name in named if name]
    assert tables
    for table in tables:
        describe_canvases([photo(tmp_path, "a")], table)
