"""Choices: what a reader can say of a photo, and with which keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from model.categories import NOT_SKIN, OTHER

CANNOT_TELL = "cannot_tell"
"""What a reader says who cannot tell; such a photo trains nothing."""

BODY_SITES = ("face", "scalp", "neck", "trunk", "arm", "hand", "leg", "foot", "fold", "mouth", "nail")
"""As `training.data.manifest` has them: the base installation labels without the packages of training."""
BLEEDING = ("yes", "no", "fades")
"""Whether the spots are bleeding into the skin; `fades` where they were seen to fade under a glass."""
MONK = (
    *("#f6ede4", "#f3e7db", "#f7ead0", "#eadaba", "#d7bd96"),
    *("#a07e56", "#825c43", "#604134", "#3a312a", "#292420"),
)
"""Colours of the Monk Skin Tone Scale from 1 to 10 in sRGB, as published at https://skintone.google under CC BY 4.0
(E. Monk, The Monk Skin Tone Scale, 2023, https://doi.org/10.31235/osf.io/pdf4c)."""
TONES = tuple(f"monk {number}" for number in range(1, len(MONK) + 1))

FIELDS: Mapping[str, Sequence[str]] = {"body_site": BODY_SITES, "skin_tone": TONES, "bleeding": BLEEDING}
"""Optional fields with their values; an empty text takes a value back."""

# The digits 0 and 1 to 9 come first; these letters do nothing else on the page.
_KEYS = "123456789acdfhijklmnopqvwxy"


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to say of a photo."""

    category: str
    key: str
    """On the keyboard."""


def choices_of(categories: Sequence[str]) -> tuple[Choice, ...]:
    """Return what can be said with a model of these categories: they, `other`, `not_skin`, and `cannot_tell` on 0."""
    return tuple(_choices(categories))


def _choices(categories: Sequence[str]) -> Iterator[Choice]:
    for category, key in zip((*categories, OTHER, NOT_SKIN), _KEYS, strict=False):
        yield Choice(category, key)
    yield Choice(CANNOT_TELL, "0")
