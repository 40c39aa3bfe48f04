"""Turns: a few photos are taken in at a time, and the others wait in line before a byte of them is read."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from anyio import Event, move_on_after

from app.web.service_limits import Limits
from model.errors import RequestError


@dataclass(eq=False, slots=True)
class _Turn:
    address: str
    size: int
    ticket: str
    called: Event = field(default_factory=Event)


class Turns:
    """The line: whoever's address holds the fewest turns is called first, then whoever came first.

    So nobody can fill the service from one address, and who sends one photo passes those who send many.
    """

    def __init__(self, limits: Limits) -> None:
        """Begin with nobody."""
        self.limits = limits
        self.held: list[_Turn] = []
        self.waiting: list[_Turn] = []

    @asynccontextmanager
    async def turn(self, *, address: str, size: int, ticket: str = "") -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the block ends.

        `size` is how many bytes it may hold, `ticket` what `place` knows it by. Raises RequestError `busy` where the
        line is full or does not move.
        """
        turn = _Turn(address, size, ticket)
        half = max(1, self.limits.waiting_forms // 2)
        is_full = len(self.waiting) >= self.limits.waiting_forms or _of(address, self.waiting) >= half
        self.waiting.append(turn)
        self._call()
        try:
            if not turn.called.is_set():
                if is_full:
                    raise _busy()
                with move_on_after(self.limits.wait):
                    await turn.called.wait()
                if not turn.called.is_set():
                    raise _busy()
            yield
        finally:
            (self.held if turn in self.held else self.waiting).remove(turn)
            self._call()

    def place(self, ticket: str) -> int:
        """Return the place in line, from 1; 0 for what does not wait."""
        for number, turn in enumerate(self._line(), start=1):
            if ticket and turn.ticket == ticket:
                return number
        return 0

    def _line(self) -> list[_Turn]:
        return sorted(self.waiting, key=lambda turn: _of(turn.address, self.held))

    def _call(self) -> None:
        """Call whoever may come next, as long as there is room."""
        while (turn := next(filter(self._may_hold, self._line()), None)) and self._has_room(turn):
            self.waiting.remove(turn)
            self.held.append(turn)
            turn.called.set()

    def _may_hold(self, turn: _Turn) -> bool:
        """Return whether an address stays within its half; what is larger than that alone may come alone."""
        own = [held for held in self.held if held.address == turn.address]
        most = max(1, self.limits.open_forms // 2)
        return not own or (len(own) < most and _bytes(own) + turn.size <= self.limits.open_bytes // 2)

    def _has_room(self, turn: _Turn) -> bool:
        return len(self.held) < self.limits.open_forms and _bytes(self.held) + turn.size <= self.limits.open_bytes


def _of(address: str, turns: list[_Turn]) -> int:
    return sum(turn.address == address for turn in turns)


def _bytes(turns: list[_Turn]) -> int:
    return sum(turn.size for turn in turns)


def _busy() -> RequestError:
    return RequestError("busy", "Too many photos at a time; try again in a minute.")
