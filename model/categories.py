"""Categories: the ids of what a photo can show, and the text that says what redspots is for.

The only list in code. A model's own categories stand on its card, custom ones in a recipe; what is named here is
what redspots itself draws, maps labels to, has words for, and treats with special care.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias, get_args

Category: TypeAlias = Literal["petechiae", "purpura", "cherry_angioma", "sun_rash"]
CATEGORIES: tuple[Category, ...] = get_args(Category)

OTHER = "other"
"""The network's last output: skin or things that are none of the categories. Never shown as a category."""
NOT_SKIN = "not_skin"
"""Photos of no skin at all: they train the output `other`, and are counted on their own when measured."""
BACKGROUND = (OTHER, NOT_SKIN)
"""What a labelled photo may be where it is none of the categories."""

NOT_SURE = "not_sure"
COULD_NOT_READ = "could_not_read"
RESERVED = (*BACKGROUND, NOT_SURE, COULD_NOT_READ)
"""Ids that no custom category may have."""

CATEGORY_ID = re.compile(r"[a-z][a-z0-9_]*")


def is_category_id(name: str) -> bool:
    """Return whether a custom category may have this id."""
    return bool(CATEGORY_ID.fullmatch(name)) and name not in RESERVED


BLEEDING: tuple[Category, ...] = ("petechiae", "purpura")
"""Bleeding into the skin: what must not be missed."""
BLEEDING_SPOTS = "bleeding_spots"
"""The parent of these: said where they cannot be told apart."""

INTENDED_USE = (
    "For research and education. Not a medical device, not cleared or approved by any regulator, not for diagnosis, "
    "triage or deciding whether to seek care."
)
"""What redspots is for, on model cards, in `--help` and over HTTP; words files say it to people in their language."""
