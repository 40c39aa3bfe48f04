"""Recipes: every shipped one is valid, and a slip in one is named with the nearest right key."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from model.errors import RecipeError
from tests.support.commands import redspots
from tests.test_app.cli.test_cli import refused
from training.recipes import RECIPES, Recipe, read_recipe
from training.recipes.hardware import Machine, this_machine
from training.recipes.keys import recipe_keys
from training.recipes.pretrain import PRETRAIN, PretrainRecipe, read_any_recipe, read_pretrain_recipe

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
    recipe = read_any_recipe(path)
    assert read_any_recipe(Path(path.stem)) == recipe, "its name serves as well"
    if isinstance(recipe, Recipe):
        assert recipe.categories == ("petechiae", "purpura", "cherry_angioma", "sun_rash")


def test_a_recipe_of_the_other_stage_is_told_as_such(tmp_path: Path) -> None:
    error = refusal(tmp_path / "recipe.toml", PRETRAIN.read_text(encoding="utf-8"))
    assert "is a recipe of `redspots pretrain`" in str(error)
    path = tmp_path / "train.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    with pytest.raises(RecipeError, match="is a recipe of `redspots train`"):
        read_pretrain_recipe(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[fit]", "[fit]\nepoch = 3", "did you mean 'fit.epochs'?"),
        ("cutmix = 1.0", "cutmix = -1.0", "'fit.mix.cutmix' is -1.0; it must be a number from 0."),
        ("[teacher]", "[views]\nscale = [0.9, 0.5]\n[teacher]", "put the smaller one first"),
        ("[teacher]", "[views]\nscale = 0.5\n[teacher]", "'views.scale' is 0.5; it must be a list of two numbers."),
        ("weight = 2.0", "consistent = 'yes'", "'teacher.consistent' is 'yes'; it must be true or false."),
        ("drop_path = 0.1", "smallest_size = 0.5", "'tuning.smallest_size' must be 1"),
    ],
)
def test_a_slip_in_a_recipe_for_pretraining_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "recipe.toml"
    text = PRETRAIN.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(RecipeError) as caught:
        read_pretrain_recipe(path)
    assert told in str(caught.value) and str(path) in str(caught.value)


def test_a_minimal_recipe_takes_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(MINIMAL)
    recipe = read_recipe(path)
    assert (recipe.data.validation_share, recipe.network.size, recipe.fit.patience) == (0.2, 256, 4)


def test_auto_and_a_key_left_out_are_what_fits_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(MINIMAL + "batch_size = 'auto'\nprecision = 'auto'\n")
    fit, machine = read_recipe(path).fit, this_machine()
    assert (fit.batch_size, fit.precision, fit.workers) == (machine.batch_size, machine.precision, machine.workers)
    path.write_text(MINIMAL + "batch_size = 7\nprecision = '32-true'\nworkers = 0\n")
    fit = read_recipe(path).fit
    assert (fit.batch_size, fit.precision, fit.workers) == (7, "32-true", 0)


@pytest.mark.parametrize(
    ("machine", "picked"),
    [
        (Machine(cores=1, gpu=0, has_fast_bf16=False), (32, "32-true", 1)),
        (Machine(cores=4, gpu=0, has_fast_bf16=True), (32, "bf16-mixed", 3)),
        (Machine(cores=64, gpu=11.9, has_fast_bf16=False), (32, "32-true", 8)),
        (Machine(cores=16, gpu=79.2, has_fast_bf16=True), (64, "bf16-mixed", 8)),
    ],
)
def test_what_fits_a_machine_follows_its_rule(machine: Machine, picked: tuple[int, str, int]) -> None:
    assert (machine.batch_size, machine.precision, machine.workers) == picked


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("batchsize = 3", "did you mean 'fit.batch_size'?"),
        # A slip leaves its key out, too: the slip is what to tell.
        ("[drwan]\nper_category = 3", "did you mean 'drawn'?"),
        ("seeds = 3", "did you mean 'seed'?"),
        ("[data]\nper_categorie = 3", "did you mean 'drawn.per_category'?"),
        ("zzz = 1", "remove it"),
    ],
)
def test_an_unknown_key_gets_the_nearest_right_name(tmp_path: Path, line: str, hint: str) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL + line + "\n")
    assert error.code == "unknown_key"
    assert hint in str(error)


def test_a_slip_in_a_key_that_has_to_be_there_is_told_as_a_slip(tmp_path: Path) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL.replace("epochs", "epoch"))
    assert str(error).endswith("has the unknown key 'fit.epoch'; did you mean 'fit.epochs'?")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("batch_size = 0", "'fit.batch_size' is 0; it must be a whole number above 0, or 'auto'."),
        ("batch_size = 'many'", "'fit.batch_size' is 'many'; it must be a whole number above 0, or 'auto'."),
        ("label_smoothing = 1.5", "'fit.label_smoothing' is 1.5; it must be a number from 0 and below 1."),
        ("precision = '8'", "'fit.precision' is '8'; it must be one of '32-true', 'bf16-mixed', or 'auto'."),
        ("[data]\nwhere = [1]", "'data.where' is [1]; it must be a list of texts."),
        ("[decision]\nother_prior = 2", "'decision.other_prior' is 2; it must be a number above 0 and below 1."),
        (
            "[decision]\nparents = { a = 'b' }",
            "'decision.parents' is {'a': 'b'}; it must be a table of lists of texts.",
        ),
        ("[decision]\nparents = { a = ['b'] }", "the parent 'a' in 'decision.parents'"),
    ],
)
def test_a_value_out_of_range_is_named_with_what_it_may_be(tmp_path: Path, line: str, told: str) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL + line)
    assert error.code == "bad_value"
    assert told in str(error)


@pytest.mark.parametrize("categories", ['["other"]', '["not_sure"]', '["Insect bites"]', '["a", "a"]', "[]", '"a"'])
def test_categories_that_cannot_be_are_refused(tmp_path: Path, categories: str) -> None:
    error = refusal(tmp_path / "recipe.toml", MINIMAL.replace('["petechiae"]', categories))
    assert error.code == "bad_value"


def test_a_value_in_the_place_of_a_section_is_refused(tmp_path: Path) -> None:
    error = refusal(tmp_path / "recipe.toml", "fit = 3\n" + MINIMAL.partition("[fit]")[0])
    assert "'fit' is 3; it must be a section, [fit]." in str(error)


@pytest.mark.parametrize("kind", [Recipe, PretrainRecipe])
def test_no_key_is_without_its_meaning(kind: type[BaseModel]) -> None:
    keys = list(recipe_keys(kind))
    assert len({key.name for key in keys}) == len(keys) > 30
    assert [key.name for key in keys if not key.allowed or len(key.meaning.split()) < 2] == []


def test_every_key_says_what_it_means_and_may_be() -> None:
    keys = list(recipe_keys(Recipe))
    assert len({key.name for key in keys}) == len(keys) > 30
    assert all(key.allowed and len(key.meaning.split()) >= 2 for key in keys)
    required = {key.name for key in keys if not key.default}
    told = {line.partition(" = ")[0] for line in MINIMAL.splitlines() if "=" in line and "learning_rate" not in line}
    assert {name.rpartition(".")[2] for name in required} == told


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


@pytest.mark.parametrize("name", ["release", "pretrain"])
def test_what_is_shown_is_a_recipe_with_every_key(tmp_path: Path, name: str) -> None:
    shown = redspots("recipe", "show", name)
    assert shown.returncode == 0, shown.stderr
    path = tmp_path / "shown.toml"
    path.write_text(shown.stdout, encoding="utf-8")
    assert read_any_recipe(path) == read_any_recipe(RECIPES / f"{name}.toml")
    told = " ".join(shown.stdout.replace("\n#", "").split())
    for key in recipe_keys(type(read_any_recipe(path))):
        assert f"{key.name.rpartition('.')[2]} =" in told
        assert key.meaning in told and key.allowed in told


def test_a_recipe_that_is_not_there_cannot_be_shown(tmp_path: Path) -> None:
    refused(redspots("recipe", "show", tmp_path / "gone.toml"), 2, "gone.toml")
