"""A photo is looked at, a few at a time: pages of all languages and programs share the machine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import BoundedSemaphore

from app.answer import Answer
from app.seen_html import Seen
from app.wording import Words
from model.classifier import Classifier
from model.errors import RedspotsError
from model.photo import Photo

CONCURRENCY = 2

_turns = BoundedSemaphore(CONCURRENCY)


@dataclass(frozen=True, slots=True)
class Looked:
    """One answer and its ground."""

    answer: Answer
    seen: Seen | None
    """None when there was no photo to see."""


def look_at(read: Callable[[], Photo], classifier: Classifier, words: Words) -> Looked:
    """Return the answer to the photo that `read` returns, or to the error that it raises."""
    try:
        with _turns:
            photo = read()
            (prediction,) = classifier.classify([photo], evidence=True)
    except RedspotsError as error:
        return Looked(words.answer_error(error, model_version=classifier.card.version), None)
    return Looked(words.answer(prediction), Seen(photo, prediction, classifier.card.parents))


def answer_photo(read: Callable[[], Photo], classifier: Classifier, words: Words) -> Answer:
    """Return the answer to the photo that `read` returns, without its ground. Raises RedspotsError."""
    with _turns:
        (prediction,) = classifier.classify([read()])
    return words.answer(prediction)
