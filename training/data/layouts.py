"""Layouts of folders with labelled photos: which folder of a path is the split, the category, the person."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

_SPLIT_WORDS = {
    **{word: "train" for word in ("train", "training", "trn")},
    **{word: "validation" for word in ("validation", "val", "valid", "dev")},
    **{word: "test" for word in ("test", "testing", "tst")},
}
_MEANINGLESS = frozenset({"images", "image", "img", "imgs", "photos", "pictures", "data", "files", "upload", "uploads"})
"""Folders that say nothing of the photos in them."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the folders of one photo say; empty texts for what they do not."""

    category: str = ""
    """Or label, as it is written."""
    split: str = ""
    group: str = ""
    """Folder inside that of the category: of one person."""


def plain(word: str) -> str:
    """Return a label or name in lower case, with underscores in place of all that is no letter or digit."""
    return re.sub(r"[\W_]+", "_", word.strip().lower()).strip("_")


def split_of(word: str) -> str:
    """Return the split that a word means, or an empty text."""
    return _SPLIT_WORDS.get(plain(word), "")


def split_in(parts: Sequence[str]) -> str:
    """Return the split that one of the folders of a path means, or an empty text."""
    return next((split for part in parts if (split := split_of(part))), "")


def places(paths: Sequence[Sequence[str]], *, known: Collection[str] = ()) -> list[Place]:
    """Return what the folders of photos say, each given from the outermost to the innermost.

    The folder of the category is at the depth at which most of `known`, in the manner of `plain`, are found; else the
    outermost. Folders inside it are persons where there are two of them or more.
    """
    told = [[part for part in parts if not split_of(part) and plain(part) not in _MEANINGLESS] for parts in paths]
    depths = Counter(depth for parts in told for depth, part in enumerate(parts) if plain(part) in known)
    depth = max(depths, key=lambda one: (depths[one], -one)) if depths else 0
    found = [
        Place(
            category=parts[min(depth, len(parts) - 1)] if parts else "",
            split=split_in(all_parts),
            group=parts[depth + 1] if len(parts) > depth + 1 else "",
        )
        for parts, all_parts in zip(told, paths, strict=True)
    ]
    if len({place.group for place in found} - {""}) < 2:
        return [replace(place, group="") for place in found]
    return found
