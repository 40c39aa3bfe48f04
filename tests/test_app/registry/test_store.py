"""The store of models: what is promoted is the default, whole or not at all, whoever is killed or comes twice."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.registry.store import SHIPPED, STATE, default_model, read_state
from app.registry.stored_models import put, remove, roll_back
from model.card import NETWORK, ModelCard
from model.classifier import Classifier, newest_release
from model.errors import ModelError, OutputError
from tests.conftest import write_tiny_model

ROOT = Path(__file__).parents[3]
ENTRY = {"figures": {}, "against": [], "override": ""}


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("REDSPOTS_MODELS", str(tmp_path / "store"))
    return tmp_path / "store"


@pytest.fixture(scope="module")
def second_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("second") / "tiny", version="0.0.2")


def put_in(model: Path) -> str:
    return put(model, instead_of=default_model().name, entry=ENTRY, told=lambda card: "told")


def test_without_a_store_the_newest_release_is_the_default(store: Path) -> None:
    assert default_model().folder == newest_release()
    assert not store.exists(), "looking makes nothing"


def test_a_model_that_was_put_in_is_the_default_and_opens(store: Path, tiny_model: Path) -> None:
    assert put_in(tiny_model) == "0.0.1"
    assert default_model().folder == store / "0.0.1"
    card = Classifier.load(default_model().folder).card
    assert card.promotion["from"] == str(tiny_model)
    assert card.files[NETWORK] == ModelCard.read(tiny_model).files[NETWORK]


def test_only_what_the_card_lists_is_copied(store: Path, own_model: Path) -> None:
    (own_model / "report.html").write_text("photos of people")
    name = put_in(own_model)
    assert sorted(path.name for path in (store / name).iterdir()) == ["card.json", NETWORK, "weights.safetensors"]


def test_a_second_model_of_the_same_version_gets_a_name_of_its_own(store: Path, tiny_model: Path) -> None:
    assert [put_in(tiny_model), put_in(tiny_model)] == ["0.0.1", "0.0.1-2"]


@pytest.mark.parametrize("version", ["../../evil", "shipped", "a b/c", "..."])
def test_a_version_is_no_way_out_of_the_store(store: Path, tmp_path: Path, version: str) -> None:
    name = put_in(write_tiny_model(tmp_path / "model", version=version))
    assert name != SHIPPED and (store / name).parent == store
    assert default_model().folder == store / name


def test_rolling_back_goes_the_way_that_was_come(store: Path, tiny_model: Path, second_model: Path) -> None:
    put_in(tiny_model)
    put_in(second_model)
    assert [default_model().name, roll_back(), roll_back()] == ["0.0.2", "0.0.1", SHIPPED]
    assert default_model().folder == newest_release()
    with pytest.raises(ModelError) as caught:
        roll_back()
    assert caught.value.code == "not_promoted"
    assert [change["action"] for change in read_state(store).history] == ["promote", "promote", "rollback", "rollback"]


def test_a_model_is_removed_unless_it_is_the_default(store: Path, tiny_model: Path, second_model: Path) -> None:
    put_in(tiny_model)
    put_in(second_model)
    for name in ("0.0.2", "nothing"):
        with pytest.raises(ModelError) as caught:
            remove(name)
        assert caught.value.code == "not_promoted"
    remove("0.0.1")
    assert not (store / "0.0.1").exists()
    assert roll_back() == SHIPPED


def test_a_damaged_model_is_not_put_in(store: Path, own_model: Path, tiny_model: Path) -> None:
    put_in(tiny_model)
    (own_model / NETWORK).write_bytes(b"")
    with pytest.raises(ModelError):
        put_in(own_model)
    assert default_model().name == "0.0.1"
    assert sorted(path.name for path in store.iterdir() if path.is_dir()) == ["0.0.1"]


def test_a_default_that_changed_in_the_meantime_is_not_replaced(store: Path, tiny_model: Path) -> None:
    put_in(tiny_model)
    with pytest.raises(OutputError) as caught:
        put(tiny_model, instead_of=SHIPPED, entry=ENTRY, told=lambda card: "")
    assert caught.value.code == "in_use"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"schema": 2}', '{"schema": 1, "defaults": ["../x"]}'])
def test_a_store_that_cannot_be_read_is_named_and_nothing_else_is_used(store: Path, text: str) -> None:
    store.mkdir()
    (store / STATE).write_text(text)
    with pytest.raises(ModelError, match=r"store\.json") as caught:
        default_model()
    assert caught.value.code == "bad_store"


def test_a_default_that_is_gone_is_named_with_the_way_back(store: Path, tiny_model: Path) -> None:
    name = put_in(tiny_model)
    (store / name).rename(store / "elsewhere")
    with pytest.raises(ModelError, match="rollback") as caught:
        default_model()
    assert caught.value.code == "missing_model"


PUT = """
import sys
from pathlib import Path
from app.registry.stored_models import put
print("begun", flush=True)
put(Path(sys.argv[1]), instead_of=sys.argv[2], entry={"figures": {}, "against": [], "override": ""}, told=lambda c: "")
"""


@pytest.mark.parametrize("milliseconds", [0, 1, 3, 6, 10, 15, 25, 40, 70])
def test_killed_at_any_moment_it_leaves_the_old_default_or_the_new_one(
    store: Path, tiny_model: Path, second_model: Path, milliseconds: int
) -> None:
    put_in(tiny_model)
    command = [sys.executable, "-c", PUT, str(second_model), "0.0.1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(milliseconds / 1000)
        os.kill(process.pid, signal.SIGKILL)
    assert default_model().name in {"0.0.1", "0.0.2"}
    Classifier.load(default_model().folder)
    assert put_in(second_model) == default_model().name, "what was left behind is in nobody's way"


def _put_and_tell(model: Path, results: multiprocessing.Queue[str]) -> None:
    try:
        results.put(put(model, instead_of=SHIPPED, entry=ENTRY, told=str))
    except OutputError as error:
        results.put(error.code)


def test_of_two_at_once_one_wins_and_the_other_is_told(store: Path, tiny_model: Path, second_model: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results: multiprocessing.Queue[str] = context.Queue()
    both = [context.Process(target=_put_and_tell, args=(model, results)) for model in (tiny_model, second_model)]
    for process in both:
        process.start()
    told = {results.get(timeout=120) for _ in both}
    for process in both:
        process.join()
    assert "in_use" in told
    assert told - {"in_use"} == {default_model().name}
    Classifier.load(default_model().folder)


def test_the_commands_show_what_is_there(store: Path, tiny_model: Path) -> None:
    put_in(tiny_model)
    runner = CliRunner(env={"COLUMNS": "200"})
    shown = runner.invoke(app, ["models", "list"])
    assert shown.exit_code == 0, shown.output
    assert "0.0.1" in shown.output and SHIPPED in shown.output and "*" in shown.output
    assert "promote" in runner.invoke(app, ["models", "show", "0.0.1"]).output
    back = runner.invoke(app, ["models", "rollback"])
    assert back.exit_code == 0, back.output
    assert default_model().name == SHIPPED
    assert runner.invoke(app, ["models", "remove", "0.0.1"]).exit_code == 0
    assert json.loads((store / STATE).read_text())["default"] == SHIPPED


def test_a_home_that_is_no_folder_holds_no_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "home").touch()
    monkeypatch.setenv("REDSPOTS_MODELS", str(tmp_path / "home" / "models"))
    assert default_model().name == SHIPPED
