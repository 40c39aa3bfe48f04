"""Names of diseases: one for each, however a source spells it; the table is data, recipes/disease_names.csv."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from training.recipes import RECIPES

TABLE = RECIPES / "disease_names.csv"
COLUMNS = ("spelling", "name")
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_NO_WORD = re.compile(r"[^\w]+|_+")


@dataclass(frozen=True, slots=True)
class DiseaseNames:
    """The names by spelling, all of them normalised."""

    of_spelling: Mapping[str, str]

    def name_of(self, label: str) -> str:
        """Return the name of what a source's label says; a spelling that nobody listed is kept, normalised.

        What stands in brackets counts where the table knows it, as in "folliculitis (pityrosporum)", and not else.
        """
        for spelling in _spellings(label):
            if spelling in self.of_spelling:
                return self.of_spelling[spelling]
        return normalised(_BRACKETS.sub(" ", label)) or normalised(label)


def normalised(label: str) -> str:
    """Return a label in lower-case words with one space between: no underscores, hyphens, brackets or accents."""
    # Before case and after it: a capital may hide behind another form, and a lower case be of two letters.
    text = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", label).casefold())
    letters = "".join(letter for letter in text if letter not in "'’" and not unicodedata.combining(letter))
    return " ".join(word for word in _NO_WORD.split(letters) if word)


@cache
def read_disease_names(path: Path = TABLE) -> DiseaseNames:
    """Return the names that a table lists. Raises ValueError for a spelling with two names."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(normalised(row["spelling"]), normalised(row["name"])) for row in csv.DictReader(file)]
    known: dict[str, str] = {}
    for spelling, name in rows:
        if known.setdefault(spelling, name) != name:
            raise ValueError(f"{str(path)!r} gives {spelling!r} two names, {known[spelling]!r} and {name!r}")
    return DiseaseNames(known)


def _spellings(label: str) -> Iterator[str]:
    yield normalised(label)
    yield normalised(_BRACKETS.sub(" ", label))
