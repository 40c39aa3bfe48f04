"""The run folder: what a training run keeps beside its model folder until that is complete, so that it can be killed.

`.my_model.redspots-run/` holds `run.json`, which says what the run is (see `identity`); `cache/`, photos decoded or
drawn; `checkpoints/`, those of each training; `steps/`, what each other step came to; and `model/`, as it is exported.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from model.errors import OutputError, RedspotsError
from model.system.files import hold_file, write_file
from model.system.journal import unfinished_run
from training.resume.checkpoint import DamagedState, read_state, write_state
from training.resume.fingerprint import differences

_RUN, _CLOCK = "run.json", "clock.json"


def run_folder_of(out: Path) -> Path:
    """Return where the run that makes a model folder keeps what it needs."""
    return out.with_name(f".{out.name}.redspots-run")


def refuse_unfinished(out: Path, *, resume: bool) -> None:
    """Raise OutputError where a run is unfinished that is not to be resumed."""
    folder = run_folder_of(out)
    if (folder / _RUN).exists() and not resume:
        raise unfinished_run(folder)


class RunFolder:
    """The folder of one run, to use in a `with` statement. It outlives everything but success."""

    def __init__(self, folder: Path, lock: IO[bytes] | None = None) -> None:
        """Take what `open` has checked. Without a lock it is for processes whose first one has opened it."""
        self.folder = folder
        self.cache = folder / "cache"
        self.trainings = folder / "checkpoints"
        self._lock = lock

    @classmethod
    def open(cls, out: Path, *, identify: Callable[[], Mapping[str, Any]], resume: bool) -> Self:
        """Return the folder of a new run, or of the one that is resumed; there need not be one to resume.

        `identify` gives the run's identity. Raises OutputError: there is an unfinished run and `resume` was not asked
        for, it is another run's, or it is in use; or nothing can be written there.
        """
        refuse_unfinished(out, resume=resume)
        folder = run_folder_of(out)
        identity = identify()
        with ExitStack() as stack:
            try:
                folder.mkdir(parents=True, exist_ok=True)
                lock = stack.enter_context((folder / "lock").open("ab"))
                hold_file(lock, folder)
                run = cls(folder, lock)
                run._begin(identity)
            except OSError as error:
                raise OutputError(
                    "cannot_write", f"{str(out)!r} cannot be written ({error}); choose another --out."
                ) from error
            stack.pop_all()
        return run

    def __enter__(self) -> Self:
        """Return the folder itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the folder. A run that failed before its first training leaves nothing but the cache."""
        if self._lock is not None:
            if isinstance(error, RedspotsError) and not self.trainings.exists():
                (self.folder / _RUN).unlink(missing_ok=True)
            self._lock.close()

    def read(self, name: str) -> dict[str, Any] | None:
        """Return what a step came to, None if it is not done or what it left is damaged."""
        try:
            return read_state(self.folder / "steps" / name)
        except DamagedState:
            return None

    def write(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep what a step came to. Raises OutputError."""
        write_state(self.folder / "steps" / name, state)

    def once(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what a step came to, from `make` if it was not done yet. Raises OutputError."""
        state = self.read(name)
        if state is None:
            state = make()
            self.write(name, state)
        return state

    def minutes(self) -> float:
        """Return for how long the run has worked, the pauses between its parts left out."""
        clock = json.loads((self.folder / _CLOCK).read_text(encoding="utf-8"))
        return float(clock["seconds"] + max(0.0, time.time() - clock["begin"])) / 60

    def remove(self) -> None:
        """Remove the folder: its run is complete. Raises OSError."""
        # First what says that there is an unfinished run.
        (self.folder / _RUN).unlink(missing_ok=True)
        shutil.rmtree(self.folder)

    def _start_clock(self) -> None:
        seconds = 0.0
        # After a power cut it may hold anything.
        with suppress(OSError, ValueError, TypeError, KeyError):
            clock = json.loads((self.folder / _CLOCK).read_text(encoding="utf-8"))
            last = max(path.stat().st_mtime for path in self.folder.rglob("*"))
            seconds = float(clock["seconds"] + max(0.0, last - clock["begin"]))
        self._write(_CLOCK, {"seconds": seconds, "begin": time.time()})

    def _write(self, name: str, values: Mapping[str, Any]) -> None:
        text = json.dumps(values, indent=1) + "\n"
        write_file(self.folder / name, text, overwrite=True, again=True, fix="choose another --out")

    def _begin(self, identity: Mapping[str, Any]) -> None:
        path = self.folder / _RUN
        if path.exists():
            self._check(path, identity)
            self._start_clock()
            return
        # What lies there was made by a run of which nobody knows which it was; only photos in the cache say so.
        for name in (self.trainings, self.folder / "steps", self.folder / "model"):
            shutil.rmtree(name, ignore_errors=True)
        (self.folder / _CLOCK).unlink(missing_ok=True)
        self._start_clock()
        self._write(_RUN, {"redspots_run": 1, "identity": identity})

    def _check(self, path: Path, identity: Mapping[str, Any]) -> None:
        try:
            then = json.loads(path.read_text(encoding="utf-8"))
            found = differences(then["identity"], json.loads(json.dumps(identity)))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise OutputError(
                "no_journal", f"{str(path)!r} is not what redspots wrote; remove {str(self.folder)!r} and start again."
            ) from error
        if found:
            raise OutputError(
                "other_run",
                f"{str(self.folder)!r} belongs to another run ({', '.join(found)}); repeat the command as it was, or"
                " choose another --out.",
            )
