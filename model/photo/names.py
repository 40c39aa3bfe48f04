"""How photos are named: the suffixes that folders are searched for, URLs, and names that are safe to print."""

from __future__ import annotations

PHOTO_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".heic", ".heif", ".hif"),
        *(".bmp", ".dib", ".tif", ".tiff", ".gif"),
    }
)
"""File names that `find_photos` takes from a folder, in lower case. Reading goes by content."""


def is_url(name: str) -> bool:
    """Return whether a name is a URL rather than a path."""
    return "://" in name


def escaped(name: str) -> str:
    """Return a file name that is safe to print: control and direction characters escaped, letters of all scripts kept.

    Undecodable bytes of a file name, which Python holds as lone surrogates, are escaped as well.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in name
    )
