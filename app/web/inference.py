"""A photo is looked at, a few at a time: pages of all languages and programs share the machine."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore

from app.answers.answer import Answer
from app.answers.words import Words
from app.views.explanation import Seen
from app.views.html import PhotoResult
from model.classifier import Classifier
from model.errors import RedspotsError
from model.photo import Photo

CONCURRENCY = 2


class Looker:
    """Looks at photos for one application."""

    def __init__(self, classifier: Classifier) -> None:
        """Take what it looks with."""
        self.classifier = classifier
        self._turns = BoundedSemaphore(CONCURRENCY)

    def look(self, read: Callable[[], Photo], words: Words) -> PhotoResult:
        """Return the answer to the photo that `read` returns, or to the error that it raises."""
        try:
            with self._turns:
                photo = read()
                (prediction,) = self.classifier.classify([photo], evidence=True)
        except RedspotsError as error:
            return PhotoResult(words.answer_error(error, model_version=self.classifier.card.version), None)
        return PhotoResult(words.answer(prediction), Seen(photo, prediction, self.classifier.card.parents))

    def answer(self, read: Callable[[], Photo], words: Words) -> Answer:
        """Return the answer to the photo that `read` returns, without its ground. Raises RedspotsError."""
        with self._turns:
            (prediction,) = self.classifier.classify([read()])
        return words.answer(prediction)
