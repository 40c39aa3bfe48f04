"""FastAPI around the page: uploads, health, the guard; and `serve`, which runs it in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn
from anyio.to_thread import run_sync
from fastapi import FastAPI
from rich.console import Console

from app.guard import UPLOAD, Guard
from app.private_folder import private_folder
from app.private_gradio import gr
from app.upload_route import UploadRoute
from app.uploads import PhotoStore
from app.web import CSS, QUEUE, build_page, theme
from app.wording import Words
from model.classifier import Classifier
from model.errors import InputError, PhotoError

PURGE_EVERY = 60.0
"""Seconds."""


def create_app(classifier: Classifier, words: Words, folder: Path) -> FastAPI:
    """Return the whole web application; photos are kept for minutes in `folder`, which `private_folder` made.

    Gradio reads its temp folder from the environment whenever it needs it: one application per process. Call this in
    a running event loop: without one, Gradio makes several that nobody closes.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    store = PhotoStore(folder, classifier.read, words.page)
    page = build_page(classifier, words, store)

    app = FastAPI(lifespan=_purging(store), docs_url=None, redoc_url=None, openapi_url=None)
    # Refusals before there is an answer carry the referral as well.
    referral = words.answer_error(PhotoError("file_too_large", words.page["too_large"])).referral
    too_large = f"{words.page['too_large']} {referral}"
    busy = f"{words.page['busy']} {referral}"
    app.add_middleware(Guard, too_large=too_large, busy=busy, is_busy=lambda: len(page._queue) >= QUEUE)
    app.add_api_route("/healthz", _Health(classifier.card.version), methods=["GET"])
    # Ahead of Gradio's own upload route, which would keep the file with all its metadata.
    app.add_api_route(UPLOAD, UploadRoute(store, busy=busy, too_large=too_large), methods=["POST"])
    gr.mount_gradio_app(
        app,
        page,
        path="/",
        footer_links=[],
        run_history=False,
        enable_monitoring=False,
        show_error=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        max_file_size="15mb",
        allowed_paths=[],
        theme=theme(),
        css_paths=[CSS],
    )
    # Mounted pages never launch, and Gradio checks the paths that clients name only on pages that have.
    page.has_launched = True
    return app


class _Health:
    """`/healthz`: the server is up and its model is loaded."""

    def __init__(self, model_version: str) -> None:
        self.model_version = model_version

    async def __call__(self) -> dict[str, str]:
        return {"status": "ok", "model_version": self.model_version}


def _purging(store: PhotoStore) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan that removes old photos each minute; Gradio's own cleaning leaves what it never saw."""

    async def purge_forever() -> None:
        while True:
            await asyncio.sleep(PURGE_EVERY)
            await run_sync(store.purge)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        task = asyncio.create_task(purge_forever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    return lifespan


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
            webbrowser.open(self.url)


def serve(
    *,
    model: Path,
    words: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = False,
) -> None:
    """Serve the page until SIGTERM or Ctrl+C, then remove all photos. Raises RedspotsError."""
    classifier = Classifier.load(model)
    spoken = Words.read(words)
    spoken.require(classifier.card.categories, classifier.card.parents)
    with _listening(host, port) as listener, private_folder() as folder:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        asyncio.run(_run(classifier, spoken, folder, listener=listener, url=url, open_browser=open_browser))


async def _run(
    classifier: Classifier, words: Words, folder: Path, *, listener: socket.socket, url: str, open_browser: bool
) -> None:
    # No access log: it would hold who looked at which photo, and when.
    config = uvicorn.Config(
        create_app(classifier, words, folder),
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = _PageServer(config)
    server.url = url
    server.open_browser = open_browser
    await server.serve(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            "bad_option", f"Cannot listen on {host} port {port} ({reason}); choose another --host or --port."
        ) from error
