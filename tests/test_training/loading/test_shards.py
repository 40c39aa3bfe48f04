"""Shards: whole or not there, read photo by photo, made once however many want one at the same moment."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import training.loading.shards
from training.loading.shards import Pixels, SomePixels, shard_offset, write_shard

SIDE = 4


def photos(count: int, *, seed: int = 0) -> list[NDArray[np.uint8]]:
    return list(np.random.default_rng(seed).integers(0, 256, (count, SIDE, SIDE, 3), np.uint8))


def written(path: Path, made: Sequence[NDArray[np.uint8]]) -> Path:
    write_shard(path, made, count=len(made), side=SIDE)
    return path


def waiting_for_the_lock(name: str) -> bool:
    """Return whether somebody waits for a lock, as the kernel tells it."""
    inode = Path(name).stat().st_ino
    lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    return any("->" in line and f":{inode} " in line for line in lines)


def test_photos_come_back_one_by_one(tmp_path: Path) -> None:
    made = photos(3)
    path = written(tmp_path / "shard.npy", made)
    assert [entry.name for entry in tmp_path.iterdir()] == ["shard.npy"]
    np.testing.assert_array_equal(np.load(path), made)
    offset = shard_offset(path, count=3, side=SIDE)
    assert offset is not None
    pixels = Pixels([path], [offset], 3, SIDE)
    assert len(pixels) == 3 and pixels.shape == (3, SIDE, SIDE, 3)
    for row in (2, 0, 1):
        np.testing.assert_array_equal(pixels[row], made[row])
    for row in (-1, 3):
        with pytest.raises(IndexError):
            pixels[row]
    some = SomePixels(pixels, [2, 2, 0])
    assert len(some) == 3
    np.testing.assert_array_equal(some[1], made[2])
    with pytest.raises(IndexError):
        some[3]


@given(count=st.integers(1, 9), per_shard=st.integers(1, 4))
@settings(max_examples=25, deadline=None)
def test_several_shards_are_one_row_of_photos(
    tmp_path_factory: pytest.TempPathFactory, count: int, per_shard: int
) -> None:
    folder, made = tmp_path_factory.mktemp("shards"), photos(count, seed=count)
    cut = [made[begin : begin + per_shard] for begin in range(0, count, per_shard)]
    paths = [written(folder / f"{number}.npy", part) for number, part in enumerate(cut)]
    offsets = [shard_offset(path, count=len(part), side=SIDE) for path, part in zip(paths, cut, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.loading.shards, "PHOTOS_PER_SHARD", per_shard)
        pixels = Pixels(paths, [offset or 0 for offset in offsets], count, SIDE)
        np.testing.assert_array_equal([pixels[row] for row in range(count)], made)


@given(cut=st.floats(0, 0.999))
@settings(max_examples=40, deadline=None)
def test_a_shard_that_was_cut_off_is_none(tmp_path_factory: pytest.TempPathFactory, cut: float) -> None:
    path = written(tmp_path_factory.mktemp("cut") / "shard.npy", photos(2))
    data = path.read_bytes()
    path.write_bytes(data[: int(cut * len(data))])
    assert shard_offset(path, count=2, side=SIDE) is None


def test_another_file_is_no_shard(tmp_path: Path) -> None:
    path = written(tmp_path / "shard.npy", photos(2))
    assert shard_offset(path, count=2, side=SIDE) is not None
    assert shard_offset(path, count=3, side=SIDE) is None
    assert shard_offset(path, count=2, side=SIDE + 1) is None
    assert shard_offset(tmp_path / "gone.npy", count=2, side=SIDE) is None
    np.save(path, np.zeros((2, SIDE, SIDE, 3), np.float32))
    assert shard_offset(path, count=2, side=SIDE) is None


def test_what_a_killed_run_left_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "shard.partial").write_bytes(b"half" * 100)
    made = photos(2)
    np.testing.assert_array_equal(np.load(written(tmp_path / "shard.npy", made)), made)
    assert not (tmp_path / "shard.partial").exists()


def test_a_photo_that_fails_leaves_no_shard(tmp_path: Path) -> None:
    def failing() -> Iterator[NDArray[np.uint8]]:
        yield photos(1)[0]
        raise ValueError("a broken photo")

    with pytest.raises(ValueError, match="broken"):
        write_shard(tmp_path / "shard.npy", failing(), count=2, side=SIDE)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the kernel does not tell who waits")
@pytest.mark.parametrize("fails", [False, True])
def test_who_comes_second_waits_and_takes_it_or_makes_it(tmp_path: Path, fails: bool) -> None:
    path, made = tmp_path / "shard.npy", photos(2)
    begun, go_on = threading.Event(), threading.Event()
    asked: set[str] = set()

    def first() -> Iterator[NDArray[np.uint8]]:
        begun.set()
        assert go_on.wait(30)
        if fails:
            raise KeyboardInterrupt
        yield from made

    def second() -> Iterator[NDArray[np.uint8]]:
        asked.add("second")
        yield from made

    def write_first() -> None:
        try:
            write_shard(path, first(), count=2, side=SIDE)
        except KeyboardInterrupt:
            asked.add("first stopped")

    threads = [
        threading.Thread(target=write_first),
        threading.Thread(target=write_shard, args=(path, second()), kwargs={"count": 2, "side": SIDE}),
    ]
    threads[0].start()
    assert begun.wait(30)
    threads[1].start()
    while not waiting_for_the_lock(str(path.with_suffix(".partial"))):
        time.sleep(0.01)
    go_on.set()
    for thread in threads:
        thread.join(30)
    np.testing.assert_array_equal(np.load(path), made)
    assert asked == ({"first stopped", "second"} if fails else set())
    assert [entry.name for entry in tmp_path.iterdir()] == ["shard.npy"]
