"""What the shipped words stand in for in a words file of one's own that lacks it, so that older models open again.

Only what came after model 0.2.0, and what stands around an answer; where a file asks the questions of before, those of
today with all that belongs to them. Never whom to see, how soon, the signs of an
emergency or what this is not: a file that lacks those is refused, since another text may contradict the rest of it.
"""

from __future__ import annotations

from pathlib import Path

from app.answers.languages import Language, shipped_words
from app.answers.words_file import Key, WordsFile

_AROUND = frozenset({"levels", "fits", "notes", "reasons", "phrases", "page", "report", "errors"})
"""Tables of texts around an answer."""
_TOLD = frozenset({("now_headline",), ("now_advice",)})
"""Texts on what a person tells, which came with its questions, by their keys."""
_RETIRED = "unwell"
"""A box of before: a file that has it has none of the questions of today."""
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
    asked_before = _RETIRED in file.tables.get("red_flags", {})
    if asked_before:
        # Questions, their answers and the reasons belong together, and none of them depends on the categories.
        kept = {name: value for name, value in file.tables.items() if name not in {"red_flags", "because"}}
        file = WordsFile(file.path, kept)

    def stands_in(key: Key) -> bool:
        if asked_before and (key[0] in {"red_flags", "because"} or key in _TOLD):
            return True
        return may_lack(key) and (key[0] != "answer" or key[1] in answers)

    # An answer that the file does not have is no answer of its model.
    return file.completed(WordsFile.read(shipped), stands_in)


def note_on(path: Path, filled: frozenset[Key]) -> str:
    """Return one sentence on what stands in for what a file lacks; empty if it lacks nothing."""
    if not filled:
        return ""
    first, *rest = sorted(".".join(key) for key in filled)
    more = f" and {len(rest):,} more" if rest else ""
    return (
        f"{str(path)!r} has no {first!r}{more}, so the shipped words stand in; add them, as in the shipped words.toml."
    )
