"""score_photos: one outcome per path, in order, whatever the files are."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from model.classifier import Classifier
from model.scoring import Outcome, score_photos


@pytest.fixture(scope="module")
def classifier(tiny_model: Path) -> Classifier:
    return Classifier.load(tiny_model)


def skin(path: Path, seed: int) -> Path:
    random = np.random.default_rng(seed)
    pixels = np.clip(random.normal((200, 150, 130), 12, (96, 128, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    return path


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("batch_size", [1, 4, 16])
def test_every_path_has_one_outcome_in_order(
    classifier: Classifier, tmp_path: Path, workers: int, batch_size: int
) -> None:
    paths = [skin(tmp_path / f"{number:02d}.png", number) for number in range(9)]
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"not a photo at all")
    empty = tmp_path / "empty.jpg"
    empty.touch()
    order = [broken, *paths[:5], empty, tmp_path / "missing.jpg", *paths[5:], paths[0]]
    outcomes = list(score_photos(classifier, order, batch_size=batch_size, workers=workers))
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
