"""The web application: FastAPI around the pages, with uploads, the interface for programs, probes and the guard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from functools import partial

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import FastAPI

from app.answers.words import Words
from app.web.api.routes import PREFIX, create_api
from app.web.deployment import Deployment
from app.web.gradio_setup import building_in, gr, guard_paths, queued_requests
from app.web.inference import Looker
from app.web.localization import LanguageChoice, links
from app.web.page.page import build_page
from app.web.page.page_script import page_script
from app.web.page.theme import CSS, css, head, theme
from app.web.page_language import PageLanguage
from app.web.probes import Health, Readiness
from app.web.security.addresses import client_address
from app.web.security.auth import BasicAuth, Login
from app.web.security.origins import AllowedOrigins
from app.web.security.proxies import BelowRootPath, Proxies
from app.web.security.queue_share import QueueShare
from app.web.security.refusals import by_prefix as words_by_prefix
from app.web.security.refusals import refusals_of
from app.web.security.request_filter import UPLOAD, WAITING, Guard
from app.web.service_limits import Limits
from app.web.uploads.multipart import FormReader
from app.web.uploads.store import PhotoStore
from app.web.uploads.temp_folder import PrivateFolder, purge_abandoned
from app.web.uploads.upload_route import UploadRoute, WaitingRoute
from model.classifier import Classifier

logger = logging.getLogger("uvicorn.error")

PURGE_EVERY = 60.0
"""Seconds."""
READERS = 2
"""Photos that are decoded at a time; each may hold 300 MB of memory."""


def create_app(
    classifier: Classifier,
    spoken: Sequence[Words],
    folder: PrivateFolder,
    *,
    by_browser: bool = True,
    login: Login | None = None,
    deployment: Deployment | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """Return the whole web application; photos are kept for minutes in `folder`.

    The page in the first language is at `/`, the others at `/<language>/`; with `by_browser`, `/` leads on to the one
    that the browser prefers; with a `login`, nothing is there for anybody else. Call this in a running event loop:
    without one, Gradio makes several that nobody closes.
    """
    with building_in(folder.path):
        return _create_app(
            classifier,
            spoken,
            folder,
            by_browser=by_browser,
            login=login,
            deployment=deployment or Deployment(),
            limits=limits or Limits(),
        )


def _create_app(
    classifier: Classifier,
    spoken: Sequence[Words],
    folder: PrivateFolder,
    *,
    by_browser: bool,
    login: Login | None,
    deployment: Deployment,
    limits: Limits,
) -> FastAPI:
    by_prefix, refusals, looker = words_by_prefix(spoken), refusals_of(spoken), Looker(classifier)
    stores = {
        prefix: PhotoStore(folder.path, partial(classifier.read, shown=True), words.page, prepare=folder.tend)
        for prefix, words in by_prefix.items()
    }
    pages = {
        prefix: build_page(looker, words, stores[prefix], others=links(prefix, by_prefix))
        for prefix, words in by_prefix.items()
    }
    for file in folder.path.rglob("*.jpg"):
        folder.keep(file)  # Gradio's copies of the drawings.

    def addresses_in_line() -> list[str]:
        return [client_address(request.scope) for page in pages.values() for request in queued_requests(page)]

    queue = QueueShare(addresses_in_line)
    app = FastAPI(lifespan=_purging(stores[""], folder), docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(BelowRootPath)
    app.add_middleware(PageLanguage, pages={f"{prefix}/": words for prefix, words in by_prefix.items()})
    app.add_middleware(LanguageChoice, spoken=[words.language for words in spoken], by_browser=by_browser)
    if login is not None:
        app.add_middleware(BasicAuth, login=login, spoken=spoken)
    app.add_middleware(Guard, refusals=refusals, queue=queue, limits=limits, frame_ancestors=deployment.frame_ancestors)
    app.add_middleware(AllowedOrigins, origins=deployment.origins, spoken=spoken)
    app.add_middleware(Proxies, deployment=deployment)  # The last one added is the first to see a request.
    app.add_api_route("/healthz", Health(classifier.card.version), methods=["GET"])
    app.add_api_route("/readyz", Readiness(folder, refusals[""], is_busy=queue.is_full), methods=["GET"])
    forms, readers = FormReader(limits), CapacityLimiter(READERS)
    app.mount(PREFIX, create_api(looker, spoken, forms, readers=readers))
    route, waiting = UploadRoute(stores[""], refusals, forms, readers=readers), WaitingRoute(forms)
    for prefix in sorted(by_prefix, reverse=True):  # "" last: its mount takes every path.
        # Ahead of Gradio's own upload route, which would keep the file with all its metadata.
        app.add_api_route(f"{prefix}{UPLOAD}", route, methods=["POST"])
        app.add_api_route(f"{prefix}{WAITING}", waiting, methods=["GET"])
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
    guard_paths(page)


def _purging(store: PhotoStore, folder: PrivateFolder) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """Return a lifespan that tends the folder and removes old photos each minute, those of killed servers as well."""

    def purge() -> None:
        try:
            folder.tend()
            purge_abandoned(folder.path.parent)
            store.purge()
        except Exception:  # Once is no reason to remove no photo ever again.
            logger.exception("Old photos could not be removed; the next try comes in a minute.")

    async def purge_forever() -> None:
        while True:
            await asyncio.sleep(PURGE_EVERY)
            await run_sync(purge)

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
