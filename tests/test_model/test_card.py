"""ModelCard: what a folder says of itself is checked before it is used."""

import json
from pathlib import Path

import pytest

from model.card import CARD, NETWORK, WEIGHTS, ModelCard
from model.classifier import RELEASES, Classifier
from model.errors import ModelError
from model.quality import QualityLimits


def refusal(folder: Path) -> ModelError:
    with pytest.raises(ModelError) as caught:
        Classifier.load(folder)
    assert str(folder) in str(caught.value), "the sentence names the file"
    assert caught.value.exit_status == 3
    return caught.value


def change(folder: Path, **values: object) -> None:
    card = json.loads((folder / CARD).read_text())
    (folder / CARD).write_text(json.dumps(card | values))


def test_a_card_survives_the_way_through_json(tiny_model: Path, tmp_path: Path) -> None:
    card = ModelCard.read(tiny_model)
    assert ModelCard.from_json(json.loads(json.dumps(card.to_json()))) == card


def test_a_card_from_before_reader_2_keeps_its_pixels_and_gets_the_limits_of_now(own_model: Path) -> None:
    card = json.loads((own_model / CARD).read_text())
    del card["preprocess"]["reader"], card["quality"]["side"]
    change(own_model, preprocess=card["preprocess"], quality=card["quality"] | {"noisy_colour": 12})
    old = ModelCard.read(own_model)
    assert (old.preprocess.reader, old.preprocess.decoded_side) == (1, 128)
    assert old.quality == QualityLimits(), "its limits were of another measure"
    assert ModelCard.from_json(old.to_json()) == old, "a copy says which reader it has"


def test_the_shipped_models_read_as_they_were_trained() -> None:
    for folder in (Path(path) for path in RELEASES.glob("*.*.*")):
        assert ModelCard.read(folder).preprocess.reader == (1 if folder.name in ("0.1.0", "0.2.0") else 2)


def test_the_reader_of_a_later_version_is_refused(own_model: Path) -> None:
    card = json.loads((own_model / CARD).read_text())
    change(own_model, preprocess=card["preprocess"] | {"reader": 3})
    error = refusal(own_model)
    assert error.code == "bad_card"
    assert "later version" in str(error)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nowhere").code == "missing_model"


@pytest.mark.parametrize("name", [CARD, NETWORK, WEIGHTS])
def test_a_missing_file_is_named(own_model: Path, name: str) -> None:
    (own_model / name).unlink()
    error = refusal(own_model)
    assert error.code == "missing_file"
    assert name in str(error)


@pytest.mark.parametrize("name", [NETWORK, WEIGHTS])
def test_a_truncated_file_is_found(own_model: Path, name: str) -> None:
    path = own_model / name
    path.write_bytes(path.read_bytes()[:-1])
    assert refusal(own_model).code == "altered_file"


@pytest.mark.parametrize("name", [NETWORK, WEIGHTS])
def test_one_flipped_bit_is_found(own_model: Path, name: str) -> None:
    path = own_model / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert refusal(own_model).code == "altered_file"


def test_a_truncated_card_is_refused(own_model: Path) -> None:
    path = own_model / CARD
    path.write_text(path.read_text()[:100])
    assert refusal(own_model).code == "bad_card"


@pytest.mark.parametrize(
    "values",
    [
        {"format": 99},
        {"outputs": ["petechiae", "purpura"]},
        {"outputs": ["petechiae", "petechiae", "other"]},
        {"parents": {"bleeding_spots": ["petechiae", "freckles"]}},
        {"temperature": 0},
        {"threshold": 1.5},
        {"stranger": 1},
        {"prediction_sets": {"coverage": 0.9}},
        {"prediction_sets": {"coverage": 0.9, "least": [0.1]}},
        {"prediction_sets": {"coverage": 0.9, "least": {"other": 0.1}}},
        {"most_energy": "low"},
        {"files": {}},
        {"files": {NETWORK: "0", "../outside": "0"}},
    ],
)
def test_a_card_that_would_misread_its_network_is_refused(own_model: Path, values: dict[str, object]) -> None:
    change(own_model, **values)
    assert refusal(own_model).code in {"bad_card", "altered_file"}


def test_a_card_with_other_outputs_than_its_network_is_refused(own_model: Path) -> None:
    change(own_model, outputs=["petechiae", "purpura", "other"])
    assert refusal(own_model).code == "bad_network"


def test_a_network_that_is_none_is_refused(own_model: Path) -> None:
    from model.card import sha256_of

    (own_model / NETWORK).write_bytes(b"no network")
    change(own_model, files={NETWORK: sha256_of(own_model / NETWORK)})
    assert refusal(own_model).code == "bad_network"
