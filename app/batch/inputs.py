"""Which photos a command means: files, folders, patterns, lists of names, and URLs of object stores."""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from model.errors import InputError
from model.photo import PHOTO_SUFFIXES, Source, escaped, is_url, photos_in
from model.redaction import redacted_url

STANDARD_INPUT = "-"


def find_sources(names: Sequence[str], *, lists: Sequence[Path] = ()) -> list[Source]:
    """Return every photo once: those of `names` sorted by path, URLs after files, then those of the lists in order.

    A name is a file, a folder that is searched to any depth, a pattern such as `photos/**/*.jpg`, a URL, or `-` for a
    list on standard input. A file that is named is kept whatever it is called; in folders `PHOTO_SUFFIXES` count. A
    missing file is an error, but in a list it stays: it gets its row and its error there, like every other name.

    Raises InputError.
    """
    named = _once(source for name in names if name != STANDARD_INPUT for source in _expand(name))
    found: list[Source] = sorted(source for source in named if isinstance(source, Path))
    found += sorted(source for source in named if isinstance(source, str))
    for path in lists:
        found += _expand_all(_names_in(_read_list(path)))
    if STANDARD_INPUT in names:
        found += _expand_all(_names_in(sys.stdin.buffer.read()))
    if not found:
        places = ", ".join(escaped(redacted_url(name)) for name in (*names, *map(str, lists))) or "no path"
        suffixes = " ".join(sorted(PHOTO_SUFFIXES))
        raise InputError("nothing_found", f"No photo in {places}; give photos, or folders with {suffixes} files.")
    return _once(found)


def hash_of(places: Iterable[Source | None]) -> str:
    """Return one hash of places in their order, wherever they are named from: what tells two runs apart."""
    names = (str(place.absolute()) if isinstance(place, Path) else str(place) for place in places)
    return sha256(b"\0".join(map(os.fsencode, names))).hexdigest()


def fetcher(sources: Sequence[Source]) -> Callable[[str], bytes] | None:
    """Return what reads the URLs among the sources, see `model.batch.Options`; None where there are none."""
    if all(isinstance(source, Path) for source in sources):
        return None
    from app.batch.object_store import fetch

    return fetch


def _once(sources: Iterable[Source]) -> list[Source]:
    """Return the sources without those that are there already under another name."""
    unique: dict[str, Source] = {}
    for source in sources:
        unique.setdefault(_identity(source), source)
    return list(unique.values())


def _expand_all(names: Iterable[str]) -> list[Source]:
    return [source for name in names for source in _expand(name, listed=True)]


def _expand(name: str, *, listed: bool = False) -> Sequence[Source]:
    """Return the photos that one name means."""
    if is_url(name):
        # Loaded only for those who use it.
        from app.batch.object_store import find_urls

        return find_urls(name)
    path = Path(name)
    if os.path.lexists(path):
        return photos_in(path) if path.is_dir() else [path]
    if glob.has_magic(name):
        matches = [Path(match) for match in glob.glob(name, recursive=True)]  # noqa: PTH207 - Path.glob takes no absolute pattern
        return [photo for match in matches for photo in (photos_in(match) if match.is_dir() else [match])]
    if listed:
        return [path]
    raise InputError("missing_path", f"{escaped(name)} does not exist; check the path.")


def _read_list(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "no reason given"
        sentence = f"The list {escaped(str(path))} cannot be read ({reason}); check the path and its permissions."
        raise InputError("missing_path", sentence) from error


def _names_in(data: bytes) -> list[str]:
    """Return the names of a list: one per line, or separated by NUL bytes, as `find -print0` writes them."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    names = data.split(b"\0") if b"\0" in data else [line.removesuffix(b"\r") for line in data.split(b"\n")]
    return [os.fsdecode(name) for name in names if name]


def _identity(source: Source) -> str:
    return os.path.normpath(source.absolute()) if isinstance(source, Path) else source
