"""The one reader of photos, for page, command line and training: `read_photo` and `find_photos`.

Whatever bytes come in, a `Photo` or a `PhotoError` comes out, and no metadata (EXIF, GPS, XMP, profiles) with it.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, PhotoError
from model.photo.decoding import Limits, decode
from model.redaction import redacted_url

__all__ = [
    "PHOTO_SUFFIXES",
    "SHOWN_SIDE",
    "Limits",
    "Photo",
    "Source",
    "as_source",
    "escaped",
    "find_photos",
    "is_url",
    "photos_in",
    "read_bytes",
    "read_photo",
]

Source = Path | str
"""Where a photo comes from: a file, or the URL of an object in a store."""

PHOTO_SUFFIXES = frozenset(
    {
        *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".avif", ".heic", ".heif", ".hif"),
        *(".bmp", ".dib", ".tif", ".tiff", ".gif"),
    }
)
"""File names that `find_photos` takes from a folder, in lower case. Reading goes by content."""

SHOWN_SIDE = 512
"""Least shorter side, in pixels, of the picture of a photo that has so many."""

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Photo:
    """One decoded photo."""

    pixels: NDArray[np.uint8] = field(repr=False, compare=False)
    """(height, width, 3), sRGB, upright, C-contiguous; may be scaled down from `size`."""
    size: tuple[int, int]
    """Width and height of the full upright photo, in pixels."""
    notes: tuple[str, ...]
    """What the reader had to decide: `first_frame`, `transparency` (shown on white), `sixteen_bit` (scaled grey),
    `header_fault` (of a file that has all its pixels)."""
    sha256: str
    """Of the file's bytes."""
    shown: NDArray[np.uint8] | None = field(default=None, repr=False, compare=False)
    """The same photo as `pixels`, larger, for people to look at; None where nobody asked or `pixels` are as large."""

    @property
    def picture(self) -> NDArray[np.uint8]:
        """Return the pixels to show to people, (height, width, 3)."""
        return self.pixels if self.shown is None else self.shown


def is_url(name: str) -> bool:
    """Return whether a name is a URL rather than a path."""
    return "://" in name


def as_source(place: str | os.PathLike[str]) -> Source:
    """Return a URL as it is, and any other string or path as a `Path`."""
    return place if isinstance(place, str) and is_url(place) else Path(place)


def read_photo(
    source: str | os.PathLike[str] | bytes,
    *,
    shorter_side: int | None = None,
    shown: bool = False,
    limits: Limits = _DEFAULT_LIMITS,
    name: str | None = None,
) -> Photo:
    """Return the photo in a file, whose path may be a string, or in bytes, upright and in sRGB.

    `shorter_side` is the least that the caller needs of it, in pixels: large photos are scaled down while they are
    decoded, JPEG by a half, a quarter or an eighth, other formats by any whole factor. None asks for the full photo.
    With `shown` a picture for people comes with it, decoded once more where `shorter_side` makes the photo small.
    `name` stands for the photo in error sentences, where the path would say nothing to the reader.

    Raises PhotoError. Safe to call from many threads.
    """
    if isinstance(source, bytes):
        shown_as, data = escaped(name or "The photo"), source
    else:
        place = as_source(source)
        if isinstance(place, str):
            raise not_read_here(place)
        shown_as, data = escaped(name or str(place)), read_bytes(place, limits=limits, name=name)
    if not data:
        raise PhotoError("empty", f"{shown_as} is empty (0 bytes); copy it again.")
    if len(data) > limits.max_bytes:
        raise _too_large(shown_as, limits)
    decoded = decode(data, shown=shown_as, limits=limits, shorter_side=shorter_side)
    picture = None
    if shown and min(decoded.pixels.shape[:2]) < min(SHOWN_SIDE, *decoded.size):
        picture = decode(data, shown=shown_as, limits=limits, shorter_side=SHOWN_SIDE).pixels
    return Photo(decoded.pixels, decoded.size, decoded.notes, hashlib.sha256(data).hexdigest(), picture)


def escaped(name: str) -> str:
    """Return a file name that is safe to print: control and direction characters escaped, letters of all scripts kept.

    Undecodable bytes of a file name, which Python holds as lone surrogates, are escaped as well.
    """
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in name
    )


def read_bytes(path: Path, *, limits: Limits = _DEFAULT_LIMITS, name: str | None = None) -> bytes:
    """Return the file's bytes. Pipes, devices and sockets are never opened. Raises PhotoError."""
    shown = escaped(name or str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _not_a_file(shown)
        # The file may have been swapped since: O_NONBLOCK keeps a pipe from hanging, and it is looked at again.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise _not_a_file(shown)
            if status.st_size > limits.max_bytes:
                raise _too_large(shown, limits)
            return file.read(status.st_size)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise PhotoError("missing", f"{shown} does not exist; check the path.") from error
        reason = error.strerror or "no reason given"
        raise PhotoError("unreadable", f"{shown} cannot be read ({reason}); check its permissions.") from error
    except ValueError as error:  # A zero byte in the path.
        raise PhotoError("missing", f"{shown} cannot be the path of a file; check the path.") from error


def not_read_here(url: str) -> PhotoError:
    """Return the error for a URL where files alone are read."""
    return PhotoError("unreachable", f"{escaped(redacted_url(url))} is a URL, which is not read here; give a file.")


def _not_a_file(shown: str) -> PhotoError:
    return PhotoError("not_a_file", f"{shown} is a folder, a pipe or a device; give the path of a photo.")


def _too_large(shown: str, limits: Limits) -> PhotoError:
    sentence = f"{shown} is larger than {limits.max_bytes / 2**20:g} MiB; export it as a smaller JPEG."
    return PhotoError("file_too_large", sentence)


def find_photos(paths: Iterable[str | os.PathLike[str]]) -> list[Path]:
    """Return the photo files in files and folders, sorted by path, each once.

    A file that is named is kept whatever its name, so that it gets its answer or its error. Folders are searched to any
    depth for `PHOTO_SUFFIXES`; hidden files and folders in them are left out, and links to folders are not followed
    (they can lead in circles).

    Raises InputError `missing_path` or `nothing_found`.
    """
    if isinstance(paths, str):
        raise TypeError("find_photos takes a list of paths; put one path into a list")
    found: dict[str, Path] = {}
    named = [Path(path) for path in paths]
    for path in named:
        if not os.path.lexists(path):
            raise InputError("missing_path", f"{escaped(str(path))} does not exist; check the path.")
        for photo in photos_in(path) if path.is_dir() else [path]:
            found.setdefault(os.path.normpath(photo.absolute()), photo)
    if not found:
        places = ", ".join(escaped(str(path)) for path in named) or "no path"
        suffixes = " ".join(sorted(PHOTO_SUFFIXES))
        raise InputError("nothing_found", f"No photo in {places}; give photos, or folders with {suffixes} files.")
    return sorted(found.values())


def photos_in(folder: Path) -> list[Path]:
    """Return the files of a folder, to any depth, that are named like photos, as `find_photos` takes them.

    Raises InputError `missing_path` for a folder in it that cannot be listed.
    """
    photos = []
    for place, folders, files in os.walk(folder, onerror=_refuse_folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        photos += [
            Path(place, name)
            for name in files
            if not name.startswith(".") and Path(name).suffix.lower() in PHOTO_SUFFIXES
        ]
    return photos


def _refuse_folder(error: OSError) -> None:
    """Stop at a folder that cannot be listed: skipped in silence, its photos would never get their rows."""
    shown = escaped(str(error.filename))
    reason = error.strerror or "no reason given"
    sentence = f"The folder {shown} cannot be listed ({reason}); check its permissions or leave it out."
    raise InputError("missing_path", sentence) from error
