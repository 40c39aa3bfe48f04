"""`redspots recipe`: what a recipe for training may hold."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from app.cli.console import extra

recipe_app = typer.Typer(help="Recipes: every choice of a training run, in one file.", no_args_is_help=True)

WIDTH = 100


@recipe_app.callback()
def recipes() -> None:
    """Every choice of a training run stands in one file, its recipe."""


@recipe_app.command()
def show(
    recipe: Annotated[
        Path | None,
        typer.Argument(help="TOML file, or the name of a shipped one: retrain (if left out), release, pretrain."),
    ] = None,
) -> None:
    """Print a recipe with every key, what it means and what it may be: a recipe to save, change and train with."""
    with extra("train"):
        from training.recipes.keys import NOTHING, recipe_keys
        from training.recipes.pretrain import read_any_recipe
    plan = read_any_recipe(recipe or Path("retrain"))
    values = plan.model_dump(mode="json")
    console = Console()
    section = ""
    for key in recipe_keys(type(plan)):
        above, _, name = key.name.rpartition(".")
        if above != section:
            section = above
            console.print(Text(f"\n[{section}]", style="bold"))
        table = values
        for part in above.split(".") if above else ():
            table = table[part]
        value = table[name]
        default = {"": "has to be there", NOTHING: "may be left out"}.get(key.default, f"{key.default} if left out")
        said = f"{key.meaning} ({key.allowed}; {default})"
        for line in textwrap.wrap(said, WIDTH, break_on_hyphens=False):
            console.print(Text(f"# {line}", style="dim"), soft_wrap=True)
        console.print(Text(f"# {name} =" if value is None else f"{name} = {_toml(value)}"), soft_wrap=True)


def _toml(value: Any) -> str:
    """Return a value as TOML; JSON's texts and numbers are TOML's as well."""
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{json.dumps(key)} = {_toml(one)}' for key, one in value.items())} }}"
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)
