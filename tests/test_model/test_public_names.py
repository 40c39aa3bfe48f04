"""`from model import ...`: the public names come lazily, and strings are paths."""

from __future__ import annotations

from pathlib import Path

import pytest

import model
from model import Classifier, find_photos, read_photo, score_photos
from model.errors import PhotoError
from tests.support.drawing import encoded, skin


@pytest.fixture
def photo(tmp_path: Path) -> str:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encoded(skin()))
    return str(path)


def test_every_public_name_is_there() -> None:
    for name in model.__all__:
        assert getattr(model, name).__name__ == name
    assert set(model.__all__) <= set(dir(model))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = model.nothing  # type: ignore[attr-defined]


def test_strings_are_paths(tiny_model: Path, photo: str) -> None:
    classifier = Classifier.load(str(tiny_model))
    assert read_photo(photo).sha256 == read_photo(Path(photo)).sha256 == classifier.read(photo).sha256
    assert find_photos([str(Path(photo).parent)]) == [Path(photo)]
    (outcome,) = score_photos(classifier, [photo])
    assert outcome.path == Path(photo) and outcome.prediction is not None


def test_a_string_with_a_scheme_is_a_url_and_shows_no_password(tiny_model: Path) -> None:
    url = "https://somebody:secret@example.org/photo.jpg"
    with pytest.raises(PhotoError, match="is a URL, which is not read here") as caught:
        read_photo(url)
    (outcome,) = score_photos(Classifier.load(tiny_model), [url])
    assert outcome.error is not None and outcome.error.code == caught.value.code == "unreachable"
    assert "secret" not in f"{caught.value}{outcome.error}"


def test_one_path_in_place_of_a_list_is_refused_at_once(tiny_model: Path, photo: str) -> None:
    with pytest.raises(TypeError, match="put one path into a list"):
        find_photos(photo)
    with pytest.raises(TypeError, match="put one path into a list"):
        next(score_photos(Classifier.load(tiny_model), photo))
