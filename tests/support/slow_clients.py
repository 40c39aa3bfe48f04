"""Clients that are slow, silent or many, over real sockets."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import httpx


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname is not None and parts.port is not None
    return parts.hostname, parts.port


@contextmanager
def connected(url: str, *pieces: bytes, source: str = "127.0.0.1") -> Iterator[socket.socket]:
    """Open a connection from one of this machine's loopback addresses and send some bytes."""
    with socket.create_connection(address_of(url), timeout=20, source_address=(source, 0)) as client:
        for piece in pieces:
            client.sendall(piece)
        yield client


@contextmanager
def crowd(url: str, number: int, *pieces: bytes, source: str = "127.0.0.1") -> Iterator[list[socket.socket]]:
    """Open many such connections."""
    with ExitStack() as stack:
        yield [stack.enter_context(connected(url, *pieces, source=source)) for _ in range(number)]


def rest_of(client: socket.socket) -> bytes:
    """Return all that comes until the server closes the connection; fails where it does not in 20 seconds."""
    received = b""
    try:
        while piece := client.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def until(client: socket.socket, mark: bytes) -> bytes:
    """Return what comes, up to some bytes that must be in it."""
    received = b""
    while mark not in received:
        piece = client.recv(65_536)
        assert piece, "closed before"
        received += piece
    return received


def form(data: bytes, *, field: str = "files") -> tuple[bytes, bytes]:
    """Return the content type and the body of a form with one file."""
    request = httpx.Request("POST", "http://page", files={field: ("photo.jpg", data)})
    return request.headers["content-type"].encode(), request.read()


def head(path: str, content_type: bytes, length: int | None) -> bytes:
    """Return the head of a request with a body."""
    said = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    return b"POST %s HTTP/1.1\r\nHost: page\r\nContent-Type: %s\r\n%s\r\n\r\n" % (path.encode(), content_type, said)


def trickle(client: socket.socket, data: bytes, *, bytes_per_second: int, every: float = 0.05) -> None:
    """Send bytes steadily."""
    step = max(1, int(bytes_per_second * every))
    for start in range(0, len(data), step):
        client.sendall(data[start : start + step])
        time.sleep(every)
