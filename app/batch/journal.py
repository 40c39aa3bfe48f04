"""Journal: what a run has done so far, one line per photo that is on the disk before the next is begun.

A file of JSON lines. The first says which run it is; each of the others holds the row of one photo, in the order of the
photos, and what a report needs if one was asked for. So a run that was killed at any moment goes on where it
was: what a torn or missing line held is scored again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.views.row import Cell
from model.errors import OutputError
from model.system.durable import lock_file
from model.system.files import cannot_write, sync_folder

_MARK = '{"redspots_journal": 1, '
"""First bytes of every journal: tells a torn one from a file that is somebody else's."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One photo that is done."""

    row: Mapping[str, Cell]
    report: Mapping[str, Any] = field(default_factory=dict)
    """What the report needs beyond the row; empty where none was asked for."""


class Journal:
    """The journal of one run, open for appending. Use it in a `with` statement; it outlives everything but success."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take what `open` has opened and locked; call `open` instead."""
        self.path = path
        self.entries_done = 0
        self.started = ""
        self._descriptor = descriptor
        self._end = 0

    @classmethod
    def open(cls, path: Path, *, run: Mapping[str, str], resume: bool) -> Self:
        """Return the journal of a new run, or of the one that is resumed.

        `run` says what makes two runs the same, by name: the model, the words, the options, the photos. Raises
        OutputError: there is a journal and `resume` was not asked for, it is another run's or none, or it is in use.
        """
        there = os.path.lexists(path)
        if there and not resume:
            raise unfinished_run(path)
        try:
            # Never through a link or into a pipe: what is appended belongs to a file of our own.
            flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            descriptor = os.open(path, flags | (0 if there else os.O_CREAT | os.O_EXCL), 0o644)
        except OSError as error:
            raise cannot_write(path, error) from error
        journal = cls(path, descriptor)
        try:
            lock(descriptor, path)
            journal._begin(run)
        except BaseException as error:
            os.close(descriptor)
            # An empty journal of a run that has not begun would refuse the next one.
            if not there and not (isinstance(error, OutputError) and error.code == "in_use"):
                path.unlink(missing_ok=True)
            raise
        return journal

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, and leave it where it is."""
        os.close(self._descriptor)

    def append(self, entry: Entry) -> None:
        """Write one line and wait until the disk has it. Raises OutputError when it takes no more."""
        values: dict[str, Any] = {"row": dict(entry.row)}
        if entry.report:
            values["report"] = dict(entry.report)
        self._write_line(json.dumps(values, ensure_ascii=False, allow_nan=False))
        self.entries_done += 1

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield what is done with the place of its line, in the order of the photos."""
        with self.path.open("rb") as file:
            place = len(file.readline())
            for _ in range(self.entries_done):
                line = file.readline()
                yield place, _read_entry(line)
                place += len(line)

    def entry_at(self, place: int) -> Entry:
        """Return the entry whose line begins at a place that `entries` gave."""
        with self.path.open("rb") as file:
            file.seek(place)
            return _read_entry(file.readline())

    def remove(self) -> None:
        """Remove the file: its run is complete."""
        self.path.unlink(missing_ok=True)

    def _begin(self, run: Mapping[str, str]) -> None:
        """Find the end of what is whole, cut off what is not, and check or write the first line."""
        with self.path.open("rb") as file:
            first = file.readline()
            if first.endswith(b"\n"):
                self._check_first(first, run)
                self._end = len(first)
                for line in file:
                    try:
                        _read_entry(line)
                    except (ValueError, KeyError, TypeError):
                        break
                    self._end += len(line)
                    self.entries_done += 1
            elif not _MARK.encode().startswith(first[: len(_MARK)]):
                raise self._not_a_journal()
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if not self._end:
            self.started = datetime.now(UTC).isoformat(timespec="seconds")
            self._write_line(_MARK + json.dumps({"started": self.started, "run": dict(run)})[1:])
            sync_folder(self.path.parent)

    def _check_first(self, line: bytes, run: Mapping[str, str]) -> None:
        try:
            values = json.loads(line)
            values["redspots_journal"]
            self.started, then = str(values["started"]), dict(values["run"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._not_a_journal() from error
        check_same_run(str(self.path), then, run)

    def _not_a_journal(self) -> OutputError:
        return OutputError(
            "no_journal", f"{str(self.path)!r} is no journal of redspots; move it, or choose another --out."
        )

    def _write_line(self, text: str) -> None:
        line = text.encode() + b"\n"
        try:
            os.lseek(self._descriptor, self._end, os.SEEK_SET)
            rest = memoryview(line)
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
            os.fsync(self._descriptor)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end)
            raise cannot_write(self.path, error) from error
        self._end += len(line)


def check_same_run(place: str, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise OutputError unless a run is the one whose work lies at a place: the same values by the same names."""
    if differing := [name for name in {**then, **now} if then.get(name) != now.get(name)]:
        raise OutputError(
            "other_run",
            f"{place!r} belongs to a run with other {' and '.join(differing)}; repeat the command as it was, or choose"
            " another --out.",
        )


def lock(descriptor: int, path: Path) -> None:
    """Keep other runs from a file until it is closed. Raises OutputError where another has it."""
    # Two runs that write to one place would both be lost.
    try:
        lock_file(descriptor, wait=False)
    except BlockingIOError as error:
        sentence = f"{str(path)!r} is in use by another run; wait for it, or choose another --out."
        raise OutputError("in_use", sentence) from error
    except OSError as error:
        raise cannot_write(path, error) from error


def unfinished_run(place: Path | str) -> OutputError:
    """Return the error for what a new run must not overwrite."""
    sentence = f"{str(place)!r} holds what an unfinished run has done; go on with --resume, or remove it."
    return OutputError("unfinished_run", sentence)


def _read_entry(line: bytes) -> Entry:
    """Return the entry of a line. Raises ValueError, KeyError or TypeError on one that is torn."""
    if not line.endswith(b"\n"):
        raise ValueError("a torn line")
    values = json.loads(line)
    return Entry(dict(values["row"]), dict(values.get("report", {})))
