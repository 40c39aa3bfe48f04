"""Limits of the service: how long it waits for others, and how much of them it holds at a time.

Whoever sends steadily is waited for, however slow; whoever stops is not.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SPARE_FILES = 128
"""Open files that are no connections."""
MOST_CONNECTIONS = 512


def _connections() -> int:
    """Return how many connections the system lets this process hold, MOST_CONNECTIONS at most."""
    try:
        import resource
    except ImportError:  # Windows has no such limit.
        return MOST_CONNECTIONS
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST_CONNECTIONS if soft == resource.RLIM_INFINITY else max(16, min(MOST_CONNECTIONS, soft - SPARE_FILES))


@dataclass(frozen=True, slots=True)
class Limits:
    """What a running service keeps to; times in seconds."""

    connections: int = field(default_factory=_connections)
    """At a time; beyond it the longest idle one is closed for a new one."""
    head: float = 15.0
    """From the first byte of a request, or a new connection, to the end of its headers."""
    keep_alive: int = 75
    """Without a request; longer than the 60 s of usual balancers, which would otherwise send one into a closed door."""
    drain: float = 60.0
    """For the rest of a body that was refused."""
    write: float = 60.0
    """For somebody who takes in nothing of what is sent."""
    gap: float = 10.0
    """Without one byte of a body."""
    grace: float = 20.0
    """Before a body has to keep up with `bytes_per_second`."""
    bytes_per_second: int = 16 * 1024
    """On average, the least."""
    open_forms: int = 32
    """Forms that are read or looked at, at a time; half of them from one address."""
    open_bytes: int = 256 * 1024 * 1024
    """Memory that all of these may hold together; half of it for one address."""
    waiting_forms: int = 128
    """In line for their turn; half of them from one address."""
    wait: float = 50.0
    """In line at most: less than the 60 s after which usual balancers give up."""
