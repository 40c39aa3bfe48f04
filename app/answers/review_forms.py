"""Review forms: what a clinician reads, fills in and signs, one per language and part of the words.

A form holds the text that it is about, and the hash of that text. A signature counts for that text alone: when the text
changes, the form no longer fits, and has to be read and signed again. A form that nobody signed says nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.answers.languages import shipped_words
from app.answers.words_file import WordsFile
from model.errors import WordsError
from model.system.files import cannot_write, write_file

SHIPPED_FORMS = shipped_words().parent / "review"
"""Folder of the forms for the words that ship."""

SHARED = "shared"
"""Part of a words file that every answer shows."""

FIELDS = ("name", "profession and register", "native speaker of the language", "date", "decision", "signature")
"""What a signed form has filled in."""

DECISIONS = ("agree", "agree with changes", "disagree")

_TEXT = "\n## The text\n"
_SHARED_TEXTS = (
    *(
        "emergency",
        "red_flag_headline",
        "red_flag_advice",
        "now_headline",
        "now_advice",
        "same_day_headline",
        "same_day_advice",
        "red_flag_photo",
    ),
    *("intended_use", "limits"),
)
_SHARED_TABLES = (
    "red_flags",
    "because",
    "glass_test",
    "urgency",
    "titles",
    "levels",
    "fits",
    "reasons",
    "notes",
    "phrases",
)
_ROW = re.compile(r"^\| (?P<field>[^|]+?) \|(?P<value>[^|]*)\|$", re.MULTILINE)
_REMARKS = re.compile(r"^## Remarks\n(?P<remarks>.*?)^## The text$", re.MULTILINE | re.DOTALL)

_FORM = """# Review: {part} ({language_name})

Nobody has reviewed this text until the form is signed. Read the text below, open its sources, and fill in every line of
the table: `decision` is `agree`, `agree with changes` or `disagree`, with the changes under Remarks. Leave `text` as it
is.

| field | value |
|---|---|
| text | {hash} |
{rows}

- [ ] The signs of an emergency are complete, and whom to call is right where this language is spoken.
- [ ] Nothing here makes a person wait who should not, or gives comfort that nobody can give.
- [ ] Every statement is backed by a source that I opened, or by my own knowledge as noted below.
- [ ] What it says of light, brown and black skin is right.
- [ ] A person of twelve who speaks this language understands it.

## Remarks

## The text

{text}
"""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a words file, which one form is about."""

    file: WordsFile
    name: str
    """`shared`, or the id of an answer."""

    @property
    def form_name(self) -> str:
        """Path of the form in the folder of forms."""
        return f"{self.file.language()}/{self.name}.md"

    def texts(self) -> Iterator[tuple[str, str]]:
        """Yield the key and the text of everything that a reviewer reads."""
        if self.name == SHARED:
            yield from ((key, self.file.text(key)) for key in _SHARED_TEXTS)
            yield from chain.from_iterable(self._table(table) for table in _SHARED_TABLES)
            yield from self._sources("red_flag_sources")
            return
        own = ("answer", self.name)
        yield from (
            (key, self.file.text(*own, key)) for key in self.file.keys(*own) if key not in {"sections", "sources"}
        )
        yield from self._table(*own, "sections")
        yield from self._sources(*own, "sources")

    def text_hash(self) -> str:
        """Return the SHA-256 of the texts, whatever the breaks of their lines in the file."""
        return hashlib.sha256(json.dumps(list(self.texts()), ensure_ascii=False).encode()).hexdigest()

    def blank_form(self) -> str:
        """Return the form, to be filled in."""
        return _FORM.format(
            part=self.name,
            language_name=self.file.text("language_name"),
            hash=self.text_hash(),
            rows="\n".join(f"| {field} | |" for field in FIELDS),
            text="\n\n".join(f"### {key}\n\n{_as_markdown(text)}" for key, text in self.texts()),
        )

    def _table(self, *keys: str) -> Iterator[tuple[str, str]]:
        yield from ((key, self.file.text(*keys, key)) for key in self.file.keys(*keys))

    def _sources(self, *keys: str) -> Iterator[tuple[str, str]]:
        """Yield the pages, not the days on which they were read: to read one again changes no text."""
        for key in self.file.texts(*keys):
            where = ("sources", key)
            names = ("page",) if self.file.has(*where, "page") else ("publisher", "title", "url")
            yield key, ", ".join(self.file.text(*where, name) for name in names)


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it lies in a folder."""

    path: Path
    text: str

    @classmethod
    def read(cls, path: Path) -> Form:
        """Return the form. Raises WordsError."""
        try:
            return cls(path, path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise WordsError(
                "unreadable_words", f"{str(path)!r} is not a review form that can be read ({error}); correct it."
            ) from error

    def value(self, field: str) -> str:
        """Return what stands in a line of the table; empty where there is nothing or no such line."""
        return next((row["value"].strip() for row in _ROW.finditer(self.text) if row["field"] == field), "")

    def shows(self, part: Part) -> bool:
        """Return whether it is about the text as it is now, and nobody has changed its copy of it."""
        own, now = (text.partition(_TEXT)[2].strip() for text in (self.text, part.blank_form()))
        return self.value("text") == part.text_hash() and own == now

    @property
    def is_signed(self) -> bool:
        """Whether every line is filled in."""
        return all(map(self.value, FIELDS))

    @property
    def is_untouched(self) -> bool:
        """Whether nobody has written anything into it."""
        remarks = _REMARKS.search(self.text)
        noted = remarks is None or bool(remarks["remarks"].strip())
        return not (noted or any(map(self.value, FIELDS)) or "- [x]" in self.text.lower())


def _as_markdown(text: str) -> str:
    """Return a text of a words file with the empty line that a list needs before its first item."""
    return re.sub(r"^((?!- ).+)\n(?=- )", r"\1\n\n", text, flags=re.MULTILINE)


def parts(files: Sequence[WordsFile]) -> list[Part]:
    """Return what there is to review in words files."""
    return [Part(file, name) for file in files for name in (SHARED, *file.keys("answer"))]


def findings(folder: Path, files: Sequence[WordsFile]) -> list[str]:
    """Return what is wrong with the forms in a folder, in sentences that say what to do; empty when all fit."""
    wanted = {part.form_name: part for part in parts(files)}
    found = {path.relative_to(folder).as_posix(): Form.read(path) for path in sorted(folder.glob("*/*.md"))}
    missing = [
        f"There is no review form {name!r}; run `redspots words review`." for name in wanted if name not in found
    ]
    told = (_finding(name, form, wanted.get(name)) for name, form in found.items())
    return [*missing, *filter(None, told)]


def _finding(name: str, form: Form, part: Part | None) -> str:
    if part is None:
        return f"The review form {name!r} is about no text that there is; move it away."
    fits = form.shows(part)
    if form.is_signed and not fits:
        return (
            f"The text that {name!r} was signed for by {form.value('name')} has changed; have it read again: keep the "
            "signed form elsewhere, run `redspots words review`, and have the new one signed, or take the text back."
        )
    if not form.is_signed and any(map(form.value, FIELDS)):
        empty = ", ".join(field for field in FIELDS if not form.value(field))
        return f"The review form {name!r} is half filled in; fill in {empty}, or empty its table."
    if form.is_signed and form.value("decision") not in DECISIONS:
        return f"The decision of the review form {name!r} is none; write one of {', '.join(DECISIONS)}."
    if fits:
        return ""
    if form.is_untouched:
        return f"The review form {name!r} shows an older text; run `redspots words review`."
    return f"The review form {name!r} has notes on an older text; move it away and run `redspots words review`."


def renew(folder: Path, files: Sequence[WordsFile]) -> int:
    """Write the forms that are missing, and those anew that show an older text; return how many.

    What somebody has written into is left as it is: `findings` tells of it. Raises OutputError.
    """
    written = 0
    for part in parts(files):
        path, blank = folder / part.form_name, part.blank_form()
        if path.exists():
            form = Form.read(path)
            if not form.is_untouched or form.text == blank:
                continue
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        write_file(path, blank, overwrite=True)
        written += 1
    return written
