"""Which words a model is spoken for with: its own, where it has categories of its own, else those that ship."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from app.answers.languages import Language, shipped_words
from model.card import ModelCard
from model.errors import InputError

_OWN = re.compile(r"words\.([a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*)\.toml")


def own_name(language: str) -> str:
    """Return the name of a model's own words file of a language."""
    return f"words.{language}.toml"


def words_paths(folder: Path, card: ModelCard, *, words: Path | None, language: Language | None) -> Sequence[Path]:
    """Return the words files for a model, one per language; the first is the one to speak with unless asked otherwise.

    `words` stands alone. A model's own words, which its card lists, go before the shipped ones, and `language` first.
    Raises InputError for a language that the model's own words are not in.
    """
    if words is not None:
        return [words]
    own = {found[1]: folder / name for name in card.files if (found := _OWN.fullmatch(name))}
    if not own:
        return [shipped_words(one) for one in sorted(Language, key=lambda one: one is not language)]
    if language is not None and language not in own:
        raise InputError(
            "bad_option",
            f"The model {str(folder)!r} has words of its own, in {', '.join(own)} alone; leave out --lang.",
        )
    return [own[one] for one in sorted(own, key=lambda one: one != language)]
