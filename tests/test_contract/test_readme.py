"""The README is true: its commands exist with those options, its tree shows every file, its columns are the table's."""

import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
import typer

from app.answers.words import Answer
from app.cli import app
from app.views.row import all_columns, columns

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```bash\n(.*?)```", README, re.DOTALL)
    for line in block.replace("\\\n", " ").splitlines()
]
PLACES = ("model", "training", "app", "redspots", "tests")
OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
REDSPOTS = [shlex.split(line)[1:] for line in COMMANDS if line.startswith(".venv/bin/redspots")]


@pytest.mark.parametrize("arguments", REDSPOTS, ids=" ".join)
def test_every_command_is_one_that_redspots_takes(arguments: list[str]) -> None:
    command = typer.main.get_command(app)
    context = command.make_context("redspots", list(arguments))
    while isinstance(command, typer.core.TyperGroup):
        name, command, arguments = command.resolve_command(context, arguments)  # type: ignore[assignment]
        context = command.make_context(name, list(arguments), parent=context)
    assert set(context.params) == {parameter.name for parameter in command.params}


def test_every_make_target_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = [line.split()[1] for line in COMMANDS if line.startswith("make ")]
    assert targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_no_other_command_is_told() -> None:
    assert all(line.startswith(("make ", ".venv/bin/redspots ")) for line in COMMANDS)


def test_the_tree_shows_every_file() -> None:
    tree = re.search(r"```\n(model/.*?)```", README, re.DOTALL)
    assert tree
    shown = set(re.findall(r"[\w.]+\.(?:py|toml)\b|(?<!\S)\w+/(?=\s)", tree[1]))
    for package in ("model", "training", "app", "redspots"):
        modules = {path.name for path in (ROOT / package).rglob("*.py")} - {"__init__.py", "__main__.py"}
        assert modules <= shown, modules - shown
    for name in shown:
        assert any(any((ROOT / place).rglob(name.rstrip("/"))) for place in PLACES) or (ROOT / name).is_dir(), name


def test_the_columns_are_those_of_the_table() -> None:
    told = re.findall(r"^\| ((?:`\w+`(?:, | \.\.\. )?)+) \| ([\w ]+) \|", README, re.MULTILINE)
    types = {name: type_ for cell, type_ in told for name in re.findall(r"`(\w+)`", cell)}
    words = {str: "text", float: "number", int: "whole number"}
    real = {column.name: words[column.type] for column in all_columns(OUTPUTS)}
    assert types.items() <= real.items()
    assert {name for name in real.keys() - types if not name.startswith("p_")} == set()


def test_every_field_of_an_answer_has_its_column() -> None:
    # The shares are the numbers of p_..., under names for people.
    shown = {*columns(OUTPUTS), "shares"}
    assert {field.name for field in fields(Answer)} <= shown


def test_scoring_the_examples_works_as_told(tiny_model: Path, tmp_path: Path) -> None:
    (told,) = [command for command in REDSPOTS if "--out" in command and command[0] == "score"]
    for option, name in (("--out", "scores.csv"), ("--report", "scores.html")):
        told[told.index(option) + 1] = str(tmp_path / name)
    command = [sys.executable, "-m", "app.cli", *told, "--model", str(tiny_model)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "scores.html"]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)|src=\"([^\"]+)\"", README):
        path = target[0] or target[1]
        assert path.startswith("https://") or (ROOT / path).exists(), path
