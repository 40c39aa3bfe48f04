"""How fast a host is asked: a few requests at once, evenly spaced, and none while it asks to wait."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

AT_ONCE = 4
"""Requests to one host."""


@dataclass(slots=True)
class _Host:
    slots: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(AT_ONCE))
    lock: threading.Lock = field(default_factory=threading.Lock)
    free_at: float = 0.0


class Hosts:
    """The hosts of one run. Safe to use from several threads."""

    def __init__(
        self,
        *,
        per_second: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the number of requests per second and host, and what tells the time and waits."""
        self._spacing = 1 / per_second
        self._clock = clock
        self._sleep = sleep
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._lock = threading.Lock()

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait until the host may be asked, and hold one of its slots."""
        host = self._host(name)
        with host.slots:
            with host.lock:
                now = self._clock()
                start = max(now, host.free_at)
                host.free_at = start + self._spacing
            self._sleep(start - now)
            yield

    def pause(self, name: str, seconds: float) -> None:
        """Ask the host nothing for so long: it said so to one, and means all."""
        host = self._host(name)
        with host.lock:
            host.free_at = max(host.free_at, self._clock() + seconds)

    def _host(self, name: str) -> _Host:
        with self._lock:
            return self._hosts[name]
