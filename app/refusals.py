"""What is said to a request that is refused before there is an answer; the referral is part of it, in any language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from app.wording import Words


@dataclass(frozen=True, slots=True)
class Refusals:
    """The refusals in one language."""

    too_large: str
    busy: str

    @classmethod
    def of(cls, words: Words) -> Self:
        """Return the refusals in the language of the words."""
        return cls(*(words.refuse(words.page[key]) for key in ("too_large", "busy")))


def refusals_at(path: str, by_prefix: Mapping[str, Refusals]) -> tuple[str, Refusals]:
    """Return the path below the page that it belongs to, and what that page says; "" is the first page's prefix."""
    for prefix, refusals in by_prefix.items():
        if prefix and (path == prefix or path.startswith(f"{prefix}/")):
            return path.removeprefix(prefix) or "/", refusals
    return path, by_prefix[""]
