"""Runs of the command line as processes of their own, without what each would spend on imports: 7 s for `training`.

One process imports it all and does nothing else; each run is a fork of it. It has its own number, signals and exit
status like any other, and can be killed. How a command starts from nothing is tried by tests/test_app/cli/test_cli.py,
tests/test_contract/test_train_faults.py and tests/test_contract/test_privacy.py.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
_PRELOADED = ["app.cli", "training.pipeline.make_model", "training.pipeline.make_backbone", "training.data.audit"]


@dataclass(frozen=True)
class Running:
    """A run that has begun."""

    process: Any
    folder: Path

    @property
    def pid(self) -> int:
        return int(self.process.pid)

    def poll(self) -> int | None:
        """Return its exit status, negative for the signal that ended it; None while it runs."""
        return self.process.exitcode  # type: ignore[no-any-return]

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def finish(self, *, timeout: float) -> subprocess.CompletedProcess[str]:
        """Wait for its end, and return the status and what it said."""
        self.process.join(timeout)
        assert self.poll() is not None, "the run does not end"
        out, err = ((self.folder / name).read_text(encoding="utf-8") for name in ("out", "err"))
        return subprocess.CompletedProcess([], int(self.process.exitcode), out, err)


@contextmanager
def running(*arguments: str | Path, cwd: Path = ROOT) -> Iterator[Running]:
    """Begin a run of `redspots` with these arguments; what still runs at the end of the block is killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    with TemporaryDirectory() as name:
        folder = Path(name)
        given = (list(map(str, arguments)), str(cwd), dict(os.environ), str(folder))
        process = context.Process(target=_run, args=given)
        process.start()
        try:
            yield Running(process, folder)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            process.join(30)


def redspots(*arguments: str | Path, cwd: Path = ROOT, timeout: float = 300) -> subprocess.CompletedProcess[str]:
    """Return what came of a whole run."""
    with running(*arguments, cwd=cwd) as run:
        return run.finish(timeout=timeout)


def _run(arguments: Sequence[str], cwd: str, environment: dict[str, str], folder: str) -> None:
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in ((1, "out"), (2, "err")):
        with (Path(folder) / name).open("wb") as file:
            os.dup2(file.fileno(), number)
    sys.argv = ["redspots", *arguments]
    from app.cli import main

    try:
        main()
    finally:
        # multiprocessing ends its processes without.
        atexit._run_exitfuncs()
