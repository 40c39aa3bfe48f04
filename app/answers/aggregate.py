"""Several photos of the same spots: one answer for all of them."""

from __future__ import annotations

from collections.abc import Sequence

from app.answers.answer import Answer, Urgency
from app.answers.entries import ALWAYS_URGENT
from model.prediction import Level

MOST = 5
"""Photos of the same spots."""

_URGENCIES = tuple(Urgency)
"""Most urgent first."""


def most_urgent(answers: Sequence[Answer]) -> int:
    """Return the index of the answer that counts for all.

    The most urgent one wins: a photo that shows nothing cannot undo one that does, and neither can a photo that could
    not be read. Among equally urgent ones, bleeding that was recognised comes before bleeding that is possible. Then
    come any other category, another kind that is possible, no match, a photo that is not usable, and a file that could
    not be read; then the likelier one, and then the first.
    """

    def rank(index: int) -> tuple[int, int, float, int]:
        answer = answers[index]
        return (_URGENCIES.index(answer.urgency), _certainty(answer), -(answer.probability or 0.0), index)

    return min(range(len(answers)), key=rank)


def _certainty(answer: Answer) -> int:
    if answer.category is not None:
        return 0 if answer.category in ALWAYS_URGENT else 2
    if answer.level is Level.COULD_BE:
        return 3 if ALWAYS_URGENT.isdisjoint(answer.could_be) else 1
    return 6 if answer.error else 5 if answer.level is Level.NOT_USABLE else 4
