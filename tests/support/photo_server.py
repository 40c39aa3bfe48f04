"""A real web server on loopback that serves photos, and misbehaves where a test asks it to."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers by path, as `PhotoServer.answers` says; 404 for the rest."""

    protocol_version = "HTTP/1.1"
    server: PhotoServer

    def do_GET(self) -> None:
        path = self.path
        with self.server.lock:
            self.server.asked[path] += 1
            self.server.agents.add(self.headers["User-Agent"])
        answer = self.server.answers.get(path)
        if answer is None:
            self.give(b"gone", status=404, kind="text/plain")
        else:
            answer(self)

    def give(self, body: bytes, *, status: int = 200, kind: str = "image/png", **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class PhotoServer(ThreadingHTTPServer):
    """Paths, what they answer, and how often each was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, Answer] = {}
        self.asked: Counter[str] = Counter()
        self.agents: set[str] = set()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.server_port}"

    def photo(self, path: str, body: bytes) -> None:
        """Answer a path with these bytes."""
        self.answers[path] = lambda handler: handler.give(body)

    def times(self, path: str, *answers: Answer) -> None:
        """Answer a path with these in turn, and with the last from then on."""
        self.answers[path] = lambda handler: answers[min(self.asked[path], len(answers)) - 1](handler)


def redirect(target: str) -> Answer:
    """Lead on to another address."""
    return lambda handler: handler.give(b"", status=302, Location=target)


def status(code: int, **headers: str) -> Answer:
    """Answer with an error."""
    return lambda handler: handler.give(b"no", status=code, kind="text/plain", **headers)


def truncated(body: bytes) -> Answer:
    """Promise the whole body, send a half, and hang up."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: len(body) // 2])
        handler.close_connection = True

    return answer


def slow(body: bytes, *, seconds: float) -> Answer:
    """Send byte after byte."""

    def answer(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        try:
            for start in range(0, len(body), 1000):
                handler.wfile.write(body[start : start + 1000])
                handler.wfile.flush()
                time.sleep(seconds)
        except OSError:
            handler.close_connection = True

    return answer


@contextmanager
def serving() -> Iterator[PhotoServer]:
    """Yield a running server."""
    server = PhotoServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
