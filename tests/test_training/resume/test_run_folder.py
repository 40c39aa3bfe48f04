"""The run folder: it outlives everything but success, and serves no other run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from model.errors import OutputError, RedspotsError
from training.resume.run_folder import RunFolder, run_folder_of

IDENTITY = {
    "recipe": {"fit": {"epochs": 2}},
    "photos": [["a.jpg", "1f", ["petechiae"]]],
    "test": [],
    "weights": None,
    "start": None,
    "code": "c",
    "packages": {"torch": "2"},
}


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "my_model"


def opened(out: Path, *, resume: bool = False, **changed: Any) -> RunFolder:
    return RunFolder.open(out, identify=lambda: {**IDENTITY, **changed}, resume=resume)


def refused(open_: Callable[[], RunFolder]) -> tuple[str, str]:
    with pytest.raises(OutputError) as caught:
        open_()
    return caught.value.code, str(caught.value)


def test_what_a_step_came_to_is_there_for_the_next_attempt(out: Path) -> None:
    asked = []

    def make() -> dict[str, Any]:
        asked.append(1)
        return {"weights": torch.arange(3), "epoch": 2}

    for resume in (False, True):
        with opened(out, resume=resume) as run:
            state = run.once("fold 1", make)
            assert state["weights"].tolist() == [0, 1, 2] and state["epoch"] == 2
            assert run.read("fold 2") is None
    assert asked == [1]
    assert run_folder_of(out) == out.with_name(".my_model.redspots-run") and run_folder_of(out).is_dir()


def test_a_damaged_step_is_done_again(out: Path) -> None:
    with opened(out) as run:
        run.write("fold", {"epoch": 1})
        [values] = (run.folder / "steps" / "fold").glob("*.json")
        values.write_text(values.read_text(encoding="utf-8").replace("1", "7"), encoding="utf-8")
        assert run.read("fold") is None
        assert run.once("fold", lambda: {"epoch": 1}) == {"epoch": 1}


def test_an_unfinished_run_is_neither_overwritten_nor_looked_into_without_resume(out: Path) -> None:
    with opened(out):
        pass

    def never() -> dict[str, Any]:
        raise AssertionError("the photos are read for nothing")

    code, sentence = refused(lambda: RunFolder.open(out, identify=never, resume=False))
    assert code == "unfinished_run" and "--resume" in sentence


def test_another_run_is_refused_with_what_differs(out: Path) -> None:
    with opened(out):
        pass
    code, sentence = refused(lambda: opened(out, resume=True, packages={"torch": "3"}, code="d"))
    assert code == "other_run" and "torch was 2 and is 3" in sentence and "the code of redspots" in sentence
    with opened(out, resume=True):
        pass


def test_two_processes_never_have_one_folder(out: Path) -> None:
    with opened(out):
        code, sentence = refused(lambda: opened(out, resume=True))
        assert code == "in_use" and "another --out" in sentence


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"identity": 3}', '{"identity": {"recipe": 1}}'])
def test_a_foreign_run_file_is_named(out: Path, text: str) -> None:
    run_folder_of(out).mkdir()
    (run_folder_of(out) / "run.json").write_text(text, encoding="utf-8")
    code, sentence = refused(lambda: opened(out, resume=True))
    assert code == "no_journal" and "run.json" in sentence


def test_leftovers_of_nobody_knows_which_run_are_not_used_but_the_cache_is(out: Path) -> None:
    folder = run_folder_of(out)
    for name in ("checkpoints", "steps", "model", "cache"):
        (folder / name).mkdir(parents=True)
        (folder / name / "left").touch()
    with opened(out, resume=True) as run:
        assert not run.trainings.exists() and not (folder / "steps").exists() and not (folder / "model").exists()
        assert (run.cache / "left").exists()


@pytest.mark.parametrize("trained", [False, True])
def test_an_error_before_the_first_training_is_no_unfinished_run(out: Path, trained: bool) -> None:
    with pytest.raises(RedspotsError), opened(out) as run:
        if trained:
            run.trainings.mkdir()
        raise OutputError("cannot_write", "'x' cannot be written; choose another place.")
    if trained:
        assert refused(lambda: opened(out))[0] == "unfinished_run"
    else:
        opened(out).__exit__(None, None, None)


def test_a_run_that_is_complete_leaves_nothing(out: Path) -> None:
    with opened(out) as run:
        run.write("fold", {"epoch": 1})
        run.remove()
    assert list(out.parent.iterdir()) == []


def test_the_clock_leaves_out_the_pauses(out: Path) -> None:
    with opened(out) as run:
        folder = run.folder
        clock = {"seconds": 60.0, "begin": time.time() - 5000}
        (folder / "clock.json").write_text(json.dumps(clock), encoding="utf-8")
    # The run worked for another minute, and then there was a long pause.
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (clock["begin"] + 60, clock["begin"] + 60))
    with opened(out, resume=True) as run:
        assert run.minutes() == pytest.approx(2, abs=0.1)
    (folder / "clock.json").write_text("torn", encoding="utf-8")
    with opened(out, resume=True) as run:
        assert run.minutes() == pytest.approx(0, abs=0.1)


def test_a_place_that_takes_nothing_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    code, sentence = refused(lambda: opened(tmp_path / "file" / "my_model"))
    assert code == "cannot_write" and "my_model" in sentence
