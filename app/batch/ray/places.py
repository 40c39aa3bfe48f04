"""Places where a run keeps files, each whole or not there: a disk's here, stores in `app.batch.object_store`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from model.errors import OutputError
from model.system.files import cannot_write, check_folder, hold_file, write_file


class Place(Protocol):
    """A folder of files, read and written whole. Every method raises OutputError where that fails."""

    def check(self) -> None:
        """Raise OutputError if it is plain already that nothing can be written."""

    def names(self) -> set[str]:
        """Return what is there; nothing if the folder itself is not."""

    def read(self, name: str) -> bytes:
        """Return a file."""

    def write(self, name: str, data: bytes) -> None:
        """Write a file that is not there."""

    def locked(self, name: str) -> AbstractContextManager[None]:
        """Keep other runs away while the block runs, by a file that is there."""


class LocalPlace:
    """A folder on a disk."""

    def __init__(self, path: Path) -> None:
        """Take a path; the folder need not be there."""
        self._path = path

    def check(self) -> None:
        """See `Place`."""
        check_folder(self._path)

    def names(self) -> set[str]:
        """See `Place`."""
        try:
            # Hidden are the beginnings of files that a killed run has left.
            return {entry.name for entry in self._path.iterdir() if not entry.name.startswith(".")}
        except FileNotFoundError:
            return set()
        except OSError as error:
            raise cannot_write(self._path, error) from error

    def read(self, name: str) -> bytes:
        """See `Place`."""
        path = self._path / name
        try:
            return path.read_bytes()
        except OSError as error:
            reason = error.strerror or "no reason given"
            raise OutputError(
                "cannot_write", f"{str(path)!r} cannot be read ({reason}); check its permissions."
            ) from error

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        try:
            self._path.mkdir(exist_ok=True)
        except OSError as error:
            raise cannot_write(self._path, error) from error
        write_file(self._path / name, data, again=True)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """See `Place`."""
        path = self._path / name
        try:
            file = path.open("r+b")
        except OSError as error:
            raise cannot_write(path, error) from error
        with file:
            hold_file(file, self._path)
            yield
