"""The road to `training`, whose packages scoring does not need: nothing of it is imported before it is used."""

from __future__ import annotations

import importlib
import re
from typing import Any

from model.errors import InputError

_OWN = frozenset({"app", "model", "training"})
"""Packages of this project: one of their modules that is missing is a fault of it, which no installation mends."""
_IMPORTED_AS = {"cv2": "opencv_python_headless", "faiss": "faiss_cpu", "sklearn": "scikit_learn"}
"""Packages that are not imported by the name under which they are installed."""


def load_training(module: str) -> Any:
    """Return a module of `training`. Raises InputError where packages of the extra are not installed."""
    try:
        return importlib.import_module(f"training.{module}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OWN or not _is_of_extra(missing):
            raise
        raise InputError(
            "extra_not_installed",
            f"This command needs {error.name}, which scoring does not; install it with `pip install -e .[train]`.",
        ) from error


def _is_of_extra(name: str) -> bool:
    """Return whether a package is one of the extra `train`, as the metadata of this project lists them."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires("redspots") or []
    except PackageNotFoundError:
        # A checkout that nobody installed: nothing says what is missing, but most likely it is the extra.
        return True
    wanted = [line for line in lines if re.search(r"extra\s*==\s*['\"]train['\"]", line)]
    named = {_plain(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in wanted}
    return _plain(_IMPORTED_AS.get(name, name)) in named


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
