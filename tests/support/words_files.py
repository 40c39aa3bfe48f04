"""Words files for tests: the shipped one, with one thing changed."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from app.answers.languages import Language, shipped_words

Key = tuple[str, ...]


def shipped_tables(language: Language = Language.ENGLISH) -> dict[str, Any]:
    """Return the tables of the words that ship."""
    return tomllib.loads(shipped_words(language).read_text(encoding="utf-8"))


def text_keys(tables: dict[str, Any], above: Key = ()) -> Iterator[Key]:
    """Yield the key of every text in a file."""
    for name, value in tables.items():
        if isinstance(value, dict):
            yield from text_keys(value, (*above, name))
        elif isinstance(value, str):
            yield (*above, name)


def changed_words(folder: Path, key: Key, value: Any, *, language: Language = Language.ENGLISH) -> Path:
    """Return a copy of the shipped words with another value at one key; None takes the key out."""
    tables = shipped_tables(language)
    table = tables
    for name in key[:-1]:
        table = table.setdefault(name, {})
    if value is None:
        del table[key[-1]]
    else:
        table[key[-1]] = value
    return write_words(folder / "words.toml", tables)


def write_words(path: Path, tables: dict[str, Any]) -> Path:
    """Write tables as TOML and return the path. JSON's strings and lists are TOML's as well."""
    path.write_text("\n".join(_lines(tables, ())), encoding="utf-8")
    return path


def _lines(table: dict[str, Any], above: Key) -> Iterator[str]:
    if above:
        yield f"[{'.'.join(json.dumps(name) for name in above)}]"
    for name, value in table.items():
        if not isinstance(value, dict):
            shown = value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)
            yield f"{json.dumps(name)} = {shown}"
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _lines(value, (*above, name))
