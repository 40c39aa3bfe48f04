"""Web applications in this process: how uvicorn runs one until it is told to stop, and says where it is."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from types import FrameType

import uvicorn
from fastapi import FastAPI
from rich.console import Console

from app.answers.words import Words
from app.web.security.connections import connections
from app.web.security.refusals import refusals_of
from app.web.service_limits import Limits
from model.errors import InputError


class _PageServer(uvicorn.Server):
    """uvicorn that says where the page is once it answers."""

    url = ""
    open_browser = False

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # The parent's raises the signal again at the end, which would kill the process before the photos are removed.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        line = f"The page is at {self.url} (Ctrl+C stops it)"
        Console(stderr=True).print(line, highlight=False, markup=False)
        if self.open_browser:
            open_in_browser(self.url)


def server_config(app: FastAPI, spoken: Sequence[Words], limits: Limits) -> uvicorn.Config:
    """Return how uvicorn serves an application that speaks these languages."""
    # No access log: it would hold who looked at which photo, and when.
    return uvicorn.Config(
        app,
        http=connections(refusals_of(spoken), limits),
        ws="none",
        timeout_keep_alive=limits.keep_alive,
        access_log=False,
        # `Proxies` does it: uvicorn would trust what FORWARDED_ALLOW_IPS says, and this machine's programs unasked.
        proxy_headers=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )


async def run(
    app: Callable[[], FastAPI], spoken: Sequence[Words], *, listener: socket.socket, url: str, open_browser: bool
) -> None:
    """Serve the application that `app` makes, called in the running event loop, until SIGTERM or Ctrl+C."""
    server = _PageServer(server_config(app(), spoken, Limits()))
    server.url = url
    server.open_browser = open_browser
    await server.serve(sockets=[listener])


def open_in_browser(url: str) -> None:
    """Open an address in the person's browser, and go on at once.

    A process of its own waits for the browser, which may be there for as long as the page. It has neither this terminal
    nor its keyboard: a browser of the terminal would take both away from the server, so it ends or shows nothing.
    """
    command = [sys.executable, "-I", "-m", "webbrowser", url]
    silent = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    # In a thread, which waits for that process so that none is left behind, and which the end of the server does not.
    threading.Thread(
        target=subprocess.run,
        args=(command,),
        kwargs={**silent, "start_new_session": True, "check": False},
        daemon=True,
    ).start()


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens on an address. Raises InputError `bad_option` where that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            "bad_option", f"Cannot listen on {host} port {port} ({reason}); choose another --host or --port."
        ) from error


def url_of(host: str, listener: socket.socket) -> str:
    """Return the address of what listens there, as a browser takes it."""
    return f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
