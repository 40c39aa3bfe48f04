"""Journal: what a run has done so far, one line per photo that is on the disk before the next is begun.

A file of JSON lines. The first says which run it is; each of the others is what one photo came to. So a run that was
killed at any moment goes on where it was: what a torn or missing line held is done again.
"""

from __future__ import annotations

import json
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from model.errors import OutputError
from model.system.files import cannot_write, hold_file, sync

_MARK = '{"redspots_journal": 1, '
"""First bytes of every journal: tells a torn one from a file that is somebody else's."""

Entry = TypeVar("Entry")


class Journal(ABC, Generic[Entry]):
    """The journal of one run, open for appending from any thread; it outlives everything but success.

    Use it in a `with` statement. A subclass says what an entry is as JSON.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take what `open` has opened and locked; call `open` instead."""
        self.path = path
        self.entries_done = 0
        self.started = ""
        self._descriptor = descriptor
        self._end = 0
        self._writing = threading.Lock()

    @staticmethod
    @abstractmethod
    def to_json(entry: Entry) -> Mapping[str, Any]:
        """Return an entry as plain values."""

    @staticmethod
    @abstractmethod
    def from_json(values: dict[str, Any]) -> Entry:
        """Return the entry of plain values. Raises ValueError, KeyError or TypeError where they are none."""

    @classmethod
    def open(cls, path: Path, *, run: Mapping[str, str], resume: bool) -> Self:
        """Return the journal of a new run, or of the one that is resumed.

        `run` says what makes two runs the same, by name: the model, the words, the options, the photos. Raises
        OutputError: there is a journal and `resume` was not asked for, it is another run's or none, or it is in use.
        """
        there = os.path.lexists(path)
        if there and not resume:
            raise unfinished_run(path)
        descriptor = open_own(path, create=0 if there else os.O_CREAT | os.O_EXCL)
        journal = cls(path, descriptor)
        try:
            # Two runs that write to one place would both be lost.
            hold_file(descriptor, path)
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
        line = json.dumps(self.to_json(entry), ensure_ascii=False, allow_nan=False)
        with self._writing:
            self._write_line(line)
            self.entries_done += 1

    def entries(self) -> Iterator[tuple[int, Entry]]:
        """Yield what is done with the place of its line, in the order in which it was done."""
        with self.path.open("rb") as file:
            place = len(file.readline())
            for _ in range(self.entries_done):
                line = file.readline()
                yield place, self._read(line)
                place += len(line)

    def entry_at(self, place: int) -> Entry:
        """Return the entry whose line begins at a place that `entries` gave."""
        with self.path.open("rb") as file:
            file.seek(place)
            return self._read(file.readline())

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
                        self._read(line)
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
            sync(self.path.parent)

    def _check_first(self, line: bytes, run: Mapping[str, str]) -> None:
        try:
            self.started, then = self.read_head(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise self._not_a_journal() from error
        check_same_run(str(self.path), then, run)

    @classmethod
    def read_head(cls, values: dict[str, Any]) -> tuple[str, Mapping[str, str]]:
        """Return when a run began and what it is, from the first line. Raises ValueError, KeyError or TypeError."""
        values["redspots_journal"]
        return str(values["started"]), dict(values["run"])

    def _not_a_journal(self) -> OutputError:
        return OutputError(
            "no_journal", f"{str(self.path)!r} is not a journal of redspots; move it, or choose another --out."
        )

    def _read(self, line: bytes) -> Entry:
        """Return the entry of a line. Raises ValueError, KeyError or TypeError on one that is torn."""
        if not line.endswith(b"\n"):
            raise ValueError("a torn line")
        return self.from_json(json.loads(line))

    def _write_line(self, text: str) -> None:
        self._end = append_line(self._descriptor, text, end=self._end, path=self.path)


def open_own(path: Path, *, create: int = 0) -> int:
    """Return the descriptor of a journal, to read and write; `create` are flags of os.open. Raises OutputError.

    Never through a link or into a pipe: what is appended belongs to a file of our own.
    """
    flags = os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        return os.open(path, flags | create, 0o644)
    except OSError as error:
        raise cannot_write(path, error) from error


def append_line(descriptor: int, text: str, *, end: int, path: Path) -> int:
    """Write a line at the end of a journal, wait until the disk has it, and return the new end.

    Raises OutputError when the disk takes no more; what is half written is cut off again.
    """
    line = text.encode() + b"\n"
    try:
        os.lseek(descriptor, end, os.SEEK_SET)
        rest = memoryview(line)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    except OSError as error:
        with suppress(OSError):
            os.ftruncate(descriptor, end)
        raise cannot_write(path, error) from error
    return end + len(line)


def check_same_run(place: str, then: Mapping[str, str], now: Mapping[str, str]) -> None:
    """Raise OutputError unless a run is the one whose work lies at a place: the same values by the same names."""
    if differing := [name for name in {**then, **now} if then.get(name) != now.get(name)]:
        raise OutputError(
            "other_run",
            f"{place!r} belongs to a run with other {' and '.join(differing)}; repeat the command as it was, or choose"
            " another --out.",
        )


def unfinished_run(place: Path | str) -> OutputError:
    """Return the error for what a new run must not overwrite."""
    sentence = f"{str(place)!r} holds what an unfinished run has done; go on with --resume, or remove it."
    return OutputError("unfinished_run", sentence)
