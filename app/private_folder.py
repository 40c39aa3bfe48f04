"""The folder that the page keeps photos in for minutes: private to the user, emptied of what killed servers left."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from model.errors import OutputError

LOCK = "lock"


def home_of_folders() -> Path:
    """Return where the folders of this user's servers lie, one per running server."""
    return Path(tempfile.gettempdir()).resolve() / f"redspots-{os.getuid()}"


@contextmanager
def private_folder(home: Path | None = None) -> Iterator[Path]:
    """Return a new folder with mode 0700, removed with all its contents at the end.

    Before, the folders of servers that were killed are removed: a server holds a lock on its folder, which the
    kernel lets go of however the server ends. Raises OutputError `cannot_write`.
    """
    home = home or home_of_folders()
    _make_home(home)
    with ExitStack() as stack:
        # One server starts at a time: a folder that is not locked yet would look abandoned to the next.
        with (home / LOCK).open("wb") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            purge_abandoned(home)
            folder = Path(tempfile.mkdtemp(prefix="server-", dir=home))
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
            lock = stack.enter_context((folder / LOCK).open("wb"))
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder


def purge_abandoned(home: Path) -> None:
    """Remove every folder in `home` whose server no longer runs."""
    for folder in home.glob("server-*"):
        try:
            with (folder / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:
            pass  # Killed before it held its lock.
        shutil.rmtree(folder, ignore_errors=True)


def _make_home(home: Path) -> None:
    """Make `home`, or check that nobody else made it: the temp folder is open to every user of the machine."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = home.lstat()
    except OSError as error:
        raise OutputError("cannot_write", f"{str(home)!r} cannot be made ({error.strerror}); set TMPDIR.") from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise OutputError("cannot_write", f"{str(home)!r} belongs to someone else; remove it or set TMPDIR.")
    home.chmod(0o700)
