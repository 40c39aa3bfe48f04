"""The road to `training`, whose packages scoring does not need: nothing of it is imported before it is used."""

from __future__ import annotations

import importlib
from typing import Any

from model.errors import InputError


def load_training(module: str) -> Any:
    """Return a module of `training`. Raises InputError where its packages are not installed."""
    try:
        return importlib.import_module(f"training.{module}")
    except ModuleNotFoundError as error:
        raise InputError(
            "extra_not_installed",
            f"This command needs {error.name}, which scoring does not; install it with `pip install -e .[train]`.",
        ) from error
