"""NewFile: a file that appears under its name only when it is complete, and then at once; never over another."""

from __future__ import annotations

import filecmp
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from model.errors import OutputError


def is_file(path: Path) -> bool:
    """Return whether a file has this name, which a list may have from anybody: none has one that is too long."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a name is too long or may not be looked up


class NewFile:
    """A file in the making, to use in a `with` statement; after an exception nothing of it is left."""

    def __init__(self, *, target: Path, part: Path, file: BinaryIO, overwrite: bool, again: bool) -> None:
        """Take what `open` has checked; call `open` instead."""
        self.target, self.file = target, file
        self._part, self._overwrite, self._again = part, overwrite, again

    @classmethod
    def open(cls, target: Path, *, overwrite: bool = False, again: bool = False) -> Self:
        """Return the file, open for writing bytes.

        With `again` the file is one that a killed run may have begun or even finished: what it left half made is
        replaced, and a file that is there may stay if it turns out to hold the same bytes. Only for those who are
        alone at it. Raises OutputError: the file exists, or its folder takes no file.
        """
        if not overwrite and not again:
            check_absent(target)
        if target.is_dir():
            raise OutputError("cannot_write", f"{str(target)!r} is a folder; choose another file.")
        # Beside the target, so that the last step is a rename; short, since the target's name may fill the limit.
        token = sha256(os.fsencode(target.name)).hexdigest()[:12] if again else secrets.token_hex(6)
        part = target.parent / f".{token}.part"
        try:
            if again:
                part.unlink(missing_ok=True)
            file = part.open("xb")
        except OSError as error:
            raise cannot_write(target, error) from error
        return cls(target=target, part=part, file=file, overwrite=overwrite, again=again)

    def __enter__(self) -> Self:
        """Return the file itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Put the complete file in its place; after an exception leave nothing behind. Raises OutputError."""
        try:
            if kind is None:
                self._put_in_place()
        except FileExistsError:
            raise _exists(self.target) from None
        except OSError as failure:
            raise cannot_write(self.target, failure) from failure
        finally:
            self._discard()
        if isinstance(error, OSError):
            raise cannot_write(self.target, error) from error

    def _put_in_place(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        if self._overwrite:
            self._part.replace(self.target)
        else:
            self._link()
        sync_folder(self.target.parent)

    def _link(self) -> None:
        try:
            place_new(self._part, self.target)
        except FileExistsError:
            if not (self._again and filecmp.cmp(self.target, self._part, shallow=False)):
                raise

    def _discard(self) -> None:
        # What a full disk refuses here is thrown away in any case, and must not hide the error that led here.
        with suppress(OSError):
            self.file.close()
        self._part.unlink(missing_ok=True)


def place_new(part: Path, target: Path) -> None:
    """Give a complete file its name, never that of another. Raises FileExistsError and other OSError.

    A link, unlike a rename, refuses a file that appeared in the meantime. Where there are no links, as on exFAT and
    many shares, it is a rename after a look.
    """
    try:
        target.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:
        if os.path.lexists(target):
            raise FileExistsError from None
        part.rename(target)


def check_absent(path: Path) -> None:
    """Raise OutputError if something has this name already, a dangling link included."""
    if os.path.lexists(path):
        raise _exists(path)


def check_folder(path: Path) -> None:
    """Raise OutputError unless the folder of a path takes new files."""
    folder = path.parent
    if not folder.is_dir():
        sentence = f"{str(path)!r} cannot be written (there is no folder {str(folder)!r}); choose another place."
        raise OutputError("cannot_write", sentence)
    if not os.access(folder, os.W_OK | os.X_OK):
        sentence = f"{str(path)!r} cannot be written (its folder takes no files); choose another place."
        raise OutputError("cannot_write", sentence)


def sync_folder(folder: Path) -> None:
    """Make a new name in a folder outlast a power cut, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> OutputError:
    """Return the error for a file that the system does not take."""
    reason = error.strerror or "no reason given"
    return OutputError("cannot_write", f"{str(path)!r} cannot be written ({reason}); choose another place.")


def _exists(path: Path) -> OutputError:
    return OutputError("exists", f"{str(path)!r} exists already; choose another file or remove it.")
