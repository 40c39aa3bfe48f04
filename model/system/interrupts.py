"""Interruption: SIGINT and SIGTERM end a run where it can be taken up again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Stopped(BaseException):
    """A signal asked the run to end. No `Exception`, so that nothing takes it for an error or a broken photo."""

    def __init__(self, number: int) -> None:
        """Keep the number of the signal."""
        super().__init__(number)
        self.name = signal.Signals(number).name
        self.exit_status = 128 + number


class Stop:
    """What a signal does while a run lasts: it raises `Stopped`, at once or, inside `deferred`, when `check` is called.

    A second signal ends the process at once. Use it in a `with` statement, in the main thread.
    """

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self.asked: int | None = None
        self._is_deferred = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take over the signals."""
        self._before = {number: signal.getsignal(number) for number in NUMBERS}
        self.listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the signals back."""
        for number, handler in self._before.items():
            signal.signal(number, handler or signal.SIG_DFL)

    def listen(self) -> None:
        """Take over the signals again, from a library that did so in between."""
        for number in NUMBERS:
            signal.signal(number, self._hear)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the block decide when it can stop."""
        self._is_deferred = True
        try:
            yield
        finally:
            self._is_deferred = False
        self.check()

    def check(self) -> None:
        """Raise `Stopped` if a signal came."""
        if self.asked is not None:
            raise Stopped(self.asked)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        self.asked = number
        for each in NUMBERS:
            signal.signal(each, signal.SIG_DFL)
        if not self._is_deferred:
            raise Stopped(number)
