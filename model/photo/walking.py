"""Walk: the files below folders, every folder once, and what was left out on the way with its reason."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatch
from pathlib import Path, PurePath

from model.photo.names import PHOTO_SUFFIXES, escaped
from model.redaction import redacted_url

SYSTEM_FOLDERS = frozenset(
    {
        # Thumbnails and bins of Synology and QNAP, of Windows, of macOS archives, and what a file check found.
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "$recycle.bin", "recycler"),
        *("system volume information", "__macosx", "lost+found"),
    }
)
"""Folders, in lower case, in which systems keep copies and what was deleted: walked only where they are named."""


class Reason(StrEnum):
    """Why a file or folder was left out, in words that follow a count and a noun."""

    NOT_LISTED = "that cannot be listed"
    CIRCLE = "that is a link to a folder above"
    SYSTEM = "where systems keep thumbnails or deleted files"
    HIDDEN = "whose name begins with a dot"
    EXCLUDED = "that --exclude names"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """One file or folder that a walk did not take."""

    path: str
    reason: Reason
    detail: str = ""
    """What the system said."""


@dataclass(slots=True)
class Walk:
    """How folders are searched, and what was left out so far."""

    exclude: tuple[str, ...] = ()
    """Shell patterns: of a name at any depth, or, with a slash in them, of the end of a path."""
    _left_out: dict[str, LeftOut] = field(default_factory=dict)
    """By its true path, since a pattern can come by a place twice."""

    @property
    def unseen(self) -> int:
        """Return how many folders could not be looked into."""
        return sum(one.reason is Reason.NOT_LISTED for one in self._left_out.values())

    def photos_in(self, folder: Path) -> list[Path]:
        """Return the files of a folder, to any depth, that are named like photos, sorted; hidden ones are left out."""
        return sorted(path for path in self.files_in(folder) if path.suffix.lower() in PHOTO_SUFFIXES)

    def files_in(self, folder: Path, *, folders: bool = False) -> Iterator[Path]:
        """Yield the files below a folder, and with `folders` those as well, in no order.

        A linked folder is walked unless it has been or holds the folder itself: after the others, so that a photo
        goes by its own path where it has one.
        """
        start = os.path.realpath(folder)
        above = {str(parent) for parent in PurePath(start).parents}
        seen: set[str] = set()
        waiting = [str(folder)]
        while waiting:
            root = waiting.pop(0)
            real = os.path.realpath(root)
            if real in above:
                self._leave_out(root, Reason.CIRCLE)
                continue
            for place, below, files in os.walk(root, onerror=self._cannot_list):
                true_place = os.path.normpath(os.path.join(real, os.path.relpath(place, root)))  # noqa: PTH118
                if true_place in seen:
                    below.clear()
                    continue
                seen.add(true_place)
                kept = [name for name in sorted(below) if self._takes_folder(place, name)]
                if folders:
                    yield from (Path(place, name) for name in kept)
                linked = {name for name in kept if os.path.islink(f"{place}/{name}")}  # noqa: PTH114
                waiting += [os.path.join(place, name) for name in kept if name in linked]  # noqa: PTH118 - as os.walk
                below[:] = [name for name in kept if name not in linked]
                yield from (Path(place, name) for name in files if self._takes_file(place, name))

    def names_in(self, folder: Path) -> list[str]:
        """Return the names in a folder; none where it cannot be listed, which is remembered."""
        try:
            return [path.name for path in folder.iterdir()]
        except OSError as error:
            self._cannot_list(error)
            return []

    def excludes(self, path: str) -> bool:
        """Return whether a pattern of `exclude` is that of the path, and remember it then."""
        if not self._is_excluded(path):
            return False
        self._leave_out(path, Reason.EXCLUDED)
        return True

    def takes_folder(self, path: Path) -> bool:
        """Return whether a folder is one to be searched, by its name alone."""
        return self._takes_folder(str(path.parent), path.name)

    def sentences(self) -> list[str]:
        """Return what was left out for people: a line per reason, with the first name."""
        counts = Counter(one.reason for one in self._left_out.values())
        lines = []
        for reason in Reason:
            if count := counts[reason]:
                first = next(one for one in self._left_out.values() if one.reason is reason)
                detail = f" ({first.detail})" if first.detail else ""
                what = "1 place" if count == 1 else f"{count:,} places"
                lines.append(f"Left out: {what} {reason}; the first: '{escaped(redacted_url(first.path))}'{detail}")
        return lines

    def _leave_out(self, path: str, reason: Reason, detail: str = "") -> None:
        place, name = os.path.split(path.rstrip(os.sep))
        true_path = os.path.join(os.path.realpath(place), name)  # noqa: PTH118 - as everywhere here
        self._left_out.setdefault(true_path, LeftOut(path, reason, detail))

    def _takes_folder(self, place: str, name: str) -> bool:
        path = os.path.join(place, name)  # noqa: PTH118 - a Path would lose a leading ./
        if name.lower() in SYSTEM_FOLDERS:
            self._leave_out(path, Reason.SYSTEM)
        elif name.startswith("."):
            self._leave_out(path, Reason.HIDDEN)
        else:
            return not self.excludes(path)
        return False

    def _takes_file(self, place: str, name: str) -> bool:
        path = os.path.join(place, name)  # noqa: PTH118
        if name.startswith("."):
            if PurePath(name).suffix.lower() in PHOTO_SUFFIXES:
                self._leave_out(path, Reason.HIDDEN)
            return False
        return not self.exclude or not self._is_photo(name) or not self.excludes(path)

    def _is_excluded(self, path: str) -> bool:
        parts = [part for part in path.replace(os.sep, "/").split("/") if part]
        for pattern in self.exclude:
            wanted = pattern.strip("/").split("/")
            if len(parts) >= len(wanted) and all(map(fnmatch, parts[-len(wanted) :], wanted)):
                return True
        return False

    def _cannot_list(self, error: OSError) -> None:
        reason = error.strerror or "no reason given"
        self._leave_out(os.fsdecode(error.filename or "?"), Reason.NOT_LISTED, reason)

    @staticmethod
    def _is_photo(name: str) -> bool:
        return PurePath(name).suffix.lower() in PHOTO_SUFFIXES
