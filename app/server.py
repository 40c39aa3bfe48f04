"""FastAPI around the page: uploads, health, the guard; and `serve`, which runs it in this process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import webbrowser
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path
from types import FrameType

import uvicorn
from anyio.to_thread import run_sync
from fastapi import FastAPI
from rich.console import Console

from app.gradio_texts import script
from app.guard import UPLOAD, Guard
from app.language_choice import LanguageChoice, links
from app.languages import Language, shipped_words
from app.page_language import PageLanguage
from app.private_folder import private_folder
from app.private_gradio import gr
from app.refusals import Refusals
from app.upload_route import UploadRoute
from app.uploads import PhotoStore
from app.web import CSS, QUEUE, build_page, css, theme
from app.wording import Words
from model.classifier import Classifier
from model.errors import InputError

PURGE_EVERY = 60.0
"""Seconds."""


def create_app(classifier: Classifier, spoken: Sequence[Words], folder: Path, *, by_browser: bool = True) -> FastAPI:
    """Return the whole web application; photos are kept for minutes in `folder`, which `private_folder` made.

    The page in the first language is at `/`, the others at `/<language>/`; with `by_browser`, `/` leads on to the one
    that the browser prefers. Gradio reads its temp folder from the environment whenever it needs it: one application
    per process. Call this in a running event loop: without one, Gradio makes several that nobody closes.
    """
    os.environ["GRADIO_TEMP_DIR"] = str(folder)
    first, *others = spoken
    by_prefix = {"": first, **{f"/{words.language}": words for words in others}}
    pages = {
        prefix: build_page(
            classifier, words, PhotoStore(folder, classifier.read, words.page), others=links(prefix, by_prefix)
        )
        for prefix, words in by_prefix.items()
    }
    refusals = {prefix: Refusals.of(words) for prefix, words in by_prefix.items()}
    store = PhotoStore(folder, classifier.read, first.page)

    app = FastAPI(lifespan=_purging(store), docs_url=None, redoc_url=None, openapi_url=None)
    languages = {f"{prefix}/": words.language for prefix, words in by_prefix.items()}
    app.add_middleware(PageLanguage, languages=languages)
    app.add_middleware(LanguageChoice, spoken=list(languages.values()), by_browser=by_browser)
    app.add_middleware(
        Guard, refusals=refusals, is_busy=lambda: sum(len(page._queue) for page in pages.values()) >= QUEUE
    )
    app.add_api_route("/healthz", _Health(classifier.card.version), methods=["GET"])
    route = UploadRoute(store, refusals)
    for prefix in sorted(by_prefix, reverse=True):  # "" last: its mount takes every path.
        # Ahead of Gradio's own upload route, which would keep the file with all its metadata.
        app.add_api_route(f"{prefix}{UPLOAD}", route, methods=["POST"])
        _mount(app, pages[prefix], prefix or "/", by_prefix[prefix])
    return app


def _mount(app: FastAPI, page: gr.Blocks, path: str, words: Words) -> None:
    gr.mount_gradio_app(
        app,
        page,
        path=path,
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
        css=css(),
        css_paths=[CSS],
        js=script(words),
    )
    # Mounted pages never launch, and Gradio checks the paths that clients name only on pages that have.
    page.has_launched = True


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
    language: Language | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = False,
) -> None:
    """Serve the page until SIGTERM or Ctrl+C, then remove all photos. Raises RedspotsError.

    It speaks all shipped languages: the browser chooses, or `language` comes first. With a `words` file of one's own it
    speaks that alone.
    """
    classifier = Classifier.load(model)
    shipped = sorted(Language, key=lambda one: one is not language)
    spoken = [Words.read(words)] if words else [Words.read(shipped_words(one)) for one in shipped]
    for one in spoken:
        one.require(classifier.card.categories, classifier.card.parents)
    by_browser = language is None
    with _listening(host, port) as listener, private_folder() as folder:
        url = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
        run = _run(
            lambda: create_app(classifier, spoken, folder, by_browser=by_browser),
            listener=listener,
            url=url,
            open_browser=open_browser,
        )
        asyncio.run(run)


async def _run(app: Callable[[], FastAPI], *, listener: socket.socket, url: str, open_browser: bool) -> None:
    # No access log: it would hold who looked at which photo, and when.
    config = uvicorn.Config(
        app(),
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
