"""What makes two trainings the same run: everything that decides the weights, each change named in words."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import training.resume.fingerprint
from training.data.manifest import Example
from training.recipes import RECIPES, read_recipe
from training.recipes.pretrain import PRETRAIN, read_pretrain_recipe
from training.resume.fingerprint import PACKAGES, differences, identity_of

RECIPE = read_recipe(RECIPES / "retrain.toml")


def examples(folder: Path, count: int = 5) -> list[Example]:
    found = []
    for number in range(count):
        path = folder / f"{number}.jpg"
        path.write_bytes(bytes([number]))
        found.append(Example(path, "petechiae", f"person {number}"))
    return found


def identity(photos: list[Example], **more: Any) -> dict[str, Any]:
    given = {"test": [], "weights": None, "start": None, **more}
    return identity_of(
        given.pop("recipe", RECIPE), photos, given["test"], weights=given["weights"], start=given["start"]
    )


def found(before: dict[str, Any], now: dict[str, Any]) -> str:
    """Return the differences after the way through the run folder's JSON."""
    return "; ".join(differences(json.loads(json.dumps(before)), json.loads(json.dumps(now))))


def test_the_same_run_has_no_differences(tmp_path: Path) -> None:
    photos = examples(tmp_path)
    assert found(identity(photos), identity(photos)) == ""


def test_a_run_goes_on_where_there_are_other_cores(tmp_path: Path) -> None:
    for recipe, section in ((RECIPE, "fit"), (read_pretrain_recipe(PRETRAIN), "run")):
        other = getattr(recipe, section).model_copy(update={"workers": 31, "checkpoint_minutes": 77.0})
        elsewhere = recipe.model_copy(update={section: other})
        assert elsewhere != recipe
        assert found(identity([], recipe=recipe), identity([], recipe=elsewhere)) == ""


@pytest.mark.parametrize("key", ["photos", "test"])
def test_photos_are_told_apart_by_their_bytes_and_labels(tmp_path: Path, key: str) -> None:
    photos, word = examples(tmp_path), "photo" if key == "photos" else "test photo"

    def of(these: list[Example]) -> dict[str, Any]:
        return identity(these) if key == "photos" else identity([], test=these)

    before = of(photos)
    assert found(before, of(photos[1:])) == f"1 {word} removed (0.jpg)"
    assert found(of(photos[1:]), before) == f"1 {word} added (0.jpg)"
    assert found(before, of(photos[:1])) == f"4 {word}s removed (1.jpg, 2.jpg, 3.jpg, ...)"
    assert found(before, of(photos[::-1])) == f"the {word}s come in another order"
    labelled = [replace(photos[0], category="purpura"), replace(photos[1], group="person 9"), *photos[2:]]
    assert found(before, of(labelled)) == f"2 {word}s labelled differently (0.jpg, 1.jpg)"
    photos[3].path.write_bytes(b"another")
    assert found(before, of(photos)) == f"1 {word} changed (3.jpg)"
    photos[3].path.unlink()
    assert found(before, of(photos)) == f"1 {word} changed (3.jpg)"


def test_a_changed_recipe_is_named_key_by_key(tmp_path: Path) -> None:
    recipe = RECIPE
    other = recipe.model_copy(update={"fit": recipe.fit.model_copy(update={"epochs": recipe.fit.epochs + 1})})
    said = found(identity([], recipe=recipe), identity([], recipe=other))
    assert said == f"recipe key 'fit.epochs' was {recipe.fit.epochs} and is {recipe.fit.epochs + 1}"


def test_weights_and_start_count_by_their_bytes(tmp_path: Path) -> None:
    weights, start = tmp_path / "weights.safetensors", tmp_path / "model"
    start.mkdir()
    for path in (weights, start / "card.json"):
        path.write_bytes(b"before")
    before = identity([], weights=weights, start=start)
    assert found(before, identity([], weights=weights, start=start)) == ""
    assert found(before, identity([])) == "the file of --weights is another one; the model of --start is another one"
    weights.write_bytes(b"after")
    assert found(before, identity([], weights=weights, start=start)) == "the file of --weights is another one"
    weights.write_bytes(b"before")
    (start / "card.json").write_bytes(b"after")
    assert found(before, identity([], weights=weights, start=start)) == "the model of --start is another one"


def test_teachers_count_where_there_are_any() -> None:
    before = identity([])
    taught = {**before, "teachers": [["a_network", "0f"], True]}
    assert found(taught, taught) == "" == found(before, before)
    assert found(taught, {**before, "teachers": [["a_network", "1e"], True]}) == "a teacher or its file is another one"
    assert found(before, taught) == "a teacher or its file is another one"


def test_code_and_packages_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = identity([])
    assert set(before["packages"]) == set(PACKAGES)
    other = copy.deepcopy(before)
    other["packages"]["torch"] = "1.0"
    assert found(before, other) == f"torch was {before['packages']['torch']} and is 1.0"
    own: Callable[[], str] = training.resume.fingerprint._code
    assert own() == own() == before["code"]
    monkeypatch.setattr("training.__path__", [str(tmp_path)])
    (tmp_path / "fit.py").write_text("epochs = 1\n", encoding="utf-8")
    assert found(before, identity([])) == "the code of redspots was changed"
