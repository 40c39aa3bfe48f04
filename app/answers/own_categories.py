"""Custom categories: none trains before every word that its answers need is written."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.answers.own_words import own_name
from app.answers.words import Words
from model.categories import BACKGROUND, COULD_NOT_READ, NOT_SURE
from model.errors import InputError, ManifestError


def take_own_categories(
    recipe: Any, words: Sequence[Path], found: Mapping[str, int], *, photos: Path
) -> tuple[Any, dict[str, str], list[str]]:
    """Return the recipe with the categories found in the photos, the words to enclose by file name, and what to tell.

    `found` counts photos by category. One that the recipe does not list is new when every words file has an answer for
    it; else it is taken for a slip. Raises ManifestError for a slip, WordsError for words that are not complete.
    """
    spoken = [Words.read(path) for path in words]
    twice = [language for language, count in Counter(one.language for one in spoken).items() if count > 1]
    if twice:
        raise InputError("bad_option", f"Two words files are in the language {twice[0]!r}; give one per language.")
    new = [name for name in sorted(found) if name not in (*recipe.categories, *BACKGROUND)]
    parents = tuple(recipe.decision.parents)
    for name in new:
        if not spoken or name in (*parents, NOT_SURE, COULD_NOT_READ) or name not in spoken[0].entries:
            raise ManifestError("unknown_category", _slip(name, found[name], (*recipe.categories, *BACKGROUND), photos))
    if new:
        value = recipe.model_dump()
        recipe = type(recipe).model_validate({**value, "categories": (*recipe.categories, *new)})
    for one in spoken or [Words.read()]:
        one.require(recipe.categories, parents)
    told = [f"new category: {name} ({found[name]:,} photos), with words of your own" for name in new]
    texts = {own_name(one.language): one.path.read_text(encoding="utf-8") for one in spoken}
    return recipe, texts, told


def _slip(name: str, count: int, known: Sequence[str], photos: Path) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}? If not, " if near else ""
    return (
        f"{str(photos)!r} has {count} photos of {name!r}, which the recipe does not list; {hint}rename or remove them, "
        f"or, for a category of your own, give its words with --words: `redspots words template {name}` helps."
    )
