"""WordsFile: a words file as read from disk, which gives out only text that says something."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from model.errors import WordsError

Key = tuple[str, ...]
"""Names of the tables around a text, and its own."""


def is_blank(text: object) -> bool:
    """Return whether a text has no letter and no digit: white space, dots and invisible characters say nothing."""
    return not (isinstance(text, str) and any(character.isalnum() for character in text))


@dataclass(frozen=True, slots=True)
class WordsFile:
    """The tables of one words file. Every refusal names the file, the key and the fix."""

    path: Path
    tables: Mapping[str, Any]
    filled: frozenset[Key] = frozenset()
    """Keys that the file lacks and the shipped words stand in for."""

    @classmethod
    def read(cls, path: Path) -> WordsFile:
        """Return the tables of a TOML file that holds no empty text anywhere. Raises WordsError."""
        try:
            with path.open("rb") as file:
                tables = tomllib.load(file)
        except FileNotFoundError:
            raise WordsError(
                "missing_words", f"There is no words file {str(path)!r}; correct --words, or leave it out."
            ) from None
        except (OSError, ValueError) as error:
            raise WordsError(
                "unreadable_words", f"{str(path)!r} is not a TOML file that can be read ({error}); correct it."
            ) from error
        words = cls(path, tables)
        words._refuse_blank(tables, ())
        return words

    def completed(self, shipped: WordsFile, may_lack: Callable[[Key], bool]) -> WordsFile:
        """Return this file with the shipped texts in place of those that it lacks and `may_lack` allows to."""
        filled: set[Key] = set()

        def fill(own: Mapping[str, Any], other: Mapping[str, Any], above: Key) -> dict[str, Any]:
            whole = dict(own)
            for name, value in other.items():
                key, mine = (*above, name), own.get(name)
                if isinstance(value, dict) and isinstance(mine, dict | None):
                    inner = fill(mine or {}, value, key)
                    if inner or mine is not None:
                        whole[name] = inner
                elif mine is None and may_lack(key):
                    whole[name] = value
                    filled.add(key)
            return whole

        return WordsFile(self.path, fill(self.tables, shipped.tables, ()), frozenset(filled))

    def text(self, *keys: str) -> str:
        """Return one text as paragraphs, separated by an empty line, and list items on lines that begin with `- `."""
        value = self._value(keys)
        if not isinstance(value, str):
            raise self.unfit(keys, "a text in quotes")
        return _unwrapped(value)

    def texts(self, *keys: str) -> tuple[str, ...]:
        """Return a list of texts that is not empty."""
        value = self._value(keys)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) for item in value):
            raise self.unfit(keys, "a list of texts")
        return tuple(_unwrapped(item) for item in value)

    def day(self, *keys: str) -> date:
        """Return a date."""
        value = self._value(keys)
        if not isinstance(value, date):
            raise self.unfit(keys, "a date such as 2026-11-23")
        return value

    def language(self) -> str:
        """Return the language of the texts, such as `en` or `pt-BR`."""
        name = self.text("language")
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", name):
            raise self.unfit(("language",), "a language tag such as 'en'")
        return name

    def keys(self, *keys: str) -> tuple[str, ...]:
        """Return the keys of a table, in the order of the file."""
        value = self._value(keys)
        if not isinstance(value, dict):
            raise self.unfit(keys, "a table")
        return tuple(value)

    def has(self, *keys: str) -> bool:
        """Return whether there is an entry."""
        return keys[-1] in self.keys(*keys[:-1])

    def missing(self, key: str) -> WordsError:
        """Return the error for an entry that is not there."""
        return WordsError("missing_entry", f"{str(self.path)!r} has no {key!r}; add it, as in the shipped words.toml.")

    def unfit(self, keys: tuple[str, ...], wanted: str) -> WordsError:
        """Return the error for an entry of another kind than wanted."""
        return WordsError("unreadable_words", f"{str(self.path)!r}: {'.'.join(keys)!r} must be {wanted}; correct it.")

    def _value(self, keys: tuple[str, ...]) -> Any:
        value: Any = self.tables
        for key in keys:
            if not isinstance(value, dict) or key not in value:
                raise self.missing(".".join(keys))
            value = value[key]
        return value

    def _refuse_blank(self, value: object, keys: tuple[str, ...]) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self._refuse_blank(inner, (*keys, key))
        elif isinstance(value, list):
            for inner in value:
                self._refuse_blank(inner, keys)
        elif isinstance(value, str) and is_blank(value):
            raise WordsError("empty_text", f"{str(self.path)!r} has no text in {'.'.join(keys)!r}; write it.")


def _unwrapped(text: str) -> str:
    """Return a text without the line breaks that only keep the file readable."""
    lines: list[str] = []
    for line in (line.strip() for line in text.strip().splitlines()):
        if not lines or not line or not lines[-1] or line.startswith("- "):
            lines.append(line)
        else:
            lines[-1] += f" {line}"
    return "\n".join(lines)
