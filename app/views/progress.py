"""How far a long run is: a bar on a terminal, a line now and then elsewhere, and what to type when it was stopped."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from importlib.util import find_spec
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from model.errors import RedspotsError
from model.system.interrupts import Stopped

SECONDS_BETWEEN_LINES = 30.0


class Advance(Protocol):
    """To be called after every photo, or after so many."""

    def __call__(self, photos: int = 1, /) -> None:
        """Count photos."""


@contextmanager
def resumable(console: Console, kept: Callable[[], str]) -> Iterator[None]:
    """Say what is kept and how to go on when the block ends early, by a signal or an error."""
    try:
        yield
    except (Stopped, RedspotsError) as reason:
        name = reason.name if isinstance(reason, Stopped) else "Stopped"
        line = f"{name}: {kept()}; go on with the same command and --resume."
        console.print(line, highlight=False, markup=False, soft_wrap=True)
        raise


@contextmanager
def watched(
    console: Console, *, total: int, done: int = 0, quiet: bool = False, what: str = "Scoring"
) -> Iterator[Advance]:
    """Show how many of `total` photos are done while the block runs; `done` of them were so before it."""
    if quiet:
        yield lambda photos=1: None
    elif console.is_terminal or _draws_in_notebook(console):
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate("{task.speed}"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
        ) as progress:
            task = progress.add_task(what, total=total, completed=done)
            yield lambda photos=1: progress.advance(task, photos)
    else:
        yield Lines(lambda line: console.print(line, highlight=False, markup=False), total=total, done=done)


@contextmanager
def watched_later(what: str, console: Console) -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Yield a function that takes the number of photos once it is known, and one to call after each of them."""
    with ExitStack() as stack:
        advances: list[Advance] = []

        def begin(total: int) -> None:
            advances.append(stack.enter_context(watched(console, total=total, what=what)))

        yield begin, lambda: advances[-1]()


def _draws_in_notebook(console: Console) -> bool:
    """Return whether this is a notebook with what a bar needs there; without it Rich would warn and draw none."""
    return console.is_jupyter and find_spec("ipywidgets") is not None


class Lines:
    """One line every 30 seconds, for logs."""

    def __init__(
        self, tell: Callable[[str], None], *, total: int, done: int = 0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin to count now."""
        self._tell, self._clock = tell, clock
        self._total, self._done, self._before = total, done, done
        self._begin = self._told = clock()

    def __call__(self, photos: int = 1, /) -> None:
        """Count photos, and tell when it is time."""
        self._done += photos
        now = self._clock()
        if now - self._told < SECONDS_BETWEEN_LINES:
            return
        self._told = now
        rate = (self._done - self._before) / (now - self._begin)
        left = timedelta(seconds=round((self._total - self._done) / rate))
        self._tell(f"{self._done:,} of {self._total:,} photos, {rate:.1f} photos/s, {left} left")


class _Rate(TextColumn):
    """Photos per second over the last moments."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        return Text(f"{task.speed:.1f} photos/s" if task.speed else "", style="progress.data.speed")
