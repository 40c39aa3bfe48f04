"""Connections: how long one is held that sends nothing, how many are held, and what uvicorn itself refuses.

uvicorn waits for the end of a request's headers for ever, holds any number of connections, and refuses in words of its
own. What happens to the body of a request is decided where it is read, in `app.web.security.bodies`.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

import h11
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from app.web.security.addresses import counted_address
from app.web.security.refusals import Refusals, refusals_at
from app.web.security.request_filter import HEADERS
from app.web.service_limits import Limits


class Crowd:
    """All connections of one server; a new one may take the place of one that is idle."""

    def __init__(self, limits: Limits) -> None:
        """Begin with none."""
        self.most = limits.connections
        self.members: dict[_Connection, None] = {}

    def enter(self, new: _Connection) -> bool:
        """Count a new connection, and return whether there is room for it; make some, if that can be."""
        has_room = len(self.members) < self.most or self._make_room(new.address)
        self.members[new] = None
        return has_room

    def leave(self, connection: _Connection) -> None:
        """Count a connection no longer."""
        self.members.pop(connection, None)

    def _make_room(self, address: str) -> bool:
        """Close the connection that is missed least: an idle one, of the address with the most of them if it has one.

        An address with the most gives up even a busy one to another address, never to itself.
        """
        ((biggest, _),) = Counter(member.address for member in self.members).most_common(1)
        idle = [member for member in self.members if member.idle_since is not None]
        own = [member for member in idle if member.address == biggest]
        if chosen := min(own or idle, key=lambda member: member.idle_since or 0.0, default=None):
            chosen.give_way()
            return True
        if address == biggest:
            return False
        next(member for member in self.members if member.address == biggest).give_way()
        return True


class _Connection(H11Protocol):
    """uvicorn's connection, with an end to every wait for the other side; see `connections`."""

    limits: Limits
    crowd: Crowd
    refusals: Mapping[str, Refusals]

    address = ""
    idle_since: float | None = None
    """When it began to have no request; None while it has one."""
    _deadline: asyncio.TimerHandle | None = None
    _write_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Count the connection, and wait a while for its first request."""
        super().connection_made(transport)
        # asyncio does so only for sockets that name their protocol, which those of a listener opened by address do not:
        # the second part of every answer, its body, would wait for 40 ms until the other side has confirmed the first.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.address = counted_address(self.client[0]) if self.client else ""
        self.idle_since = time.monotonic()
        if not self.crowd.enter(self):
            self.app = self._turn_away
        if len(self.crowd.members) > 2 * self.crowd.most:
            transport.abort()
        self._wait(self.limits.head)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self.crowd.leave(self)
        self._stop_waiting()
        self.resume_writing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take in what came; what is no whole request by now has a while to become one."""
        super().data_received(data)
        if self._has_request():
            self.idle_since = None
            self._stop_waiting()
        elif self._deadline is None:
            is_refused_body = self.conn.their_state is h11.SEND_BODY
            self._wait(self.limits.drain if is_refused_body else self.limits.head)

    def on_response_complete(self) -> None:
        """Wait for the next request, or a while for the rest of a body that was refused; uvicorn closes the idle."""
        self._stop_waiting()
        super().on_response_complete()
        if not self._has_request():
            self.idle_since = time.monotonic()
            if self.conn.their_state is h11.SEND_BODY:
                self._wait(self.limits.drain)

    def pause_writing(self) -> None:
        """Wait a while for somebody who takes in nothing."""
        super().pause_writing()
        if self._write_deadline is None:
            self._write_deadline = self.loop.call_later(self.limits.write, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on sending."""
        super().resume_writing()
        if self._write_deadline is not None:
            self._write_deadline.cancel()
            self._write_deadline = None

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP, in all languages: what it asked for is not known."""
        if self.conn.our_state not in {h11.IDLE, h11.SEND_RESPONSE}:
            self.transport.close()  # An answer is on its way already.
            return
        said = "\n\n".join(refusals.say("malformed") for refusals in self.refusals.values()).encode()
        headers = [(name, value) for name, value in HEADERS.items()]
        headers += [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(said)))]
        headers += [("Content-Language", ", ".join(one.words.language for one in self.refusals.values()))]
        response = h11.Response(status_code=400, headers=[*headers, ("Connection", "close")], reason=b"Bad Request")
        for event in (response, h11.Data(data=said), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def give_way(self) -> None:
        """Close the connection for one that has something to ask."""
        self.crowd.leave(self)
        # What is on its way to the other side still arrives; whoever takes in nothing cannot hold it open.
        (self.transport.abort if self._write_deadline else self.transport.close)()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: the request is answered as what it is without the upgrade."""

    def _has_request(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(seconds, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    async def _turn_away(self, scope: Scope, receive: Receive, send: Send) -> None:
        _, refusals = refusals_at(scope["path"], self.refusals)
        headers = {**HEADERS, "Cache-Control": "no-store", "Connection": "close", "Retry-After": "60"}
        response: Response = refusals.respond("busy", headers=headers)
        await response(scope, receive, send)


def connections(refusals: Mapping[str, Refusals], limits: Limits) -> type[asyncio.Protocol]:
    """Return the class of one server's connections, to give to uvicorn as `http`."""
    attributes: dict[str, Any] = {"limits": limits, "crowd": Crowd(limits), "refusals": refusals}
    return type("Connection", (_Connection,), attributes)
