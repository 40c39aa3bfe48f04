"""Bodies of requests, read for as long as they move; nobody has to say beforehand how long they are."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator

from anyio import fail_after
from starlette.requests import ClientDisconnect
from starlette.types import Receive

from app.web.service_limits import Limits
from model.errors import PhotoError, RequestError

_CATCH_UP = 1.0
"""Seconds in which what has arrived already may still be read, where the machine itself was slow."""


async def body_chunks(receive: Receive, *, most: int, limits: Limits) -> AsyncGenerator[bytes]:
    """Yield a body as it comes in.

    Raises RequestError `too_slow`, PhotoError `file_too_large` beyond `most` bytes, ClientDisconnect.
    """
    start, received = time.monotonic(), 0
    while True:
        behind = start + limits.grace + received / limits.bytes_per_second - time.monotonic()
        if behind < -_CATCH_UP:
            raise _too_slow()
        try:
            with fail_after(min(limits.gap, max(behind, 0.1))):
                message = await receive()
        except TimeoutError:
            raise _too_slow() from None
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        received += len(chunk)
        if received > most:
            raise too_large()
        yield chunk
        if not message.get("more_body", False):
            return


def check_length(length: str | None, *, most: int) -> int:
    """Return the bytes that a body can have at most, by its Content-Length if it says one. Raises PhotoError."""
    if length is None:
        return most
    if not length.isascii() or not length.isdigit() or int(length[:20]) > most:
        raise too_large()
    return int(length)


def too_large() -> PhotoError:
    """Return the error for a body over the cap."""
    return PhotoError("file_too_large", "The file is larger than 15 MB; save the photo smaller.")


def _too_slow() -> RequestError:
    return RequestError("too_slow", "The photo came in too slowly; send it again over a better connection.")
