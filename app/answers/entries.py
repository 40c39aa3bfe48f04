"""Entry: the words of one answer, read under the rules that keep an answer from losing what matters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

from app.answers.answer import Reference, Section, Urgency
from app.answers.red_flags import RedFlag
from app.answers.words_file import WordsFile
from model.categories import BLEEDING, BLEEDING_SPOTS, COULD_NOT_READ, NOT_SURE

ALWAYS_URGENT = frozenset({*BLEEDING, BLEEDING_SPOTS, NOT_SURE, COULD_NOT_READ})
"""Answers that no words file can make less urgent, or strip of the emergency paragraph: bleeding may be behind them."""

_WEB_PAGE = re.compile(r"https://[^\s\"'<>]+")

OF_PHOTOS = (Urgency.SAME_DAY, Urgency.SOON, Urgency.ROUTINE)
"""How urgent a photo can be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The words of one category, of one parent, of `not_sure` or of `could_not_read`."""

    name: str
    headline: str
    meaning: str
    """One line on what it is; empty in words files from before answers had levels."""
    to_do: str
    """The one line on what to do, with {how_soon} in it."""
    urgency: Urgency
    own_emergency: str
    """The emergency paragraph that this answer has in place of the shared one; empty if it has none."""
    urgent_advice: str
    referral: str
    sections: tuple[Section, ...]
    sources: tuple[Reference, ...]


def read_entry(file: WordsFile, id_: str) -> Entry:
    """Return one checked entry. Raises WordsError."""
    where = ("answer", id_)
    urgency = file.text(*where, "urgency")
    if urgency not in OF_PHOTOS:
        raise file.unfit((*where, "urgency"), f"one of {', '.join(OF_PHOTOS)}")
    if id_ in ALWAYS_URGENT and urgency != Urgency.SAME_DAY:
        raise file.unfit((*where, "urgency"), f"{Urgency.SAME_DAY}, since bleeding may be behind it")
    own_emergency = file.text(*where, "emergency") if file.has(*where, "emergency") else ""
    if own_emergency and urgency == Urgency.SAME_DAY:
        raise file.unfit((*where, "emergency"), f"left out: {Urgency.SAME_DAY} stands with the shared emergency text")
    headline = file.text(*where, "headline")
    if any(character.isnumeric() for character in headline):
        raise file.unfit((*where, "headline"), "free of numbers, which stand beside it")
    return Entry(
        meaning=file.text(*where, "meaning") if file.has(*where, "meaning") else "",
        to_do=_read_to_do(file, where),
        name=file.text(*where, "name"),
        headline=headline,
        urgency=Urgency(urgency),
        own_emergency=own_emergency,
        urgent_advice=f"{own_emergency or file.text('emergency')}\n\n{file.text(*where, 'advice')}",
        referral=file.text(*where, "referral"),
        sections=_read_sections(file, id_),
        sources=read_sources(file, *where, "sources"),
    )


def _read_to_do(file: WordsFile, where: tuple[str, ...]) -> str:
    if not file.has(*where, "to_do"):
        return "{how_soon}"
    to_do = file.text(*where, "to_do")
    if _placeholders(to_do) != {"{how_soon}"}:
        raise file.unfit((*where, "to_do"), "a text with {how_soon}")
    return to_do


def read_sources(file: WordsFile, *keys: str) -> tuple[Reference, ...]:
    """Return the sources that a list names. Raises WordsError."""
    return tuple(_read_source(file, key) for key in file.texts(*keys))


def _read_source(file: WordsFile, key: str) -> Reference:
    """Return one source; `page` alone names publisher and title, as words files did before pages had addresses."""
    where = ("sources", key)
    publisher, url = "", ""
    if file.has(*where, "page"):
        title = page = file.text(*where, "page")
    else:
        publisher, title, url = (file.text(*where, name) for name in ("publisher", "title", "url"))
        page = f"{publisher}, '{title}'"
        # Whatever else an address can be, such as a script, a page must not make it a link.
        if not _WEB_PAGE.fullmatch(url):
            raise file.unfit((*where, "url"), "the address of a page, such as https://www.nhs.uk/conditions/sepsis/")
    checked = file.day(*where, "checked") if file.has(*where, "checked") else None
    pattern = file.text("phrases", "source" if checked else "source_unchecked")
    return Reference(
        publisher=publisher,
        title=title,
        url=url,
        language=file.text(*where, "language") if file.has(*where, "language") else "",
        checked=checked,
        text=pattern.format(page=page, day=checked or ""),
    )


def read_red_flags(file: WordsFile) -> Mapping[RedFlag, str]:
    """Return the text of each red flag. Raises WordsError for one without a text, or for a text of no red flag."""
    if unknown := set(file.keys("red_flags")) - {flag.value for flag in RedFlag}:
        raise file.unfit(("red_flags", min(unknown)), f"left out: the red flags are {', '.join(RedFlag)}")
    return {flag: file.text("red_flags", flag) for flag in RedFlag}


def _read_sections(file: WordsFile, id_: str) -> tuple[Section, ...]:
    """Return the sections in the order of the titles. Where nothing was recognised, some have nothing to say."""
    titles = file.keys("titles")
    written = file.keys("answer", id_, "sections")
    if unknown := set(written) - set(titles):
        raise file.missing(f"titles.{min(unknown)}")
    may_lack = set(titles) if id_ in {NOT_SURE, COULD_NOT_READ} else {key[-1] for key in file.filled}
    wanted = [key for key in titles if key in written or key not in may_lack]
    return tuple(Section(file.text("titles", key), file.text("answer", id_, "sections", key)) for key in wanted)


def read_table(file: WordsFile, table: str, *, like: WordsFile) -> Mapping[str, str]:
    """Return a table of texts that has at least the keys of another file's, with the same {placeholders} in each.

    Raises WordsError.
    """
    for key in like.keys(table):
        names = _placeholders(like.text(table, key))
        if _placeholders(file.text(table, key)) != names:
            raise file.unfit((table, key), f"a text with {' and '.join(sorted(names)) or 'no braces'}")
    return {key: file.text(table, key) for key in file.keys(table)}


def _placeholders(text: str) -> set[str]:
    try:
        return {f"{{{name}}}" for _, name, _, _ in Formatter().parse(text) if name is not None}
    except ValueError:
        return {text}
