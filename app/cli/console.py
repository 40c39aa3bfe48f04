"""What commands share: lines on the terminal, and the packages of an extra that may be missing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from model.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

_OWN = frozenset({"app", "model", "redspots", "training"})
"""Packages of this project: one of their modules that is missing is a fault of it, which no installation mends."""
_IMPORTED_AS = {"cv2": "opencv_python_headless", "faiss": "faiss_cpu", "sklearn": "scikit_learn", "yaml": "pyyaml"}
"""Packages that are not imported by the name under which they are installed."""


def say(console: Console, line: str) -> None:
    """Print a line as it is: nothing in it is markup."""
    console.print(line, highlight=False, markup=False)


@contextmanager
def extra(name: str) -> Iterator[None]:
    """Turn a package of an extra that is missing into one sentence that names the extra. Raises InputError.

    For the imports of a command that needs more than scoring does: `with extra("train"): from training... import ...`.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in _OWN or not _is_of_extra(missing, name):
            raise
        raise InputError(
            "extra_not_installed",
            f"This command needs {error.name}, which scoring does not; install it with `pip install -e '.[{name}]'`.",
        ) from error


def _is_of_extra(package: str, extra: str) -> bool:
    """Return whether a package is one of an extra, as the metadata of this project lists them."""
    from importlib.metadata import PackageNotFoundError, requires

    try:
        lines = requires("redspots") or []
    except PackageNotFoundError:
        # A checkout that nobody installed: nothing says what is missing, but most likely it is the extra.
        return True
    wanted = [line for line in lines if re.search(rf"extra\s*==\s*['\"]{extra}['\"]", line)]
    named = {_plain(re.split(r"[^\w.-]", line, maxsplit=1)[0]) for line in wanted}
    return _plain(_IMPORTED_AS.get(package, package)) in named


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "_", name).lower()
