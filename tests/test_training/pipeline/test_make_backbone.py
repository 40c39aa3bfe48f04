"""`redspots pretrain` as people run it: a folder with a card that `train` starts from; killed, it makes the same."""

from __future__ import annotations

import csv
import json
import os
import signal
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from app.cli.pretrain import pretrain
from app.cli.train import train
from model.card import sha256_of
from model.errors import InputError, ManifestError, ModelError, OutputError, RecipeError, RedspotsError
from tests.support.commands import redspots, running
from tests.support.drawing import skin
from tests.test_app.cli.test_cli import redspots as redspots_from_nothing
from tests.test_app.cli.test_cli import refused
from training.fitting.backbones import (
    BACKBONE,
    HELD_OUT,
    LABELS,
    NAMES_HEAD,
    backbone_to_start_from,
    newest_backbone,
    read_backbone,
    unlearnt_photos,
)
from training.fitting.initial_weights import start_network
from training.fitting.names_network import features_of
from training.recipes import RECIPES, Recipe

RECIPE = """
stage = "pretrain"
version = "7.0.0"
seed = 3
[data]
held_out_share = 0.2
least_photos = 3
[student]
backbone = "test_efficientnet"
backbone_arguments = { bn_eps = 0.001 }
size = 64
start = "random"
[fit]
epochs = 2
learning_rate = 0.001
head_learning_rate = 0.01
smallest_size = 0.5
mix = { share = 0.5, mixup = 0.3, cutmix = 1.0 }
[tuning]
epochs = 1
learning_rate = 0.001
head_learning_rate = 0.01
layer_decay = 0.75
drop_path = 0.1
mix = { share = 1.0, mixup = 0.3 }
[run]
batch_size = 8
workers = 0
precision = "32-true"
layout = "channels_last"
checkpoint_minutes = 0
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(os.name != "posix", reason="signals are a POSIX matter")]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, their manifest, a recipe and a teacher's weights."""
    folder = tmp_path_factory.mktemp("given")
    labels = {"psoriasis": "Psoriasis", "BCC": "bcc", "Basal_Cell_Carcinoma": "bcc", "petechiae": "p", "purpura": "p"}
    with (folder / "photos.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["file", "use", "category", "group", "source", "source_label", "licence", "terms"])
        for number in range(34):
            label = "one of a kind" if number == 33 else list(labels)[number % len(labels)]
            Image.fromarray(skin(width=96, height=90, seed=number)).save(folder / f"{number}.jpg")
            use = "evaluate" if number == 32 else "train"
            category = label if label in ("petechiae", "purpura") else "other"
            terms = "open" if number % 2 else "research"
            table.writerow(
                [f"{number}.jpg", use, category, number // 2 if number < 32 else "", "here", label, "CC0", terms]
            )
    (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    torch.manual_seed(1)
    save_file(timm.create_model("test_vit", num_classes=3).state_dict(), folder / "teacher.safetensors")
    return folder


def command(given: Path, out: Path, *more: str) -> list[str]:
    return [
        *("--photos", str(given / "photos.csv"), "--where", "use=train", "--recipe", str(given / "recipe.toml")),
        *("--teacher", f"test_vit={given / 'teacher.safetensors'}", "--tune-teacher", "--out", str(out)),
        *more,
    ]


@pytest.fixture(scope="module")
def made(given: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run that nobody disturbs makes."""
    out = tmp_path_factory.mktemp("whole") / "backbone"
    result = redspots_from_nothing("pretrain", *command(given, out))
    assert result.returncode == 0, result.stderr
    assert [path.name for path in out.parent.iterdir()] == [out.name], "nothing else is left"
    return out


def sums(out: Path) -> dict[str, str]:
    return {name: sha256_of(out / name) for name in (BACKBONE, NAMES_HEAD, LABELS)}


def test_the_folder_lists_the_photos_that_it_has_not_learnt(given: Path, made: Path) -> None:
    unlearnt = unlearnt_photos(made / BACKBONE)
    assert unlearnt and unlearnt < {sha256_of(path) for path in given.glob("*.jpg")}
    assert sha256_of(given / "32.jpg") not in unlearnt, "it is there to evaluate"
    assert json.loads((made / "card.json").read_text(encoding="utf-8"))["files"][HELD_OUT] == sha256_of(made / HELD_OUT)
    assert unlearnt_photos(given / "teacher.safetensors") is None and unlearnt_photos(None) is None


def test_the_folder_holds_weights_in_timms_names_a_head_and_its_labels(made: Path) -> None:
    backbone = timm.create_model("test_efficientnet", num_classes=0)
    backbone.load_state_dict(load_file(made / BACKBONE), strict=True)
    labels = json.loads((made / LABELS).read_text(encoding="utf-8"))
    assert labels == {"basal cell carcinoma": 13, "bleeding": 12, "psoriasis": 7}
    head = load_file(made / NAMES_HEAD)
    assert head["weight"].shape == (3, features_of(backbone)) and head["bias"].shape == (3,)
    assert all(path.suffix not in (".pt", ".pth", ".pkl", ".ckpt") for path in made.rglob("*"))
    assert (made / BACKBONE).stat().st_mode & 0o044, "others may read it"


def test_the_card_tells_sources_terms_teachers_and_what_came_of_it(given: Path, made: Path) -> None:
    card: Any = read_backbone(made).card
    assert card["photos"] == 33 and card["photos_without_name"] == 1
    assert sum(card["terms"].values()) == 33 and set(card["terms"]) == {"open", "research"}
    assert {(row["source"], row["licence"], row["terms"]) for row in card["data"]} == {
        *(("here", "CC0", "open"), ("here", "CC0", "research"))
    }
    (teacher,) = card["teachers"]
    assert teacher["name"] == "test_vit" and teacher["licence"] == "apache-2.0" and teacher["tuned"]
    assert sha256_of(given / "teacher.safetensors") in teacher["weights"]
    assert card["training"]["seed"] == 3 and card["training"]["recipe"]["fit"]["epochs"] == 2
    assert card["training"]["command"].startswith("redspots pretrain --photos ")
    curves = card["curves"]["student"]
    for name in ("names_loss", "teacher_loss", "validation_loss", "validation_top1", "validation_similarity"):
        assert len(curves[name]) == 2 and np.isfinite(curves[name]).all()
    text = (made / "README.md").read_text(encoding="utf-8")
    for told in (
        "Not a medical device",
        "open 17, research 16",
        "| test_vit | apache-2.0 |",
        "psoriasis 7",
        "held out",
    ):
        assert told in text


def test_killed_and_stopped_and_resumed_it_makes_the_same(given: Path, tmp_path: Path, made: Path) -> None:
    out = tmp_path / "backbone"
    run = tmp_path / ".backbone.redspots-run" / "checkpoints"
    for part, number in (("teacher_0", signal.SIGKILL), ("student", signal.SIGTERM)):
        with running("pretrain", *command(given, out, "--resume")) as process:
            while process.poll() is None and not list((run / part / "checkpoints").glob("step-*")):
                time.sleep(0.01)
            process.send_signal(number)
            ended = process.finish(timeout=120)
        said = ended.stderr
        assert ended.returncode == (-signal.SIGKILL if number == signal.SIGKILL else 143), said
    assert "Stopped by SIGTERM" in said and "--resume" in said and "Traceback" not in said
    assert not out.exists()
    result = redspots("pretrain", *command(given, out, "--resume"))
    assert result.returncode == 0, result.stderr
    assert sums(out) == sums(made)


def recipe_with(**network: Any) -> Recipe:
    options = {"backbone": "test_efficientnet", "backbone_arguments": {"bn_eps": 0.001}, "size": 96} | network
    fit = {"epochs": 1, "learning_rate": 0.01, "backbone_learning_rate": 0.001}
    return Recipe.model_validate(
        {"version": "1.0.0", "seed": 1, "categories": ["petechiae"], "network": options, "fit": fit}
    )


def test_training_starts_from_the_folder_or_a_file_of_it(made: Path, tmp_path: Path) -> None:
    recipe = recipe_with()
    assert backbone_to_start_from(recipe, made, beside=tmp_path) == (recipe, made / BACKBONE)
    assert backbone_to_start_from(recipe, made / BACKBONE, beside=tmp_path) == (recipe, made / BACKBONE)
    network, _ = start_network(recipe, weights=made / BACKBONE, start=None)
    learnt = load_file(made / BACKBONE)
    assert all(torch.equal(value, learnt[name]) for name, value in network.backbone.state_dict().items())


def test_a_recipe_that_names_the_folder_takes_its_network_and_normalisation(made: Path) -> None:
    recipe = recipe_with(backbone=f"./{made.name}", backbone_arguments={}, mean=(0.4, 0.5, 0.5))
    assert backbone_to_start_from(recipe, None, beside=made.parent) == (recipe_with(), made / BACKBONE)


def test_a_backbone_of_another_kind_is_told_with_what_to_write(made: Path, tmp_path: Path) -> None:
    other = recipe_with(backbone_arguments={}, mean=(0.4, 0.5, 0.5))
    with pytest.raises(RecipeError, match=r"'network.backbone_arguments' is {}; make it .*, 'network.mean' is"):
        backbone_to_start_from(other, made, beside=tmp_path)


def test_weights_that_would_not_be_used_are_refused(made: Path, given: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="leave out --weights"):
        backbone_to_start_from(recipe_with(start="release"), made, beside=tmp_path)
    # The shipped recipe starts from a model.
    with pytest.raises(InputError, match="leave out --weights"):
        train(given / "photos.csv", tmp_path / "model", weights=made)


def test_without_a_released_backbone_timms_weights_serve(
    made: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    released = tmp_path / "backbones"
    monkeypatch.setattr("training.fitting.backbones.RELEASED", released)

    def weights(**network: Any) -> Path | None:
        return backbone_to_start_from(recipe_with(**network), None, beside=tmp_path)[1]

    assert newest_backbone() is None and weights() is None
    for version in ("0.9.0", "0.10.0"):
        (released / version).mkdir(parents=True)
        for path in made.iterdir():
            if path.is_file():
                (released / version / path.name).write_bytes(path.read_bytes())
    assert weights() == released / "0.10.0" / BACKBONE
    assert weights(backbone="test_resnet") is None and weights(start="random") is None


@pytest.mark.parametrize(
    ("name", "code"), [(BACKBONE, "altered_file"), (LABELS, "missing_file"), ("card.json", "bad_card")]
)
def test_a_folder_that_was_spoilt_is_refused(made: Path, tmp_path: Path, name: str, code: str) -> None:
    for path in made.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    if code == "missing_file":
        (tmp_path / name).unlink()
    else:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes()[:-9])
    with pytest.raises(ModelError) as caught:
        read_backbone(tmp_path)
    assert caught.value.code == code and str(tmp_path) in str(caught.value)


def test_a_mistake_gets_one_sentence(given: Path, tmp_path: Path) -> None:
    result = redspots("pretrain", "--photos", given / "photos.csv", "--out", tmp_path / "out")
    refused(result, 2, "there to evaluate", "--where use=train")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "kind", "told"),
    [
        ({"tune_teacher": True}, InputError, "no teacher to tune"),
        ({"teacher": ["=x"]}, InputError, "names no teacher"),
        ({"teacher": ["test_vit="]}, InputError, "names no teacher"),
        ({"teacher": ["test_vit=gone.safetensors"]}, RecipeError, "gone.safetensors"),
        ({"teacher": ["no_such_network"]}, RecipeError, "no_such_network"),
        ({"weights": Path(__file__).parents[2]}, ModelError, "no backbone in"),
        ({"weights": Path(__file__)}, RecipeError, "does not fit"),
        ({"recipe": RECIPES / "retrain.toml"}, RecipeError, "recipe of `redspots train`"),
        ({"where": ["use=nobody"]}, ManifestError, "lists no photo"),
    ],
)
def test_options_that_cannot_be_are_told_and_nothing_is_begun(
    given: Path, tmp_path: Path, options: dict[str, Any], kind: type[RedspotsError], told: str
) -> None:
    asked = {"photos": [given / "photos.csv"], "recipe": given / "recipe.toml", "where": ["use=train"], **options}
    with pytest.raises(kind, match=told):
        pretrain(**asked, out=tmp_path / "backbone")
    assert [path.name for path in tmp_path.rglob("*") if path.name in ("run.json", "backbone")] == []


def test_a_folder_that_exists_is_not_written_over(given: Path, made: Path) -> None:
    before = sums(made)
    with pytest.raises(OutputError, match="exists already"):
        pretrain([given / "photos.csv"], made, recipe=given / "recipe.toml", where=["use=train"])
    assert sums(made) == before
