"""score_photos: one outcome per path, in order, whatever the files are."""

import threading
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.batch import _AHEAD, Options, Outcome, score_photos
from model.classifier import Classifier
from model.errors import PhotoError
from model.photo import Photo, Source
from model.prediction import Prediction


@pytest.fixture(scope="module")
def classifier(tiny_model: Path) -> Classifier:
    return Classifier.load(tiny_model)


def skin(path: Path, seed: int) -> Path:
    random = np.random.default_rng(seed)
    pixels = np.clip(random.normal((200, 150, 130), 12, (96, 128, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_every_path_has_one_outcome_in_order(classifier: Classifier, tmp_path: Path, workers: int) -> None:
    paths = [skin(tmp_path / f"{number:02d}.png", number) for number in range(9)]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a photo at all")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    order = [broken, *paths[:5], empty, tmp_path / "missing.jpg", *paths[5:], paths[0]]
    outcomes = list(score_photos(classifier, order, workers=workers))
    assert [outcome.path for outcome in outcomes] == order
    codes = {outcome.path.name: outcome.error.code for outcome in outcomes if outcome.error}
    assert codes == {"broken.jpg": "not_an_image", "empty.jpg": "empty", "missing.jpg": "missing"}


def test_a_neighbour_that_fails_changes_no_score(classifier: Classifier, tmp_path: Path) -> None:
    photo = skin(tmp_path / "photo.png", 1)
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8\xff" + b"0" * 50)
    (alone,) = score_photos(classifier, [photo])
    _, beside, _ = score_photos(classifier, [broken, photo, broken])
    assert alone.prediction is not None
    assert beside.prediction is not None
    assert beside.prediction.scores == alone.prediction.scores


def test_the_same_photo_in_two_formats_scores_alike(classifier: Classifier, tmp_path: Path) -> None:
    first = skin(tmp_path / "photo.png", 2)
    Image.open(first).save(tmp_path / "photo.webp", lossless=True)
    one, other = score_photos(classifier, [first, tmp_path / "photo.webp"])
    assert one.prediction is not None
    assert other.prediction is not None
    assert one.prediction.scores == other.prediction.scores


def test_no_path_gives_no_outcome(classifier: Classifier) -> None:
    assert list(score_photos(classifier, [])) == []


def test_an_outcome_is_never_empty(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        Outcome(tmp_path)


def test_an_outcome_tells_the_hash_of_every_file_that_could_be_read(classifier: Classifier, tmp_path: Path) -> None:
    photo, broken = skin(tmp_path / "photo.png", 1), tmp_path / "broken.jpg"
    broken.write_bytes(b"not a photo at all")
    outcomes = list(score_photos(classifier, [photo, broken, tmp_path / "missing.jpg"]))
    wanted = [sha256(path.read_bytes()).hexdigest() for path in (photo, broken)]
    assert [outcome.sha256 for outcome in outcomes] == [*wanted, ""]
    assert all(outcome.milliseconds >= 0 for outcome in outcomes)


def test_an_unexpected_fault_becomes_the_error_of_its_photo_alone(classifier: Classifier, tmp_path: Path) -> None:
    paths: list[Source] = [skin(tmp_path / f"{number}\n.png", number) for number in range(3)]
    second = sha256(Path(paths[1]).read_bytes()).hexdigest()

    def draw(photo: Photo, prediction: Prediction) -> dict[str, bytes]:
        if photo.sha256 == second:
            raise ZeroDivisionError("a fault\nof some library")
        return {"picture": b"drawn"}

    first, failed, third = score_photos(classifier, paths, workers=2, options=Options(draw=draw))
    assert failed.error is not None and failed.error.code == "failed"
    assert "ZeroDivisionError" in str(failed.error) and str(failed.error).isprintable()
    assert failed.sha256 == second
    for outcome in (first, third):
        assert outcome.prediction is not None and outcome.prediction.evidence is not None
        assert outcome.pictures == {"picture": b"drawn"}


def test_urls_are_fetched_and_what_cannot_be_is_an_error(classifier: Classifier, tmp_path: Path) -> None:
    data = skin(tmp_path / "photo.png", 4).read_bytes()

    def fetch(url: str) -> bytes:
        if url.endswith("gone.png"):
            raise PhotoError("unreachable", f"{url} cannot be reached; try again.")
        return data

    urls: list[Source] = ["memory://photo.png", "memory://gone.png", tmp_path / "photo.png"]
    fetched, gone, read = score_photos(classifier, urls, options=Options(fetch=fetch))
    assert fetched.prediction is not None and read.prediction is not None
    assert fetched.prediction.scores == read.prediction.scores
    assert gone.error is not None and gone.error.code == "unreachable"
    (unread,) = score_photos(classifier, ["memory://photo.png"])
    assert unread.error is not None and unread.error.code == "unreachable"


def test_few_photos_are_read_ahead_and_none_after_the_end(classifier: Classifier, tmp_path: Path) -> None:
    path = skin(tmp_path / "photo.png", 5)
    taken = 0

    def coming() -> Iterator[Source]:
        nonlocal taken
        for _ in range(1000):
            taken += 1
            yield path

    outcomes = score_photos(classifier, coming(), workers=2)
    next(outcomes)
    assert taken <= 2 * _AHEAD + 1
    outcomes.close()
    assert taken <= 2 * _AHEAD + 1
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("score")]
