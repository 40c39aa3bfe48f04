"""The documents are true: commands exist with those options, links lead somewhere, tree and columns are real."""

import importlib.util
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
DOCUMENTS = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted((ROOT / "docs").glob("*.md")),
]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in DOCUMENTS}
COMMANDS = [
    line
    for text in TEXTS.values()
    for block in re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
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
    told = "\n".join(TEXTS.values())
    targets = {*re.findall(r"^make ([a-z-]+)", told, re.MULTILINE), *re.findall(r"`make ([a-z-]+)`", told)}
    assert {"demo", "test", "architecture"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_no_other_command_is_told() -> None:
    assert all(line.startswith(("make ", ".venv/bin/redspots ")) for line in COMMANDS)


def test_the_tree_shows_every_file() -> None:
    tree = re.search(r"```\n(model/.*?)```", TEXTS["docs/architecture.md"], re.DOTALL)
    assert tree
    shown = set(re.findall(r"[\w.]+\.(?:py|toml)\b|(?<!\S)\w+/(?=\s)", tree[1]))
    for package in ("model", "training", "app", "redspots"):
        modules = {path.name for path in (ROOT / package).rglob("*.py")} - {"__init__.py", "__main__.py"}
        assert modules <= shown, modules - shown
    for name in shown:
        assert any(any((ROOT / place).rglob(name.rstrip("/"))) for place in PLACES) or (ROOT / name).is_dir(), name


def test_the_columns_are_those_of_the_table() -> None:
    told = re.findall(r"^\| ((?:`\w+`(?:, | \.\.\. )?)+) \| ([\w ]+) \|", TEXTS["docs/scoring.md"], re.MULTILINE)
    types = {name: type_ for cell, type_ in told for name in re.findall(r"`(\w+)`", cell)}
    words = {str: "text", float: "number", int: "whole number"}
    real = {column.name: words[column.type] for column in all_columns(OUTPUTS)}
    assert types.items() <= real.items()
    assert {name for name in real.keys() - types if not name.startswith("p_")} == set()


def test_every_field_of_an_answer_has_its_column() -> None:
    # The shares and fits are the numbers of p_..., under names for people; the texts of a level follow from its code.
    shown = {*columns(OUTPUTS), "shares", "fits", "level_name", "title", "meaning", "to_do"}
    # They are the model's, the same in every row of a level.
    shown |= {"how_often", "how_often_range"}
    assert {field.name for field in fields(Answer)} <= shown


def test_scoring_the_examples_works_as_told(tiny_model: Path, tmp_path: Path) -> None:
    told = next(list(one) for one in REDSPOTS if one[:2] == ["score", "app/examples"] and "--out" in one)
    for option, name in (("--out", "scores.csv"), ("--report", "scores.html")):
        told[told.index(option) + 1] = str(tmp_path / name)
    command = [sys.executable, "-m", "app.cli", *told, "--model", str(tiny_model)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores.csv", "scores.html"]


@pytest.mark.parametrize("name", TEXTS)
def test_every_link_leads_somewhere(name: str) -> None:
    for link, source in re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", TEXTS[name]):
        target, _, heading = (link or source).partition("#")
        if target.startswith("https://"):
            continue
        path = ((ROOT / name).parent / target).resolve() if target else ROOT / name
        assert path.exists(), f"{name}: {link or source}"
        if heading:
            headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
            assert heading in {re.sub(r"[^\w -]", "", one).lower().replace(" ", "-") for one in headings}, link


def test_every_page_is_listed_in_the_readme() -> None:
    for name in TEXTS:
        assert name == "README.md" or f"]({name}" in TEXTS["README.md"], name


def test_the_readme_is_short_and_judges_the_model_on_its_first_screen() -> None:
    lines = TEXTS["README.md"].splitlines()
    assert len(lines) <= 170
    assert lines.index("## How good is it") < 20


@pytest.mark.parametrize("name", TEXTS)
def test_no_command_is_a_pattern_for_zsh(name: str) -> None:
    assert not re.search(r"pip install (?:-e )?[\w.]+\[", TEXTS[name]), "quote an extra: zsh expands square brackets"


def test_the_picture_of_the_rooms_is_drawn_from_the_imports() -> None:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec and spec.loader
    rooms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rooms)
    page = TEXTS["docs/architecture.md"]
    assert "app.cli --> training.pipeline" in page
    assert rooms.redrawn(page) == page, "run `make architecture`"


def test_a_picture_leaves_out_what_follows_from_other_arrows() -> None:
    spec = importlib.util.spec_from_file_location("rooms", ROOT / "docs" / "rooms.py")
    assert spec and spec.loader
    rooms = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(rooms)
    assert rooms.without_detours({("a", "b"), ("b", "c"), ("a", "c")}) == {("a", "b"), ("b", "c")}
