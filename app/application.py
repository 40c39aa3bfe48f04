"""The web application: FastAPI around the pages, with uploads, the interface for programs, probes and the guard."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from pathlib import Path

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from app.api import PREFIX, create_api
from app.auth import BasicAuth, Login
from app.deployment import Deployment
from app.forms import FormReader
from app.guard import UPLOAD, Guard
from app.language_choice import LanguageChoice, links
from app.origins import AllowedOrigins
from app.page_language import PageLanguage
from app.page_script import page_script
from app.private_gradio import gr
from app.probes import Health, Readiness
from app.proxies import BelowRootPath, Proxies
from app.refusals import Refusals
from app.theme import CSS, css, head, theme
from app.upload_route import UploadRoute
from app.uploads import PhotoStore
from app.web import QUEUE, build_page
from app.wording import Words
from model.classifier import Classifier

PURGE_EVERY = 60.0
"""Seconds."""
READERS = 2
"""Photos that are decoded at a time; each may hold 300 MB of memory."""


def create_app(
    classifier: Classifier,
    spoken: Sequence[Words],
    folder: Path,
    *,
    by_browser: bool = True,
    login: Login | None = None,
    deployment: Deployment | None = None,
) -> FastAPI:
    """Return the whole web application; photos are kept for minutes in `folder`, which `private_folder` made.

    The page in the first language is at `/`, the others at `/<language>/`; with `by_browser`, `/` leads on to the one
    that the browser prefers; with a `login`, nothing is there for anybody else. Gradio reads its temp folder from the
    environment whenever it needs it: one application per process. Call this in a running event loop: without one,
    Gradio makes several that nobody closes.
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

    def is_busy() -> bool:
        return sum(len(page._queue) for page in pages.values()) >= QUEUE

    app = FastAPI(lifespan=_purging(store), docs_url=None, redoc_url=None, openapi_url=None)
    deployment = deployment or Deployment()
    app.add_middleware(BelowRootPath)
    app.add_middleware(PageLanguage, pages={f"{prefix}/": words for prefix, words in by_prefix.items()})
    app.add_middleware(LanguageChoice, spoken=[words.language for words in spoken], by_browser=by_browser)
    if login is not None:
        app.add_middleware(BasicAuth, login=login, words=first)
    app.add_middleware(Guard, refusals=refusals, is_busy=is_busy, frame_ancestors=deployment.frame_ancestors)
    app.add_middleware(AllowedOrigins, origins=deployment.origins)
    app.add_middleware(Proxies, deployment=deployment)  # The last one added is the first to see a request.
    app.add_api_route("/healthz", Health(classifier.card.version), methods=["GET"])
    app.add_api_route("/readyz", Readiness(folder, is_busy=is_busy), methods=["GET"])
    forms, readers = FormReader(), CapacityLimiter(READERS)
    app.mount(PREFIX, create_api(classifier, spoken, forms, readers=readers))
    route = UploadRoute(store, refusals, forms, readers=readers)
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
        head=head(),
        js=page_script(words),
    )
    # Mounted pages never launch, and Gradio checks the paths that clients name only on pages that have.
    page.has_launched = True


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
