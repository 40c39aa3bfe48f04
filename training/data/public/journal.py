"""What a run of `fetch` has done so far: one line per file, on disk before the next; a torn last line is dropped."""

from __future__ import annotations

import json
import os
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from model.errors import OutputError
from model.system.durable import lock_file


class Journal:
    """An append-only JSONL file, for one job. Safe to use from several threads."""

    def __init__(self, path: Path, *, job: dict[str, Any]) -> None:
        """Open it, or begin it. Raises OutputError when it belongs to another job or cannot be written."""
        self.done: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        with ExitStack() as stack:
            lines = self._begin(path, job, stack)
            stack.pop_all()
        for line in lines[1:]:
            self.done[line["file_name"]] = line

    def _begin(self, path: Path, job: dict[str, Any], stack: ExitStack) -> list[dict[str, Any]]:
        """Open and lock the file and return its lines; `stack` closes it."""
        try:
            self._file = stack.enter_context(path.open("a", encoding="utf-8"))
            # Another run would cut off the line that this one is about to write.
            lock_file(self._file.fileno(), wait=False)
            lines = _whole_lines(path)
            if lines and lines[0] != job:
                raise OutputError(
                    "exists",
                    f"{str(path.parent)!r} holds another job ({_words(lines[0])}); choose another --out.",
                )
            if not lines:
                self.write(job)
        except BlockingIOError as error:
            raise OutputError(
                "in_use", f"{str(path.parent)!r} is in use by another run; wait for it, or choose another --out."
            ) from error
        except OSError as error:
            raise OutputError(
                "cannot_write", f"{str(path)!r} cannot be written ({error}); choose another --out."
            ) from error
        return lines

    def write(self, line: dict[str, Any]) -> None:
        """Add one line; it is on disk when this returns. Raises OutputError."""
        try:
            with self._lock:
                self._file.write(json.dumps(line) + "\n")
                self._file.flush()
                os.fsync(self._file.fileno())
        except OSError as error:
            raise OutputError(
                "cannot_write", f"{self._file.name!r} cannot be written ({error}); make room and run the command again."
            ) from error
        if "file_name" in line:
            self.done[line["file_name"]] = line

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _words(job: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in job.items())


def _whole_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of the file, and cut off a last one that a killed run left torn."""
    if not path.exists():
        return []
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    lines = []
    for number, line in enumerate(whole.splitlines(), start=1):
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if isinstance(value, dict) and (number == 1 or isinstance(value.get("file_name"), str)):
            lines.append(value)
        elif number == 1:
            sentence = f"{str(path)!r} is no journal of redspots; move it, or choose another --out."
            raise OutputError("no_journal", sentence)
        # Any other spoilt line is that of a file, which is fetched again.
    return lines
