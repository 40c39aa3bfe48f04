"""A finished training as one run of MLflow: what it was asked for, its curves, and what came out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from model.card import CARD
from model.errors import InputError, OutputError
from model.redaction import redacted
from training.evaluation.results import METRICS, Account

EXPERIMENT = "redspots"
KEPT = (CARD, METRICS, "README.md")
"""Files of the model that go into the run: neither the network, which is large, nor the report, which shows photos."""
LONGEST = 500
"""Characters of a parameter that every store of MLflow takes."""


def store_uri(store: str) -> str:
    """Return the URI of an MLflow store; what is none is the path of an SQLite file, which MLflow makes if need be."""
    return store if "://" in store else f"sqlite:///{Path(store).absolute().as_posix()}"


def _artifacts(store: str) -> str | None:
    """Return where files of runs lie: beside an SQLite file, else where the server says."""
    return None if "://" in store else Path(store).absolute().with_name("mlruns").as_uri()


def _uri(store: str) -> str:
    """Return the URI for a client, which prints it; a password in it goes the way that MLflow documents."""
    uri = store_uri(store)
    parts = urlsplit(uri)
    if parts.scheme in {"http", "https"} and parts.password is not None:
        os.environ["MLFLOW_TRACKING_USERNAME"] = unquote(parts.username or "")
        os.environ["MLFLOW_TRACKING_PASSWORD"] = unquote(parts.password)
        uri = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"
    return uri


def _reason(error: Exception, store: str) -> str:
    return redacted(str(error), store)


def check_tracking(store: str) -> None:
    """Raise before anything is trained: InputError without MLflow, OutputError where its store cannot be opened."""
    try:
        from mlflow.exceptions import MlflowException
        from mlflow.tracking import MlflowClient
    except ModuleNotFoundError as error:
        raise InputError(
            "extra_not_installed", f"--mlflow needs {error.name}; install it with `pip install -e '.[mlflow]'`."
        ) from error
    try:
        client = MlflowClient(_uri(store))
        if client.get_experiment_by_name(EXPERIMENT) is None:
            client.create_experiment(EXPERIMENT, artifact_location=_artifacts(store))
    except (MlflowException, OSError) as error:
        raise OutputError(
            "cannot_write", f"MLflow cannot write to {store!r} ({_reason(error, store)}); correct --mlflow."
        ) from error


def track(account: Account, folder: Path, store: str) -> str:
    """Write one run for a model folder into an MLflow store, and return the run's id. Raises OutputError."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    try:
        return _write(MlflowClient(_uri(store)), account, folder)
    except (MlflowException, OSError) as error:
        raise OutputError(
            "cannot_write",
            f"The model is in {str(folder)!r}, but MLflow did not take its run ({_reason(error, store)}); "
            "check --mlflow.",
        ) from error


def _write(client: Any, account: Account, folder: Path) -> str:
    experiment = client.get_experiment_by_name(EXPERIMENT)
    run = client.create_run(experiment.experiment_id, run_name=account.card.version).info.run_id
    for name, value in _flat(account.metrics["recipe"]):
        client.log_param(run, name, str(value)[:LONGEST])
    for training, curves in account.metrics["curves"].items():
        for name, pairs in curves.items():
            for epoch, value in pairs:
                client.log_metric(run, f"{training}/{name}", value, step=int(epoch))
    for one in account.sets:
        for name, figure in one.figures["figures"].items():
            if figure["value"] is not None:
                client.log_metric(run, f"{one.name}/{name}", figure["value"])
    for name in KEPT:
        client.log_artifact(run, str(folder / name))
    client.set_terminated(run)
    return str(run)


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
