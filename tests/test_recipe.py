"""Recipes: every shipped one is valid, and a slip in one is named with the nearest right key."""

from pathlib import Path

import pytest

from model.errors import RecipeError
from training.recipe import RECIPES, read_recipe

MINIMAL = """
version = "1.0.0"
seed = 1
categories = ["petechiae"]
[network]
backbone = "test_efficientnet"
[fit]
epochs = 1
learning_rate = 0.1
backbone_learning_rate = 0.1
"""


def refusal(path: Path, text: str) -> RecipeError:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read_recipe(path)
    assert str(path) in str(caught.value)
    return caught.value


@pytest.mark.parametrize("path", sorted(RECIPES.glob("*.toml")), ids=lambda path: path.name)
def test_every_shipped_recipe_is_valid(path: Path) -> None:
    assert read_recipe(path).categories == ("petechiae", "purpura", "cherry_angioma", "sun_rash")


def test_a_minimal_recipe_takes_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(MINIMAL)
    assert read_recipe(path).fit.batch_size == 32


def test_an_unknown_key_gets_the_nearest_right_name(tmp_path: Path) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL + "batchsize = 3\n")
    assert error.code == "unknown_key"
    assert "'batch_size'" in str(error)


@pytest.mark.parametrize("line", ["batch_size = 0", "batch_size = 'many'", "label_smoothing = 1.5", "precision = '8'"])
def test_a_value_out_of_range_is_refused(tmp_path: Path, line: str) -> None:
    assert refusal(tmp_path / "recipe.toml", MINIMAL + line).code == "bad_value"


def test_a_missing_key_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL.replace("epochs = 1", ""))
    assert error.code == "bad_value"
    assert "fit.epochs" in str(error)


def test_what_is_no_toml_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "recipe.toml", "= 1").code == "unreadable_recipe"


def test_a_missing_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as caught:
        read_recipe(tmp_path / "gone.toml")
    assert caught.value.code == "missing_recipe"
