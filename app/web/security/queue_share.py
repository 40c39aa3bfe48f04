"""The queue of looks: how many wait for their turn, and how many of them one address may fill."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

QUEUE = 128
"""Looks that wait, on all pages together; half of them from one address."""


class QueueShare:
    """Who waits, and who is about to: what is on its way into the queue counts like what is in it."""

    def __init__(self, waiting: Callable[[], Sequence[str]]) -> None:
        """Take what returns the address of each look that waits."""
        self.waiting = waiting
        self.entering: Counter[str] = Counter()

    def is_full(self) -> bool:
        """Return whether nobody may enter."""
        return len(self.waiting()) >= QUEUE

    @contextmanager
    def entry(self, address: str) -> Iterator[bool]:
        """Yield whether a look of this address may enter, and count it until the block ends."""
        waiting = self.waiting()
        own = waiting.count(address) + self.entering[address]
        may_enter = own < QUEUE // 2 and len(waiting) + self.entering.total() < QUEUE
        self.entering[address] += may_enter
        try:
            yield may_enter
        finally:
            self.entering[address] -= may_enter
            if not self.entering[address]:
                del self.entering[address]
