"""Files and folders that appear whole or not at all and outlast a power cut; locks on files.

Everything that redspots leaves on a disk goes through here: `NewFile` and `write_file` for a file, `new_folder`,
`put_folder` and `replaced_folder` for a folder. What is half made is hidden as `.TOKEN.part` beside the target, so that
the last step is a rename within one file system.
"""

from __future__ import annotations

import errno
import filecmp
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, BinaryIO, Self

from model.errors import OutputError

_ELSEWHERE = "choose another place"
_NO_LOCKS = frozenset({errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL})
"""What `flock` answers where a file system knows none."""


def is_file(path: Path) -> bool:
    """Return whether a file has this name, which a list may have from anybody: none has one that is too long."""
    return os.path.isfile(path)  # noqa: PTH113 - Path.is_file raises where a name is too long or may not be looked up


class NewFile:
    """A file in the making, to use in a `with` statement; after an exception nothing of it is left."""

    def __init__(
        self, *, target: Path, part: Path, file: BinaryIO, overwrite: bool, again: bool, fix: str = _ELSEWHERE
    ) -> None:
        """Take what `open` has checked; call `open` instead."""
        self.target, self.file = target, file
        self._part, self._overwrite, self._again, self._fix = part, overwrite, again, fix

    @classmethod
    def open(cls, target: Path, *, overwrite: bool = False, again: bool = False, fix: str = _ELSEWHERE) -> Self:
        """Return the file, open for writing bytes.

        With `again` the file is one that a killed run may have begun or even finished: what it left half made is
        replaced, and a file that is there may stay if it turns out to hold the same bytes. Only for those who are
        alone at it. `fix` says what helps where it cannot be written. Raises OutputError: the file exists, or its
        folder takes no file.
        """
        if not overwrite and not again:
            check_absent(target)
        if target.is_dir():
            raise OutputError("cannot_write", f"{str(target)!r} is a folder; choose another file.")
        part = _part_of(target, again=again)
        try:
            if again:
                part.unlink(missing_ok=True)
            file = part.open("xb")
        except OSError as error:
            raise cannot_write(target, error, fix=fix) from error
        return cls(target=target, part=part, file=file, overwrite=overwrite, again=again, fix=fix)

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
            raise cannot_write(self.target, failure, fix=self._fix) from failure
        finally:
            self._discard()
        if isinstance(error, OSError):
            raise cannot_write(self.target, error, fix=self._fix) from error

    def _put_in_place(self) -> None:
        self.file.flush()
        os.fsync(self.file.fileno())
        self.file.close()
        if self._overwrite:
            self._part.replace(self.target)
        else:
            self._link()
        sync(self.target.parent)

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


def write_file(
    target: Path, content: bytes | str, *, overwrite: bool = False, again: bool = False, fix: str = _ELSEWHERE
) -> None:
    """Write a file, a text in UTF-8; for the options see `NewFile.open`. Raises OutputError."""
    with NewFile.open(target, overwrite=overwrite, again=again, fix=fix) as new:
        new.file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def new_folder(target: Path, *, again: bool = False) -> Iterator[Path]:
    """Yield an empty folder that has the target's name after the block; after an exception nothing of it is left.

    With `again` what a killed run left half made is replaced: only for those who are alone at it. Raises OSError.
    """
    part = _part_of(target, again=again)
    if again:
        shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        yield part
        put_folder(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def put_folder(part: Path, target: Path) -> None:
    """Give a complete folder its name, which is free, once the disk has all of it. Raises OSError."""
    for path in part.rglob("*"):
        sync(path)
    sync(part)
    part.rename(target)
    sync(target.parent)


@contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Yield a copy of a folder that takes its place after the block; after an exception the folder is as it was.

    The old one is removed when the new one has its name. There is a moment in which neither has: a process killed then
    leaves the old one hidden, and `restore_folder` brings it back. Raises OSError.
    """
    target = target.resolve()
    restore_folder(target)
    before, part = _before(target), _part_of(target, again=False)
    shutil.rmtree(before, ignore_errors=True)
    try:
        shutil.copytree(target, part)
        yield part
        target.rename(before)
        try:
            put_folder(part, target)
        except OSError:
            before.rename(target)
            raise
        shutil.rmtree(before, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def restore_folder(target: Path) -> None:
    """Give a folder its name back where a process was killed while it replaced it. Raises OSError."""
    target = target.resolve()
    if not target.exists() and (before := _before(target)).exists():
        before.rename(target)


def _before(target: Path) -> Path:
    return _part_of(target, again=True).with_suffix(".before")


def remove_parts(folder: Path) -> None:
    """Remove what killed processes left half made in a folder: only for those who are alone at it."""
    for part in folder.glob(".*.part"):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def _part_of(target: Path, *, again: bool) -> Path:
    """Return where the beginning of a file or folder lies: beside it, under a name that is its own or of this time."""
    # Short, since the target's name may fill the limit.
    token = sha256(os.fsencode(target.name)).hexdigest()[:12] if again else secrets.token_hex(6)
    return target.parent / f".{token}.part"


def lock_file(file: IO[bytes] | int, *, wait: bool) -> None:
    """Take the lock of an open file, for as long as it is open.

    Without effect where there are none, as on Windows; on a file system without locks, as some shares are, it is done
    without, and a warning is logged. Raises BlockingIOError when another process has it and `wait` is not asked for.
    """
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            logging.getLogger(__name__).warning(
                "The file system has no locks (%s): nothing keeps a second run from the same files; start none.",
                error.strerror,
            )


def hold_file(file: IO[bytes] | int, place: Path) -> None:
    """Keep other runs from an open file until it is closed; `place` is for people. Raises OutputError `in_use`."""
    try:
        lock_file(file, wait=False)
    except BlockingIOError as error:
        sentence = f"{str(place)!r} is in use by another run; wait for it, or choose another --out."
        raise OutputError("in_use", sentence) from error
    except OSError as error:
        raise cannot_write(place, error) from error


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder. Raises OSError, for a file only."""
    if path.is_dir():
        # Not every system can open a folder.
        with suppress(OSError):
            _sync(path)
    else:
        _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def check_absent(*paths: Path) -> None:
    """Raise OutputError for the first path that something has already, a dangling link included."""
    for path in paths:
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


def cannot_write(path: Path, error: OSError, *, fix: str = _ELSEWHERE) -> OutputError:
    """Return the error for a file that the system does not take; `fix` says what helps."""
    reason = error.strerror or "no reason given"
    return OutputError("cannot_write", f"{str(path)!r} cannot be written ({reason}); {fix}.")


def _exists(path: Path) -> OutputError:
    return OutputError("exists", f"{str(path)!r} exists already; choose another file or remove it.")
