"""Datasets, cache and augmentation: what the network sees in training is what it sees in use, but for augmentation."""

import shutil
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from model.errors import PhotoError
from model.photo import read_photo
from model.preprocess import Preprocess
from training.data.manifest import Example
from training.loading.augment import build_augmentation
from training.loading.cache import DrawnExample, cached_pixels, is_cached, load_item, plan_drawn, plan_transplants
from training.loading.dataset import PhotoDataset, sampling_weights, targets_of
from training.loading.workers import workers_that_fit
from training.recipes import DrawnOptions, FitOptions

OUTPUTS = ("petechiae", "purpura", "other")
OPTIONS = FitOptions(epochs=1, learning_rate=0.1, backbone_learning_rate=0.1, real_weight=3.0, other_share=0.4)


def example(path: Path, category: str = "other", size: tuple[int, int] = (120, 80)) -> Example:
    random = np.random.default_rng(len(path.name))
    Image.fromarray(random.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8)).save(path)
    return Example(path, category, path.name)


def test_a_photo_is_validated_on_exactly_the_pixels_that_are_scored(tmp_path: Path) -> None:
    item = example(tmp_path / "a.jpg")
    preprocess = Preprocess(64)
    pixels = cached_pixels([item], side=64, folder=tmp_path / "cache", processes=1)
    photo, target = PhotoDataset(pixels, [2], preprocess)[0]
    np.testing.assert_array_equal(
        photo.numpy(), preprocess(read_photo(item.path, shorter_side=preprocess.decoded_side).pixels)
    )
    assert target == 2


def test_the_cache_is_made_once_and_again_when_a_photo_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    items = [example(tmp_path / "a.png"), DrawnExample("petechiae", 7, None)]
    first = cached_pixels(items, side=32, folder=tmp_path / "cache", processes=2)
    assert first.shape == (2, 32, 32, 3)
    (made,) = (tmp_path / "cache").iterdir()
    assert is_cached(items, side=32, folder=tmp_path / "cache")
    assert not is_cached(items, side=64, folder=tmp_path / "cache")
    with monkeypatch.context() as patch:
        patch.setattr("training.loading.cache.READER", 1)
        assert not is_cached(items, side=32, folder=tmp_path / "cache"), "another reader makes other pixels"
    stamp = made.stat().st_mtime_ns
    cached_pixels(items, side=32, folder=tmp_path / "cache")
    assert made.stat().st_mtime_ns == stamp
    Image.new("RGB", (50, 50), (9, 9, 9)).save(tmp_path / "a.png")
    assert cached_pixels(items, side=32, folder=tmp_path / "cache", processes=1)[0].max() == 9


def test_an_unreadable_photo_stops_with_its_name_and_leaves_no_half_cache(tmp_path: Path) -> None:
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"nothing")
    with pytest.raises(PhotoError, match="broken.jpg"):
        cached_pixels([Example(broken, "other", "b")], side=32, folder=tmp_path / "cache", processes=1)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_drawn_example_is_drawn_the_same_each_time() -> None:
    item = DrawnExample("purpura", 3, None)
    np.testing.assert_array_equal(load_item(item, 64), load_item(item, 64))


def test_every_output_is_drawn_on_the_same_canvases() -> None:
    canvases = [Example(Path(str(number)), "other", str(number)) for number in range(10)]
    planned = plan_drawn(DrawnOptions(on_photos=0.5), outputs=OUTPUTS, canvases=canvases, per_output=40, seed=1)
    for output in OUTPUTS:
        mine = [item for item in planned if item.category == output]
        assert len(mine) == 40
        assert sorted(item.canvas for item in mine if item.canvas) == sorted([one.path for one in canvases] * 2)
    assert planned == plan_drawn(DrawnOptions(on_photos=0.5), outputs=OUTPUTS, canvases=canvases, per_output=40, seed=1)


def test_a_canvas_serves_as_often_as_its_body_site_says() -> None:
    canvases = [Example(Path(site), "other", site, body_site=site) for site in ("leg", "nail", "face")]
    planned = plan_drawn(DrawnOptions(on_photos=1.0), outputs=OUTPUTS, canvases=canvases, per_output=450, seed=1)
    count = Counter((item.category, str(item.canvas)) for item in planned)
    assert count["purpura", "leg"] == pytest.approx(400, abs=1)
    assert count["purpura", "nail"] == pytest.approx(10, abs=1)
    assert {count["other", site] for site in ("leg", "nail", "face")} == {150}


def test_without_canvases_everything_is_drawn_on_drawn_skin() -> None:
    planned = plan_drawn(DrawnOptions(on_photos=1.0), outputs=OUTPUTS, canvases=[], per_output=3, seed=1)
    assert all(item.canvas is None for item in planned)


def test_shares_of_an_epoch_are_those_of_the_recipe(tmp_path: Path) -> None:
    items = [
        Example(tmp_path, "petechiae", "a"),
        DrawnExample("petechiae", 1, None),
        DrawnExample("purpura", 1, None),
        Example(tmp_path, "not_skin", "b"),
        Example(tmp_path, "other", "c"),
    ]
    weights = sampling_weights(items, OPTIONS)
    assert weights == pytest.approx([0.3 * 0.75, 0.3 * 0.25, 0.3, 0.2, 0.2])
    assert targets_of(items, OUTPUTS) == [0, 0, 1, 2, 2]


def test_the_few_real_photos_of_a_category_get_their_least_share(tmp_path: Path) -> None:
    items = [Example(tmp_path, "petechiae", "a"), *[DrawnExample("petechiae", seed, None) for seed in range(97)]]
    assert sampling_weights(items, OPTIONS)[0] == pytest.approx(0.03)
    raised = sampling_weights(items, OPTIONS.model_copy(update={"least_real_share": 0.25}))
    assert raised[0] == pytest.approx(0.25)
    many = [*[Example(tmp_path, "petechiae", str(n)) for n in range(9)], DrawnExample("petechiae", 1, None)]
    kept = sampling_weights(many, OPTIONS.model_copy(update={"least_real_share": 0.25}))
    assert kept == pytest.approx(sampling_weights(many, OPTIONS))


def test_a_dataset_of_some_rows_pairs_them_with_their_targets() -> None:
    pixels = np.arange(4, dtype=np.uint8)[:, None, None, None] * np.ones((4, 32, 32, 3), np.uint8)
    dataset = PhotoDataset(pixels, [7, 9], Preprocess(32), rows=np.array([3, 1]))
    assert [(dataset[row][0].max() > dataset[1 - row][0].max(), dataset[row][1]) for row in (0, 1)] == [
        (True, 7),
        (False, 9),
    ]


def test_lesions_are_taken_from_every_donor_in_turn(tmp_path: Path) -> None:
    examples = [Example(Path(f"{name}{n}"), name, f"{name}{n}") for name in ("petechiae", "other") for n in range(3)]
    planned = plan_transplants(examples, outputs=OUTPUTS, per_output=6, on_photos=0.5, seed=1)
    assert [item.category for item in planned] == ["petechiae"] * 6 + ["other"] * 6
    assert sorted(str(item.donor) for item in planned[:6]) == [f"petechiae{n}" for n in (0, 0, 1, 1, 2, 2)]
    assert {item.canvas for item in planned} <= {None, Path("other0"), Path("other1"), Path("other2")}


def test_augmentation_keeps_redness() -> None:
    red = np.zeros((72, 72, 3), np.uint8)
    red[:] = (180, 90, 80)
    augment = build_augmentation(64, seed=0)
    for _ in range(60):
        mean = augment(image=red)["image"].reshape(-1, 3).mean(axis=0)
        assert mean[0] > 1.25 * mean[1:].max()


def test_augmentation_is_repeatable_and_gives_the_size_of_the_network() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (72, 72, 3), dtype=np.uint8)
    one, other = build_augmentation(64, seed=5), build_augmentation(64, seed=5)
    for _ in range(5):
        first, second = one(image=pixels)["image"], other(image=pixels)["image"]
        assert first.shape == (64, 64, 3)
        assert first.dtype == np.uint8
        np.testing.assert_array_equal(first, second)


def test_ones_own_photos_are_not_drowned_by_those_mixed_in(tmp_path: Path) -> None:
    others = [Example(tmp_path, "petechiae", str(n), mixed=True) for n in range(96)]
    own = [Example(tmp_path, "petechiae", "own") for _ in range(4)]
    weights = sampling_weights([*own, *others], OPTIONS)
    assert weights[:4].sum() == pytest.approx(0.7)
    few = sampling_weights([*own, others[0]], OPTIONS)
    assert few == pytest.approx([0.2] * 5), "too few to need lowering"
    assert sampling_weights(others, OPTIONS).sum() == pytest.approx(1.0), "where there are none of one's own, all are"


def test_workers_are_as_many_as_can_hand_over_their_batches(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def free(amount: int) -> None:
        monkeypatch.setattr(shutil, "disk_usage", lambda place: SimpleNamespace(free=amount))

    free(64 * 2**20)
    assert workers_that_fit(7, lambda: 19 * 2**20) == 1
    assert workers_that_fit(7, lambda: 40 * 2**20) == 0
    assert "--shm-size" in caplog.text
    assert workers_that_fit(2, lambda: 2**20) == 2 and workers_that_fit(0, lambda: 2**40) == 0
    free(2**34)
    assert workers_that_fit(7, lambda: pytest.fail("nobody needs to know")) == 7
