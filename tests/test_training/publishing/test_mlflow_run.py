"""MLflow: a training becomes one run of a real SQLite store, without the network and without a photo."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from app.cli.evaluate import account_of_photos
from model.errors import InputError, OutputError
from training.evaluation.results import METRICS, Account
from training.publishing.mlflow_run import EXPERIMENT, check_tracking, store_uri, track
from training.rendering.folder import draw_folder

# What MLflow and what it stands on are about to change is theirs to change.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def account(own_model: Path, tmp_path: Path) -> Account:
    draw_folder(tmp_path / "drawn", per_category=2, seed=1, size=96)
    curves = {"fit": {"loss": [[0.0, 1.0], [1.0, 0.5]]}}
    (own_model / METRICS).write_text(json.dumps({"curves": curves, "labelled_photos_sha256": ""}))
    (own_model / "README.md").write_text("# A model\n")
    (own_model / "report.html").write_text("photos of people")
    found = account_of_photos(own_model, tmp_path / "drawn", where=[], workers=1)
    assert isinstance(found, Account)
    return found


def test_a_run_holds_recipe_curves_figures_and_cards(
    account: Account, own_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlflow.tracking import MlflowClient

    monkeypatch.chdir(tmp_path)
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    check_tracking("mlflow.db")
    check_tracking(uri)
    run = MlflowClient(uri).get_run(track(account, own_model, "mlflow.db"))
    assert run.info.status == "FINISHED"
    assert run.data.params["network.backbone"] == "test_efficientnet"
    assert run.data.metrics["fit/loss"] == 0.5
    assert "photos/calibration_error" in run.data.metrics
    client = MlflowClient(uri)
    assert client.get_experiment_by_name(EXPERIMENT) is not None
    assert [one.step for one in client.get_metric_history(run.info.run_id, "fit/loss")] == [0, 1]
    names = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert names == {"card.json", "metrics.json", "README.md"}


def test_what_is_no_uri_is_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert store_uri("runs/mlflow.db") == f"sqlite:///{tmp_path}/runs/mlflow.db"
    for uri in ("sqlite:///mlflow.db", "https://mlflow.example.org"):
        assert store_uri(uri) == uri
    (tmp_path / "file").touch()
    with pytest.raises(OutputError) as caught:
        check_tracking("file/mlflow.db")
    assert caught.value.code == "cannot_write" and "file/mlflow.db" in str(caught.value)


def test_a_store_that_cannot_be_opened_is_named_before_training(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="--mlflow") as caught:
        check_tracking("nonsense://somewhere")
    assert caught.value.code == "cannot_write"


def test_without_mlflow_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.exceptions", None)
    with pytest.raises(InputError, match=r"\.\[mlflow\]") as caught:
        check_tracking("sqlite:///x.db")
    assert caught.value.code == "extra_not_installed"
