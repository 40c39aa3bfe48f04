"""How far an answer commits itself, in words: what stands large, how well each kind fits, how often it was right."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.answers.answer import Fit
from model.prediction import Level, Prediction, Record, Score

PARTLY, LITTLE = 0.3, 0.1
"""Probabilities from which on a kind that is not named fits "partly" and "a little"."""


def first_sentence(text: str) -> tuple[str, str]:
    """Return a text's first sentence without its full stop, and the rest."""
    first, _, rest = text.partition(". ")
    return first.removesuffix("."), rest


def upper_first(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]


def short(name: str) -> str:
    """Return a name without what stands in brackets behind it."""
    return name.partition(" (")[0]


def either(names: list[str], phrases: Mapping[str, str]) -> str:
    """Return one name, or two as alternatives."""
    return names[0] if len(names) == 1 else phrases["either"].format(first=names[0], second=names[1])


def fits_of(
    prediction: Prediction, words: Mapping[str, str], name: Callable[[str], str], *, other: Score | None
) -> tuple[Fit, ...]:
    """Return how well the photo fits each kind and `other`, best first; nothing for an unfit photo.

    Only what is named fits well: a word beside a bar must not say more than the answer does.
    """
    if not prediction.kinds:
        return ()
    ranked = sorted((*prediction.kinds, *([other] if other else [])), key=lambda score: -score.probability)
    named = {prediction.category, *prediction.members}
    found = []
    for score in ranked:
        is_named = prediction.level is Level.LOOKS_LIKE and (
            score.category in named or score == ranked[0] and score is not other
        )
        word = "well" if is_named else _word(score.probability)
        found.append(Fit(score.category, upper_first(short(name(score.category))), words[word], score.probability))
    return tuple(found)


def _word(probability: float) -> str:
    return "partly" if probability >= PARTLY else "little" if probability >= LITTLE else "hardly"


def how_often(
    level: Level, record: Record | None, kind: str, phrases: Mapping[str, str], name: Callable[[str], str]
) -> tuple[str, str]:
    """Return how often such an answer was right, or missed a kind, and between which shares that lies.

    Both are empty for a photo that is not usable, and without a figure for `no_match`.
    """
    if level is Level.NOT_USABLE:
        return "", ""
    if record is None:
        return ("" if level is Level.NO_MATCH else phrases["right_unknown"]), ""
    if record.share is None or not record.photos:
        return ("" if level is Level.NO_MATCH else phrases["right_none"]), ""
    count = round(record.share * record.photos)
    if level is Level.NO_MATCH:
        told = phrases["missed"].format(missed=count, photos=record.photos, kind=short(name(kind)))
    else:
        told = phrases["right"].format(right=count, photos=record.photos)
    if record.low is None or record.high is None:
        return told, ""
    return told, phrases["interval"].format(low=round(100 * record.low), high=round(100 * record.high))
