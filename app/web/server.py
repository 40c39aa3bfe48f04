"""`serve`, which runs the web application in this process until it is told to stop."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console

from app.answers.languages import Language
from app.answers.own_words import words_paths
from app.answers.words import Words
from app.web.application import create_app
from app.web.deployment import Deployment
from app.web.running import listening, run, url_of
from app.web.security.auth import Login, require_login
from app.web.uploads.temp_folder import private_folder
from model.classifier import Classifier


def serve(
    *,
    model: Path,
    words: Path | None = None,
    language: Language | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    open_browser: bool = False,
    login: Login | None = None,
    is_open: bool = False,
    deployment: Deployment | None = None,
) -> None:
    """Serve the page until SIGTERM or Ctrl+C, then remove all photos. Raises RedspotsError.

    An address that others can reach, by a proxy of the `deployment` too, needs a `login`, or `is_open`: that everybody
    may use the page.

    It speaks all shipped languages, or those of the model's own words: the browser chooses, or `language` comes first.
    With a `words` file it speaks that alone.
    """
    deployment = deployment or Deployment()
    warning = require_login(host, login, is_open=is_open, has_proxy=bool(deployment.proxies))
    classifier = Classifier.load(model)
    spoken = [Words.read(path) for path in words_paths(model, classifier.card, words=words, language=language)]
    for one in spoken:
        one.require(classifier.card.categories, classifier.card.parents)
        if one.note:
            Console(stderr=True).print(one.note, highlight=False, markup=False)
    by_browser = language is None
    if warning:
        Console(stderr=True).print(f"Warning: {warning}", style="yellow", highlight=False, markup=False)
    with listening(host, port) as listener, private_folder() as folder:
        served = run(
            lambda: create_app(classifier, spoken, folder, by_browser=by_browser, login=login, deployment=deployment),
            spoken,
            listener=listener,
            url=url_of(host, listener),
            open_browser=open_browser,
        )
        asyncio.run(served)
