"""The one reader of photos, for page, command line and training: `read_photo` and `find_photos`.

Whatever bytes come in, a `Photo` or a `PhotoError` comes out, and no metadata (EXIF, GPS, XMP, profiles) with it.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import os
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.errors import InputError, PhotoError
from model.photo.decoding import Limits, decode
from model.photo.names import PHOTO_SUFFIXES, escaped, is_url
from model.photo.walking import LeftOut, Walk
from model.redaction import redacted_url

__all__ = [
    "PHOTO_SUFFIXES",
    "SHOWN_SIDE",
    "LeftOut",
    "Limits",
    "Photo",
    "Source",
    "Walk",
    "as_source",
    "escaped",
    "find_photos",
    "is_url",
    "read_bytes",
    "read_photo",
]

Source = Path | str
"""Where a photo comes from: a file, or the URL of an object in a store."""

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


def find_photos(paths: Iterable[str | os.PathLike[str]], *, walk: Walk | None = None) -> list[Path]:
    """Return the photo files in files and folders, sorted by path, each once.

    A file that is named is kept whatever its name, so that it gets its answer or its error. Folders are searched to any
    depth for `PHOTO_SUFFIXES`, as `Walk` says; hidden files and folders in them are left out. What is left out stands
    in the walk that was given; without one, a warning is logged for folders that cannot be listed.

    Raises InputError `missing_path` or `nothing_found`.
    """
    if isinstance(paths, str):
        raise TypeError("find_photos takes a list of paths; put one path into a list")
    found: dict[str, Path] = {}
    named = [Path(path) for path in paths]
    walked = Walk() if walk is None else walk
    for path in named:
        if not os.path.lexists(path):
            raise InputError("missing_path", f"{escaped(str(path))} does not exist; check the path.")
        for photo in walked.photos_in(path) if os.path.isdir(path) else [path]:  # noqa: PTH112 - Path.is_dir raises
            found.setdefault(os.path.normpath(photo.absolute()), photo)
    if not found:
        raise nothing_found([str(path) for path in named], walked)
    if walk is None:
        log_unseen(walked)
    return sorted(found.values())


def nothing_found(names: Iterable[str], walk: Walk) -> InputError:
    """Return the error for names in which there is no photo, with what was left out."""
    places = ", ".join(escaped(redacted_url(name)) for name in names) or "no path"
    suffixes = " ".join(sorted(PHOTO_SUFFIXES))
    sentence = f"No photo in {places}; give photos, or folders with {suffixes} files."
    return InputError("nothing_found", " ".join([sentence, *(f"{line}." for line in walk.sentences())]))


def log_unseen(walk: Walk) -> None:
    """Log a warning for the folders that a walk could not look into: without a word their photos would be missing."""
    if walk.unseen:
        logging.getLogger(__name__).warning(walk.sentences()[0])
