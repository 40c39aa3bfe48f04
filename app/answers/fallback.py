"""What the shipped words stand in for in a words file of one's own that lacks it, so that older models open again.

Only what came after model 0.2.0, and what stands around an answer. Never whom to see, how soon, the signs of an
emergency or what this is not: a file that lacks those is refused, since another text may contradict the rest of it.
"""

from __future__ import annotations

from pathlib import Path

from app.answers.languages import Language, shipped_words
from app.answers.words_file import Key, WordsFile

_AROUND = frozenset({"levels", "fits", "notes", "reasons", "phrases", "page", "report", "errors"})
"""Tables of texts around an answer."""
_OF_ANSWERS = frozenset({("meaning",), ("to_do",), ("sections", "treatment")})
"""Texts of an answer that came after 0.2.0, by their keys below `answer.<id>`."""


def may_lack(key: Key) -> bool:
    """Return whether a words file may lack a text."""
    if key[0] == "answer":
        return key[2:] in _OF_ANSWERS
    return key[0] in _AROUND or key == ("titles", "treatment")


def with_shipped(file: WordsFile) -> WordsFile:
    """Return a words file, completed by the shipped words of its language, or English ones where none ship."""
    # Whoever reads the file next tells what else it lacks.
    language = file.language().split("-")[0] if file.has("language") else ""
    shipped = shipped_words(Language(language) if language in set(Language) else Language.ENGLISH)
    answers = file.tables.get("answer", {})
    # An answer that the file does not have is no answer of its model.
    return file.completed(
        WordsFile.read(shipped), lambda key: may_lack(key) and (key[0] != "answer" or key[1] in answers)
    )


def note_on(path: Path, filled: frozenset[Key]) -> str:
    """Return one sentence on what stands in for what a file lacks; empty if it lacks nothing."""
    if not filled:
        return ""
    first, *rest = sorted(".".join(key) for key in filled)
    more = f" and {len(rest):,} more" if rest else ""
    return (
        f"{str(path)!r} has no {first!r}{more}, so the shipped words stand in; add them, as in the shipped words.toml."
    )
