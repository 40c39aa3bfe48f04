"""`label`, which serves the labelling page in this process until it is told to stop, or writes the manifest."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from fastapi import FastAPI

from app.answers.own_words import words_paths
from app.answers.words import Words
from app.labelling.application import LabellingPage, create_labelling
from app.labelling.desk import Desk
from app.labelling.features import FeatureNetwork
from app.labelling.journal import LabelJournal
from app.labelling.order import Pick, Why, choose_order
from app.labelling.pictures import Pictures
from app.labelling.protection import hosts_of
from app.labelling.readings import Readings
from app.labelling.sources import read_candidates
from app.labelling.survey import Survey, survey
from app.web.running import listening, run, url_of
from app.web.security.auth import Login
from model.categories import NOT_SKIN, OTHER
from model.classifier import Classifier
from model.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is labelled, and how."""

    source: Path
    """Folder, manifest or table of `score`."""
    out: Path
    """Folder for the labels; made where there is none."""
    model: Path
    again: bool = False
    """Whether photos are asked about that have a category in the manifest."""
    random_share: float = 0.2
    twice: float = 0.2
    """Share of photos that two readers read."""
    seed: int = 0
    workers: int = 2


@dataclass(frozen=True, slots=True)
class Labelling:
    """Photos, labels and model, ready for the page or for a manifest."""

    desk: Desk
    survey: Survey
    classifier: Classifier
    words: Words


@contextmanager
def labelling(
    plan: Plan, *, begin: Callable[[int], None] = lambda count: None, progress: Callable[[], None] = lambda: None
) -> Iterator[Labelling]:
    """Open the labels and look at all photos once; `begin` hears how many there are, `progress` is called for each.

    Raises RedspotsError.
    """
    network = FeatureNetwork.load(plan.model)
    card = network.classifier.card
    words = Words.read(words_paths(plan.model, card, words=None, language=None)[0])
    words.require(card.categories, card.parents)
    candidates = read_candidates(plan.source, categories=(*card.categories, OTHER, NOT_SKIN))
    with LabelJournal.open(plan.out, categories=card.categories) as journal:
        begin(len(candidates))
        seen = survey(candidates, network, plan.out, workers=plan.workers, progress=progress)
        picks = choose_picks(seen, Readings(journal.acts), plan)
        desk = Desk(seen.photos, picks, journal, categories=card.categories, twice=plan.twice)
        yield Labelling(desk, seen, network.classifier, words)


def choose_picks(seen: Survey, readings: Readings, plan: Plan) -> list[Pick]:
    """Return the photos to ask about in their order: those labelled before, which may lack a reader, then the others.

    What had a category in the manifest counts as labelled, and is not asked about unless the plan says so.
    """
    at = {photo.sha256: index for index, photo in enumerate(seen.photos)}
    before = [(at[photo], readings.labels(photo)) for photo in readings.photos() if photo in at]
    picks = [
        Pick(index, Why(next((act.why for act in labels.values() if act.why), Why.RANDOM)), 0.0)
        for index, labels in before
    ]
    labelled = np.zeros(len(seen.photos), dtype=bool)
    labelled[[pick.index for pick in picks]] = True
    if not plan.again:
        labelled |= [bool(photo.candidate.category) for photo in seen.photos]
    return picks + choose_order(
        np.stack([photo.probabilities for photo in seen.photos]),
        np.stack([photo.features for photo in seen.photos]),
        labelled,
        random_share=plan.random_share,
        seed=plan.seed,
    )


def require_work(opened: Labelling, plan: Plan) -> None:
    """Raise InputError where there is no photo to ask about."""
    if not opened.desk.has_photos:
        raise InputError(
            "nothing_found",
            f"All {len(opened.survey.photos)} photos of {str(plan.source)!r} have a category; say --again to read them "
            "once more.",
        )


def application_of(
    opened: Labelling, plan: Plan, *, host: str, reader: str = "", login: Login | None = None
) -> FastAPI:
    """Return the web application of the labelling page."""
    page = LabellingPage(
        desk=opened.desk,
        pictures=Pictures(opened.classifier),
        words=opened.words,
        model_version=opened.classifier.card.version,
        folder=plan.out,
        reader=reader,
    )
    return create_labelling(page, login=login, hosts=hosts_of(host))


def serve_labelling(
    opened: Labelling, plan: Plan, *, host: str, port: int, reader: str, login: Login | None, open_browser: bool
) -> None:
    """Serve the labelling page until SIGTERM or Ctrl+C. Raises InputError where the address cannot be listened on."""
    with listening(host, port) as listener:
        served = run(
            lambda: application_of(opened, plan, host=host, reader=reader, login=login),
            [opened.words],
            listener=listener,
            url=url_of(host, listener),
            open_browser=open_browser,
        )
        asyncio.run(served)
