"""The real page on a loopback port, in a thread, for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI

from app.answers.aggregate import MOST
from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.application import create_app
from app.web.deployment import Deployment
from app.web.running import server_config
from app.web.security.auth import Login
from app.web.service_limits import Limits
from app.web.uploads.temp_folder import private_folder
from model.classifier import Classifier

LIMITS = Limits()


@dataclass(frozen=True)
class RunningPage:
    """Where the page is, and what it is made of."""

    url: str
    app: FastAPI
    folder: Path
    classifier: Classifier
    words: Words
    """Of the first page, in English."""


@contextmanager
def running_page(
    model: Path,
    home: Path,
    *,
    classifier: Classifier | None = None,
    by_browser: bool = True,
    login: Login | None = None,
    words: Sequence[Words] = (),
    deployment: Deployment | None = None,
    limits: Limits = LIMITS,
) -> Iterator[RunningPage]:
    """Serve the pages of all languages, or with these words, while the block runs."""
    classifier = classifier or Classifier.load(model)
    spoken = list(words) or [Words.read(shipped_words(language)) for language in Language]
    servers: list[uvicorn.Server] = []

    async def run() -> None:
        app = create_app(
            classifier, spoken, folder, by_browser=by_browser, login=login, deployment=deployment, limits=limits
        )
        config = server_config(app, spoken, limits)
        config.timeout_graceful_shutdown = 1
        servers.append(uvicorn.Server(config))
        await servers[0].serve(sockets=[listener])

    with private_folder(home) as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(run()))
        thread.start()
        try:
            while not (servers and servers[0].started):
                assert thread.is_alive(), "the server ended before it started"
                time.sleep(0.02)
            app = servers[0].config.app
            assert isinstance(app, FastAPI)
            yield RunningPage(f"http://127.0.0.1:{listener.getsockname()[1]}", app, folder.path, classifier, spoken[0])
        finally:
            for server in servers:
                server.should_exit = True
            thread.join(timeout=20)


def look(
    web: httpx.Client,
    path: Any,
    *red_flags: str,
    prefix: str = "",
    others: Sequence[str] = (),
    crops: Any = None,
) -> list[dict[str, str]]:
    """Return the events of one call of the page's function; `others` are more photos of the same spots."""
    paths = [path, *others, *[None] * (MOST - 1 - len(others))]
    first, *rest = (None if path is None else {"path": path, "meta": {"_type": "gradio.FileData"}} for path in paths)
    joined = web.post(f"{prefix}/gradio_api/call/look", json={"data": [first, list(red_flags), *rest, crops]})
    joined.raise_for_status()
    answer = web.get(f"{prefix}/gradio_api/call/look/{joined.json()['event_id']}")
    blocks = [block.split("\n", 1) for block in answer.text.strip().split("\n\n")]
    return [{"event": head.removeprefix("event: "), "data": data.removeprefix("data: ")} for head, data in blocks]


def upload(web: httpx.Client, data: bytes, name: str = "photo.jpg") -> str:
    return str(web.post("/gradio_api/upload", files={"files": (name, data)}).raise_for_status().json()[0])
