"""Journal of labels: one line per key press of a reader, on the disk before the page hears that it was taken.

A file of JSON lines that only ever grows; taking something back is a line of its own. So a server that is killed at any
moment has lost nothing that the page showed as saved.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from model.errors import OutputError
from model.system.files import cannot_write, hold_file, sync
from model.system.journal import append_line, open_own

JOURNAL = "labels.jsonl"
_MARK = "redspots_labels"


class Kind(StrEnum):
    """What a reader did."""

    LABEL = "label"
    """Said what a photo shows: `value` is a category, or `cannot_tell`."""
    SKIP = "skip"
    """Put a photo off."""
    NOTE = "note"
    """Filled in an optional field: `field` and `value`."""
    SETTLE = "settle"
    """Decided what a photo shows about which readers differ."""
    UNDO = "undo"
    """Took back an act: `value` is its id."""


_ALWAYS = ("id", "at", "reader", "kind", "photo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """One thing that a reader did."""

    id: str
    """Chosen by the page: what is sent twice is taken once."""
    at: str
    """ISO date and time, UTC."""
    reader: str
    kind: Kind
    photo: str
    """SHA-256 of the photo's bytes."""
    file: str = ""
    """Name of the photo at that time, for those who read the journal."""
    value: str = ""
    field: str = ""
    is_sure: bool = True
    saw_evidence: bool = False
    """Whether the reader had the model's evidence shown on this photo."""
    why: str = ""
    """Why the photo was asked about."""
    seconds: float | None = None
    """From the photo's appearance to the key press."""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Return the act of a line. Raises ValueError, KeyError or TypeError on anything else."""
        if unknown := set(values) - {field.name for field in fields(cls)}:
            raise ValueError(f"unknown key {min(unknown)!r}")
        return cls(**{**values, "kind": Kind(values["kind"])})


class LabelJournal:
    """The journal of one folder of labels, open for appending. Use it in a `with` statement."""

    def __init__(self, path: Path, descriptor: int) -> None:
        """Take what `open` has opened and locked; call `open` instead."""
        self.path = path
        self.acts: list[Act] = []
        self._descriptor = descriptor
        self._end = 0

    @classmethod
    def open(cls, folder: Path, *, categories: Sequence[str]) -> Self:
        """Return the journal in a folder, which is made where there is none, with all acts so far.

        Raises OutputError: it is in use, is no journal of labels, is damaged before its last line, or is of a model
        with other categories. A last line that is torn was never confirmed, and is cut off.
        """
        path = folder / JOURNAL
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_write(path, error) from error
        descriptor = open_own(path, create=os.O_CREAT)
        journal = cls(path, descriptor)
        try:
            hold_file(descriptor, path)
            journal._begin(list(categories))
        except BaseException:
            os.close(descriptor)
            raise
        return journal

    def __enter__(self) -> Self:
        """Return the journal itself."""
        return self

    def __exit__(self, *error: object) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def append(self, act: Act) -> None:
        """Write one act and wait until the disk has it. Raises OutputError when it takes no more."""
        # What says nothing is left out: a line is for people, too.
        self._write({name: value for name, value in asdict(act).items() if value not in ("", None) or name in _ALWAYS})
        self.acts.append(act)

    def _begin(self, categories: list[str]) -> None:
        data = self.path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        # A first line that is torn was a journal in the making; anything else is somebody else's.
        if not whole and not data.startswith(f'{{"{_MARK}"'.encode()[: len(data)]):
            raise self._not_a_journal()
        for number, line in enumerate(whole.splitlines(), start=1):
            if number == 1:
                self._check_first(line, categories)
                continue
            try:
                self.acts.append(Act.from_json(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                raise OutputError(
                    "damaged_journal",
                    f"Line {number} of {str(self.path)!r} is damaged ({error}); mend or remove that line, all others "
                    "are kept.",
                ) from error
        self._end = len(whole)
        try:
            os.ftruncate(self._descriptor, self._end)
        except OSError as error:
            raise cannot_write(self.path, error) from error
        if not whole:
            self._write({_MARK: 1, "started": now(), "categories": categories})
            sync(self.path.parent)

    def _check_first(self, line: bytes, categories: list[str]) -> None:
        try:
            values = json.loads(line)
            values[_MARK]
            then = list(values["categories"])
        except (ValueError, KeyError, TypeError) as error:
            raise self._not_a_journal() from error
        if then != categories:
            raise OutputError(
                "other_run",
                f"{str(self.path)!r} has labels for the categories {', '.join(then)}; give the --model that has them, "
                "or choose another --out.",
            )

    def _not_a_journal(self) -> OutputError:
        return OutputError(
            "no_journal", f"{str(self.path)!r} is no journal of labels; move it, or choose another --out."
        )

    def _write(self, values: Mapping[str, Any]) -> None:
        line = json.dumps(values, ensure_ascii=False, allow_nan=False)
        self._end = append_line(self._descriptor, line, end=self._end, path=self.path)


def now() -> str:
    """Return the time as acts have it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
