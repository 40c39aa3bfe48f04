"""The folder that the page keeps photos in for minutes: private to the user, emptied of what killed servers left."""

from __future__ import annotations

import getpass
import os
import shutil
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from model.errors import OutputError

LOCK = "lock"
ABANDONED_AFTER = 600.0
"""Seconds that a folder without a lock may be one whose lock something cleaned away: its server makes it anew."""


class PrivateFolder:
    """One server's folder, mode 0700, and the lock that says that the server runs.

    Programs that clean the temp folder may take either away while the server runs: `tend` makes both anew.
    """

    def __init__(self, path: Path) -> None:
        """Take a folder that is there, and lock it."""
        self.path = path
        self._kept: dict[Path, bytes] = {}
        self._tending = threading.Lock()
        self._lock = _lock_of(path)
        self._lock.acquire()
        self._locked = _identity(path / LOCK)

    def keep(self, file: Path) -> None:
        """Remember a file of the folder that is to be there for as long as the server runs."""
        self._kept[file] = file.read_bytes()

    def tend(self) -> None:
        """See to it that the folder is there, private and locked, and kept files in it. Raises OutputError."""
        with self._tending:
            try:
                _make_home(self.path.parent)
                self.path.mkdir(mode=0o700, exist_ok=True)
                _check_own(self.path)
                if self._locked is None or _identity(self.path / LOCK) != self._locked:
                    # The lock is on a file that no longer has this name: nobody else would meet it.
                    self._lock.release(force=True)
                    self._lock.acquire()
                    self._locked = _identity(self.path / LOCK)
                for file, data in self._kept.items():
                    if not file.exists():
                        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                        file.write_bytes(data)
                # What cleans by age passes by what is young.
                for path in (self.path.parent, self.path, self.path / LOCK, *self._kept):
                    os.utime(path)
            except OSError as error:
                raise _cannot_write(self.path, error) from error

    def remove(self) -> None:
        """Remove the folder with all its contents, then let go of the lock."""
        shutil.rmtree(self.path, ignore_errors=True)
        with suppress(OSError):
            self._lock.release(force=True)


def home_of_folders() -> Path:
    """Return where the folders of this user's servers lie, one per running server. Raises OutputError."""
    try:
        # Windows knows no numbers of users, and gives each a temp folder of their own.
        user = os.getuid() if hasattr(os, "getuid") else getpass.getuser()
        return Path(tempfile.gettempdir()).resolve() / f"redspots-{user}"
    except OSError as error:
        sentence = "No folder takes the photos that the page keeps for minutes; set TMPDIR to one that can be written."
        raise OutputError("cannot_write", sentence) from error


@contextmanager
def private_folder(home: Path | None = None) -> Iterator[PrivateFolder]:
    """Yield a new folder with mode 0700, removed with all its contents at the end.

    Before, the folders of servers that were killed are removed: a server holds a lock on its folder, which the
    system lets go of however the server ends. Raises OutputError `cannot_write`.
    """
    home = home or home_of_folders()
    try:
        _make_home(home)
        # One server starts at a time: a folder that is not locked yet would look abandoned to the next.
        with FileLock(home / LOCK):
            purge_abandoned(home)
            folder = PrivateFolder(Path(tempfile.mkdtemp(prefix="server-", dir=home)))
    except OSError as error:
        raise _cannot_write(home, error) from error
    try:
        yield folder
    finally:
        folder.remove()


def purge_abandoned(home: Path) -> None:
    """Remove every folder in `home` whose server no longer runs."""
    for folder in home.glob("server-*"):
        with suppress(OSError):
            if not (folder / LOCK).exists():
                is_abandoned = folder.stat().st_mtime < time.time() - ABANDONED_AFTER
            else:
                is_abandoned = _is_free(folder)
            if is_abandoned:
                shutil.rmtree(folder, ignore_errors=True)


def _lock_of(folder: Path) -> FileLock:
    # Photos come in on many threads.
    return FileLock(folder / LOCK, thread_local=False)


def _is_free(folder: Path) -> bool:
    lock = _lock_of(folder)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True


def _identity(file: Path) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name, or None where there is none."""
    try:
        status = file.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _make_home(home: Path) -> None:
    """Make `home`, or check that nobody else made it: the temp folder is open to every user of the machine."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_own(home)


def _check_own(folder: Path) -> None:
    status = folder.lstat()
    is_own = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    if not stat.S_ISDIR(status.st_mode) or not is_own:
        raise OutputError("cannot_write", f"{str(folder)!r} belongs to someone else; remove it or set TMPDIR.")
    folder.chmod(0o700)


def _cannot_write(path: Path, error: OSError) -> OutputError:
    reason = error.strerror or str(error)
    return OutputError("cannot_write", f"{str(path)!r} cannot be made ({reason}); set TMPDIR.")
