"""LoadedModel: a classifier with its words, ready to answer photos and to score many."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from rich.console import Console

from app.answers.heeding import heed
from app.answers.languages import Language, shipped_words
from app.answers.own_words import words_paths
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.batch.inputs import fetcher
from app.batch.scorer import Scorer
from app.registry.store import choose_model
from app.views.notebook import PhotoAnswer
from app.views.progress import watched
from app.views.row import Cell, columns
from app.views.terminal import advice_on_error
from model.classifier import Classifier
from model.errors import InputError, RedspotsError
from model.photo import Photo, Source, as_source, find_photos
from model.redaction import redacted_url
from model.system.cores import available_cores

if TYPE_CHECKING:
    from pandas import DataFrame

Place = str | os.PathLike[str]
"""A path, or a URL as a string."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that answers photos in one language. Safe to call from several threads at once."""

    classifier: Classifier
    words: Words

    def answer(self, photo: Place | bytes, *, red_flags: Collection[RedFlag | str] = ()) -> PhotoAnswer:
        """Return the answer to one photo: a path, a URL, or the bytes of a file.

        A photo that cannot be read gets an answer, too: `error` holds the code, `not_sure_because` the reason.
        `red_flags` are what is true of the person now, such as "fever"; one counts for more than any photo. Raises
        InputError for a red flag that does not exist.
        """
        with _referring(self.words.language):
            ticked = _red_flags(red_flags)
            name = "" if isinstance(photo, bytes) else str(as_source(photo))
            try:
                (prediction,) = self.classifier.classify([self._read(photo)])
            except RedspotsError as error:
                answer = self.words.answer_error(error, model_version=self.classifier.card.version)
                return PhotoAnswer.of(heed(self.words, answer, ticked), self.words, file=name)
            answer = heed(self.words, self.words.answer(prediction), ticked)
            return PhotoAnswer.of(answer, self.words, file=name, prediction=prediction)

    def _read(self, photo: Place | bytes) -> Photo:
        source = photo if isinstance(photo, bytes) else as_source(photo)
        if isinstance(source, str) and (fetch := fetcher([source])):
            return self.classifier.read(fetch(source), name=redacted_url(source))
        return self.classifier.read(source)

    @overload
    def score(
        self,
        photos: Place | Iterable[Place],
        *,
        workers: int | None = None,
        progress: bool = True,
        as_frame: Literal[False] = False,
    ) -> list[dict[str, Cell]]: ...

    @overload
    def score(
        self,
        photos: Place | Iterable[Place],
        *,
        workers: int | None = None,
        progress: bool = True,
        as_frame: Literal[True],
    ) -> DataFrame: ...

    def score(
        self,
        photos: Place | Iterable[Place],
        *,
        workers: int | None = None,
        progress: bool = True,
        as_frame: bool = False,
    ) -> list[dict[str, Cell]] | DataFrame:
        """Return one row per photo, in the order given, with the columns that `redspots score` writes.

        `photos` are paths and URLs; a folder stands for the photos in it, to any depth, sorted by path. A photo that
        cannot be scored gets its row with the error. `workers` photos are scored at a time, one per core if left out.
        `as_frame` returns a pandas data frame. Raises InputError for a folder without photos, or without pandas.
        """
        with _referring(self.words.language):
            if as_frame:
                # Before the photos are scored, which takes longer than to learn that pandas is missing.
                _data_frame([], ())
            sources = _sources(photos)
            fetch = fetcher(sources)
            workers = max(1, min(workers or available_cores(), len(sources)))
            scorer = Scorer(classifier=self.classifier, words=self.words, workers=workers, fetch=fetch)
            rows = []
            console = Console(stderr=True)
            with (
                watched(console, total=len(sources), quiet=not progress) as advance,
                closing(scorer.answers(sources)) as answers,
            ):
                for outcome, answer in answers:
                    rows.append(scorer.row(outcome, answer))
                    advance()
            return _data_frame(rows, columns(scorer.outputs)) if as_frame else rows


def load(model: Place | None = None, *, language: str | None = None, words: Place | None = None) -> LoadedModel:
    """Return a model, ready to use.

    `model` is a model folder; if left out, the one that was promoted, or else the newest that ships. `language` is
    `en`, `es` or `pt`, and `words` a words file of your own; with neither, the model's own words or the English ones
    speak.
    Raises ModelError, WordsError and InputError.
    """
    with _referring(language):
        spoken = _language(language)
        if words is not None and spoken is not None:
            raise InputError("bad_option", "A words file has a language of its own; leave out words or language.")
        chosen = choose_model(None if model is None else Path(model))
        classifier = Classifier.load(chosen.folder)
        own = None if words is None else Path(words)
        texts = Words.read(words_paths(chosen.folder, classifier.card, words=own, language=spoken)[0])
        texts.require(classifier.card.categories, classifier.card.parents)
        return LoadedModel(classifier, texts)


@overload
def score(
    photos: Place | Iterable[Place],
    *,
    model: Place | None = None,
    language: str | None = None,
    words: Place | None = None,
    workers: int | None = None,
    progress: bool = True,
    as_frame: Literal[False] = False,
) -> list[dict[str, Cell]]: ...


@overload
def score(
    photos: Place | Iterable[Place],
    *,
    model: Place | None = None,
    language: str | None = None,
    words: Place | None = None,
    workers: int | None = None,
    progress: bool = True,
    as_frame: Literal[True],
) -> DataFrame: ...


def score(
    photos: Place | Iterable[Place],
    *,
    model: Place | None = None,
    language: str | None = None,
    words: Place | None = None,
    workers: int | None = None,
    progress: bool = True,
    as_frame: bool = False,
) -> list[dict[str, Cell]] | DataFrame:
    """Return one row per photo: `load` and `LoadedModel.score` in one."""
    loaded = load(model, language=language, words=words)
    if as_frame:
        return loaded.score(photos, workers=workers, progress=progress, as_frame=True)
    return loaded.score(photos, workers=workers, progress=progress)


def _sources(photos: Place | Iterable[Place]) -> list[Source]:
    places = [photos] if isinstance(photos, (str, os.PathLike)) else photos
    found: list[Source] = []
    for source in map(as_source, places):
        if isinstance(source, Path) and source.is_dir():
            found += find_photos([source])
        else:
            found.append(source)
    return found


def _data_frame(rows: list[dict[str, Cell]], names: tuple[str, ...]) -> DataFrame:
    try:
        from pandas import DataFrame
    except ImportError as error:
        sentence = "as_frame needs pandas, which scoring does not; install it with `pip install pandas`."
        raise InputError("extra_not_installed", sentence) from error
    return DataFrame(rows, columns=list(names))


def _language(language: str | None) -> Language | None:
    if language is not None and language not in tuple(Language):
        raise InputError("bad_option", f"There is no language {language!r}; choose one of {', '.join(Language)}.")
    return None if language is None else Language(language)


def _red_flags(named: Collection[RedFlag | str]) -> list[RedFlag]:
    names = [named] if isinstance(named, str) else list(named)
    told = []
    for name in names:
        try:
            told.append(RedFlag(name))
        except ValueError:
            sentence = f"There is no red flag {name!r}; choose from {', '.join(RedFlag)}."
            raise InputError("bad_option", sentence) from None
    return told


@contextmanager
def _referring(language: str | None) -> Iterator[None]:
    """Let no exception leave without the shipped referral, which stands below it in a traceback."""
    try:
        yield
    except Exception as error:
        known = language if language in tuple(Language) else Language.ENGLISH
        words = Words.read(shipped_words(Language(known)))
        error.add_note(f"\n{advice_on_error(words, error)}")
        raise
