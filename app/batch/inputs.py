"""Which photos a command means: files, folders, patterns, lists of names, and URLs of object stores."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Sequence
from glob import has_magic
from hashlib import sha256
from pathlib import Path

from app.batch.patterns import fixed_part, matches_of
from model.errors import InputError
from model.photo import Source, Walk, escaped, is_url, nothing_found
from model.system.text import encoding_of

STANDARD_INPUT = "-"


def find_sources(names: Sequence[str], *, lists: Sequence[Path] = (), walk: Walk | None = None) -> list[Source]:
    """Return every photo once: those of `names` sorted by path, URLs after files, then those of the lists in order.

    A name is a file, a folder that is searched to any depth, a pattern such as `photos/**/*.jpg`, a URL, or `-` for a
    list on standard input. A file that is named is kept whatever it is called; in folders `PHOTO_SUFFIXES` count. A
    missing file is an error, but in a list it stays: it gets its row and its error there, like every other name; so
    does the current folder or one above it, which nobody means in a list. `walk` says what to leave out, and has it
    afterwards.

    Raises InputError.
    """
    walk = walk or Walk()
    named = _once(source for name in names if name != STANDARD_INPUT for source in _expand(name, walk))
    found: list[Source] = sorted(source for source in named if isinstance(source, Path))
    found += sorted(source for source in named if isinstance(source, str))
    for path in lists:
        found += _expand_all(_names_in(_read_list(path), place=f"The list {escaped(str(path))}"), walk)
    if STANDARD_INPUT in names:
        found += _expand_all(_names_in(sys.stdin.buffer.read(), place="The list on standard input"), walk)
    if not found:
        raise nothing_found([*names, *map(str, lists)], walk)
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


def _expand_all(names: Iterable[str], walk: Walk) -> list[Source]:
    return [source for name in names for source in _expand(name, walk, listed=True)]


def _expand(name: str, walk: Walk, *, listed: bool = False) -> Sequence[Source]:
    """Return the photos that one name means."""
    if is_url(name):
        # Loaded only for those who use it.
        from app.batch.object_store import find_urls

        return [url for url in find_urls(name) if not walk.excludes(url)]
    path = Path(name)
    if os.path.lexists(path):
        return _photos_at(path, walk, listed=listed)
    if has_magic(name) and not (listed and fixed_part(name) == Path(path.anchor or os.sep)):
        return _photos_of(matches_of(name, walk), walk, listed=listed)
    if listed:
        return [path]
    raise InputError("missing_path", f"{escaped(name)} does not exist; check the path.")


def _photos_of(matches: Sequence[Path], walk: Walk, *, listed: bool) -> list[Source]:
    """Return the photos that a pattern matched and those of matched folders, each once, by the way without links."""
    true_folders: dict[Path, str] = {}
    found: dict[str, Source] = {}
    for match in sorted(matches, key=lambda path: (os.path.isdir(path), os.path.islink(path))):  # noqa: PTH112, PTH114
        for photo in map(Path, _photos_at(match, walk, listed=listed)):
            if photo.parent not in true_folders:
                true_folders[photo.parent] = os.path.realpath(photo.parent)
            found.setdefault(f"{true_folders[photo.parent]}/{photo.name}", photo)
    return list(found.values())


def _photos_at(path: Path, walk: Walk, *, listed: bool) -> Sequence[Source]:
    """Return the photos of a folder, or the file itself."""
    if walk.excludes(str(path)):
        return []
    if os.path.isdir(path) and not (listed and _holds_current_folder(path)):  # noqa: PTH112 - Path.is_dir may raise
        return walk.photos_in(path)
    return [path]


def _holds_current_folder(path: Path) -> bool:
    current = os.path.realpath(os.curdir)
    return os.path.realpath(path) in {current, *map(str, Path(current).parents)}


def _read_list(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "no reason given"
        sentence = f"The list {escaped(str(path))} cannot be read ({reason}); check the path and its permissions."
        raise InputError("missing_path", sentence) from error


def _names_in(data: bytes, *, place: str) -> list[str]:
    """Return the names of a list: one per line, or separated by NUL bytes, as `find -print0` writes them.

    Raises InputError for a text in no encoding that is known.
    """
    encoding, mark = encoding_of(data)
    data = data[mark:]
    if encoding == "utf-8" and b"\0" in data:
        return [os.fsdecode(name) for name in data.split(b"\0") if name]
    if encoding != "utf-8":
        try:
            lines = data.decode(encoding).split("\n")
        except UnicodeDecodeError as error:
            raise InputError("bad_option", f"{place} is no {encoding.upper()} ({error.reason}); {_SAVE}.") from error
    else:
        lines = [_line(line, number, place) for number, line in enumerate(data.split(b"\n"), start=1)]
    return [name for line in lines if (name := _as_named(line.removesuffix("\r")))]


_SAVE = "save it as UTF-8 or UTF-16, with one name per line"


def _line(line: bytes, number: int, place: str) -> str:
    """Return a line of a list. Bytes that are no UTF-8 are a name only where there is such a file."""
    try:
        return line.decode()
    except UnicodeDecodeError:
        name = os.fsdecode(line.removesuffix(b"\r"))
        if os.path.lexists(name):
            return name
    shown = escaped(os.fsdecode(line[:80]))
    raise InputError("bad_option", f"{place} is not in UTF-8: line {number} is {shown!r}; {_SAVE}.")


def _as_named(line: str) -> str:
    """Return the name on a line: without the blanks around it where there is no file with them."""
    name = line.strip()
    return line if name and name != line and os.path.lexists(line) else name


def _identity(source: Source) -> str:
    return os.path.normpath(source.absolute()) if isinstance(source, Path) else source
