"""The languages of the shipped words, and which of them a browser asks for."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path


class Language(StrEnum):
    """A language in which the words ship."""

    ENGLISH = "en"
    SPANISH = "es"
    PORTUGUESE = "pt"


def shipped_words(language: Language = Language.ENGLISH) -> Path:
    """Return the shipped words file of a language. English is the one that the others are held against."""
    name = "words.toml" if language is Language.ENGLISH else f"words.{language}.toml"
    return Path(__file__).with_name(name)


def preferred(accept_language: str, spoken: Sequence[str]) -> str:
    """Return the spoken language that an Accept-Language header ranks highest; the first one if it names none.

    A range such as `es-MX` asks for `es`, as in the lookup of RFC 4647; what is malformed counts for nothing.
    """
    ranked: dict[str, float] = {}
    for part in accept_language.split(","):
        name, _, weight = part.partition(";")
        language = name.strip().lower().split("-")[0]
        if language in spoken:
            ranked[language] = max(ranked.get(language, 0.0), _weight(weight))
    best = max(ranked, key=lambda language: ranked[language], default=spoken[0])
    return best if ranked.get(best, 0.0) > 0 else spoken[0]


def _weight(parameter: str) -> float:
    """Return the weight of `q=0.8`, 1 if there is none, and 0 for what is no weight."""
    if not parameter.strip():
        return 1.0
    name, _, value = parameter.partition("=")
    try:
        weight = float(value)
    except ValueError:
        return 0.0
    return weight if name.strip().lower() == "q" and 0 <= weight <= 1 else 0.0
