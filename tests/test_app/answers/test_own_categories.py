"""Categories of one's own: no model without all their words, and the words go wherever the model goes."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from app.answers.languages import Language, shipped_words
from app.answers.own_words import words_paths
from app.answers.words import Words
from app.answers.words_template import words_template
from model.card import ModelCard
from model.classifier import Classifier
from model.errors import InputError, WordsError
from tests.support.commands import redspots
from tests.support.own_words import ADVICE, OWN, REFERRAL, own_words
from tests.support.words_files import shipped_tables
from tests.test_app.cli.test_cli import refused

pytestmark = pytest.mark.slow

RECIPE = """
version = "7.0.0"
seed = 3
categories = ["petechiae", "purpura"]
[drawn]
per_category = 2
validation_per_category = 1
[network]
backbone = "ignored"
start = "release"
[fit]
epochs = 1
batch_size = 4
learning_rate = 0.01
backbone_learning_rate = 0.001
workers = 0
precision = "32-true"
[decision]
parents = { bleeding_spots = ["petechiae", "purpura"] }
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with photos, one category of one's own among them, others' photos, words and a recipe."""
    place = tmp_path_factory.mktemp("own")
    drawn = redspots("data", "draw", place / "photos", "--per-category", "4", "--size", "96", "--seed", "5")
    assert drawn.returncode == 0, drawn.stderr
    theirs = redspots("data", "draw", place / "theirs", "--per-category", "2", "--size", "96", "--seed", "6")
    assert theirs.returncode == 0, theirs.stderr
    photos = place / "photos"
    (photos / "photos.csv").unlink()
    (photos / "sun_rash").rename(photos / OWN)
    for number, path in enumerate(sorted((photos / "cherry_angioma").iterdir())):
        path.rename(photos / "other" / f"more_{number}.jpg")
    (photos / "cherry_angioma").rmdir()
    (photos / "purpura" / "broken.jpg").write_bytes(b"nothing")
    (place / "recipe.toml").write_text(RECIPE, encoding="utf-8")
    for language in Language:
        own_words(place, language=language)
    return place


@pytest.fixture(scope="module")
def trained(place: Path, tiny_model: Path) -> Path:
    out = place / "model"
    done = redspots(
        *(
            "train",
            "--photos",
            place / "photos",
            "--out",
            out,
            "--recipe",
            place / "recipe.toml",
            "--start",
            tiny_model,
        ),
        *(part for language in Language for part in ("--words", place / f"own.{language}.toml")),
        *("--with", place / "theirs", "--leave-out", "unreadable"),
    )
    assert done.returncode == 0, done.stderr
    told = " ".join(done.stderr.split())
    for line in (
        f"new category: {OWN} (4 photos), with words of your own",
        "left out: 1 because --leave-out unreadable asks for it",
        "left out: 2 because the recipe has no category 'sun_rash'",
        "mixed in: 6 of 'theirs'",
        "ran all 1 epochs",
    ):
        assert line in told
    return out


def test_the_folder_holds_findings_and_words_and_the_card_tells(trained: Path) -> None:
    card = Classifier.load(trained).card
    assert card.categories == ("petechiae", "purpura", OWN)
    assert {"audit.csv", *(f"words.{language}.toml" for language in Language)} < set(card.files)
    with (trained / "audit.csv").open(encoding="utf-8", newline="") as file:
        assert ("unreadable", "purpura/broken.jpg") in [(row["finding"], row["photo"]) for row in csv.DictReader(file)]
    assert card.training["audit"]["findings"]["unreadable"] == 1
    assert card.training["mixed"] == {"theirs": 6}
    assert any(source["source"] == "theirs" for source in card.data)
    readme = (trained / "README.md").read_text(encoding="utf-8")
    assert "Mixed in: 6 photos of theirs" in readme and "unreadable 1" in readme


def test_the_head_keeps_what_it_knew(trained: Path, tiny_model: Path) -> None:
    from safetensors.torch import load_file

    from training.fitting.initial_weights import start_network
    from training.recipes import read_recipe

    recipe = read_recipe(trained.parent / "recipe.toml")
    recipe = recipe.model_copy(update={"categories": ("purpura", OWN, "petechiae")})
    network, _ = start_network(recipe, weights=None, start=tiny_model)
    before = load_file(tiny_model / "weights.safetensors")
    for name in ("fine.weight", "fine.bias", "coarse.weight"):
        now = network.state_dict()[name]
        for row, known in ((0, 1), (2, 0), (3, 4)):
            assert now[row].equal(before[name][known])


@pytest.mark.parametrize("language", Language)
def test_scoring_speaks_with_the_models_own_words(trained: Path, tmp_path: Path, language: Language) -> None:
    out = tmp_path / "scores.csv"
    done = redspots("score", trained.parent / "photos" / OWN, "--model", trained, "--lang", language, "--out", out)
    assert done.returncode == 0, done.stderr
    with out.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    spoken = Words.read(trained / f"words.{language}.toml")
    assert all(spoken.intended_use in row["limits"] and row["referral"] for row in rows)
    assert f"p_{OWN}" in rows[0]


def test_an_altered_words_file_closes_the_model(trained: Path, tmp_path: Path) -> None:
    import shutil

    copy = Path(shutil.copytree(trained, tmp_path / "copy"))
    words = copy / "words.en.toml"
    words.write_text(words.read_text(encoding="utf-8").replace(REFERRAL, "Nothing to do."), encoding="utf-8")
    refused(redspots("score", trained.parent / "photos", "--model", copy), 3, "words.en.toml")


def test_the_words_of_a_model_go_first_and_only_in_its_languages(
    trained: Path, tiny_model: Path, tmp_path: Path
) -> None:
    card, plain = ModelCard.read(trained), ModelCard.read(tiny_model)
    own = [trained / f"words.{language}.toml" for language in Language]
    assert words_paths(trained, card, words=None, language=None) == own
    first = words_paths(trained, card, words=None, language=Language.SPANISH)
    assert (first[0], sorted(first)) == (trained / "words.es.toml", sorted(own))
    assert words_paths(trained, card, words=tmp_path, language=None) == [tmp_path]
    shipped = [shipped_words(language) for language in Language]
    assert words_paths(tiny_model, plain, words=None, language=None) == shipped
    first = words_paths(tiny_model, plain, words=None, language=Language.SPANISH)
    assert (first[0], sorted(first)) == (shipped_words(Language.SPANISH), sorted(shipped))
    value = card.to_json()
    del value["files"]["words.es.toml"], value["files"]["words.pt.toml"]
    with pytest.raises(InputError, match="in en alone"):
        words_paths(trained, ModelCard.from_json(value), words=None, language=Language.SPANISH)


@pytest.mark.parametrize(
    ("options", "status", "named"),
    [
        ([], 2, f"wordstemplate{OWN}"),
        (["--words", "{place}/gone.toml"], 3, "gone.toml"),
        (["--words", "{place}/own.en.toml", "--words", "{place}/own.en.toml"], 2, "'en'"),
        (["--words", "{place}/own.en.toml", "--with", "scinn"], 2, "'scin'"),
        (["--words", "{place}/own.en.toml"], 2, "--leave-outunreadable"),
        (["--words", "{place}/own.en.toml", "--leave-out", "blury"], 2, "'blury'"),
    ],
)
def test_training_stops_before_it_begins(
    place: Path, tiny_model: Path, tmp_path: Path, options: list[str], status: int, named: str
) -> None:
    filled = [option.format(place=place) for option in options]
    command = ["train", "--photos", place / "photos", "--out", tmp_path / "out", "--recipe", place / "recipe.toml"]
    done = redspots(*command, "--start", tiny_model, *filled)
    assert done.returncode == status, done.stderr
    error = "".join(done.stderr.partition("Error (")[2].split())
    assert named in error
    assert list(tmp_path.iterdir()) == []


def test_a_slip_in_a_category_gets_the_nearest_name(place: Path, tmp_path: Path) -> None:
    (tmp_path / "photos" / "purpurra").mkdir(parents=True)
    photo = next((place / "photos" / "purpura").glob("p*.jpg"))
    (tmp_path / "photos" / "purpurra" / "a.jpg").write_bytes(photo.read_bytes())
    refused(redspots("train", "--photos", tmp_path / "photos", "--out", tmp_path / "out"), 2, "did you mean 'purpura'?")


def test_a_group_in_two_splits_is_told_by_the_audit(place: Path, tmp_path: Path) -> None:
    photos = sorted((place / "photos" / "purpura").glob("p*.jpg"))[:2]
    manifest = tmp_path / "photos.csv"
    lines = [f"{path},purpura,person,{split}" for path, split in zip(photos, ("train", "validation"), strict=True)]
    manifest.write_text("\n".join(["file_name,category,group,split", *lines]), encoding="utf-8")
    done = redspots("train", "--photos", manifest, "--out", tmp_path / "out")
    assert done.returncode == 2
    assert "--leave-out group_in_two_splits" in " ".join(done.stderr.split())


@pytest.mark.parametrize("language", Language)
def test_a_template_is_refused_until_every_text_is_written(tmp_path: Path, language: Language) -> None:
    text = words_template([OWN], language=language)
    (tmp_path / "words.toml").write_text(text, encoding="utf-8")
    with pytest.raises(WordsError, match=f"answer.{OWN}"):
        Words.read(tmp_path / "words.toml")
    keys = ["name", "headline", "urgency", "advice", "referral", *shipped_tables(language)["titles"]]
    for key in keys:
        with pytest.raises(WordsError, match=key):
            Words.read(own_words(tmp_path, language=language, leave=key))
    words = Words.read(own_words(tmp_path, language=language))
    words.require([OWN])
    entry = words.entries[OWN]
    # Without an emergency paragraph of its own it has the one that all share.
    assert entry.referral == REFERRAL and entry.urgent_advice == f"{words.emergency}\n\n{ADVICE}"


@pytest.mark.parametrize("id_", ["petechiae", "bleeding_spots", "not_sure", "other", "not_skin", "Insect bites", ""])
def test_what_has_its_words_already_gets_no_template(id_: str) -> None:
    with pytest.raises(InputError):
        words_template([id_])


@pytest.mark.parametrize("language", Language)
def test_a_template_of_every_language_is_complete_once_it_is_filled_in(tmp_path: Path, language: Language) -> None:
    text = words_template([OWN], language=language)
    assert f'language = "{language}"' in text
    assert f'# {shipped_tables(language)["titles"]["treatment"]}\ntreatment = "' in text
    words = Words.read(own_words(tmp_path, language=language))
    words.require([OWN])
    assert words.entries[OWN].urgent_advice.startswith(words.emergency)


def test_the_commands_for_words(tmp_path: Path) -> None:
    out = tmp_path / "words.toml"
    done = redspots("words", "template", OWN, "--out", out, "--lang", "pt")
    assert done.returncode == 0, done.stderr
    assert 'language = "pt"' in out.read_text(encoding="utf-8")
    refused(redspots("words", "template", OWN, "--out", out), 4, "exists")
    refused(redspots("words", "check", out), 3, f"answer.{OWN}.name")
    good = own_words(tmp_path)
    assert OWN in redspots("words", "check", good, OWN).stderr
    refused(redspots("words", "check", good, "acne"), 3, "acne")


def test_the_card_stays_json(trained: Path) -> None:
    json.dumps(ModelCard.read(trained).to_json(), allow_nan=False)
