"""PartsFolder: the rows of very many photos as numbered Parquet files, in a folder here or in an object store.

A part is there whole or not at all. So the parts are all that a run keeps of what it has done, and `_run.json` says
whose they are. Readers of Parquet folders take all parts as one table, in the order of their names, and skip names that
begin with `_`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from app.batch.ray.places import LocalPlace, Place
from model.errors import OutputError
from model.photo import is_url
from model.redaction import redacted_url
from model.system.journal import check_same_run, unfinished_run

RUN = "_run.json"


class PartsFolder:
    """The parts of one run, numbered from 0."""

    def __init__(self, place: str) -> None:
        """Take the path of a folder, or the URL of one in an object store. Raises InputError on a wrong URL."""
        # For people: what a run says of it holds no secret of a URL.
        self.place = redacted_url(place)
        self._files = _place(place)
        self._parts = 0

    def check(self, *, resume: bool) -> None:
        """Raise OutputError unless a run may write here: before any photo is scored."""
        self._is_begun(resume=resume)

    @contextmanager
    def begun(self, run: Mapping[str, str], *, parts: int, resume: bool) -> Iterator[set[int]]:
        """Yield the numbers of the parts that are done already, and keep other runs away meanwhile.

        `run` says what makes two runs the same, by name. Raises OutputError: something else is there, or another run.
        """
        if self._is_begun(resume=resume):
            check_same_run(self.place, self._run_there(), run)
        else:
            started = datetime.now(UTC).isoformat(timespec="seconds")
            values = {"redspots_parts": parts, "started": started, "run": dict(run)}
            self._files.write(RUN, json.dumps(values, indent=2).encode() + b"\n")
        self._parts = parts
        with self._files.locked(RUN):
            names = self._files.names()
            yield {number for number in range(parts) if self.name(number) in names}

    def name(self, number: int) -> str:
        """Return the file name of a part."""
        return f"part-{number:06d}-of-{self._parts:06d}.parquet"

    def read(self, number: int) -> bytes:
        """Return a part. Raises OutputError."""
        return self._files.read(self.name(number))

    def write(self, number: int, data: bytes) -> None:
        """Write a part. Raises OutputError."""
        self._files.write(self.name(number), data)

    def _is_begun(self, *, resume: bool) -> bool:
        """Return whether there is a run to go on with, after the checks of `check`."""
        self._files.check()
        names = self._files.names()
        if RUN in names and not resume:
            raise unfinished_run(self.place)
        if names and RUN not in names:
            raise OutputError("exists", f"{self.place!r} is not empty; choose another --out, or empty it.")
        return RUN in names

    def _run_there(self) -> Mapping[str, str]:
        try:
            values = json.loads(self._files.read(RUN))
            values["redspots_parts"]
            return dict(values["run"])
        except (ValueError, KeyError, TypeError) as error:
            sentence = f"{self.place!r} holds a {RUN} that is none of redspots; choose another --out."
            raise OutputError("no_journal", sentence) from error


def _place(place: str) -> Place:
    if is_url(place):
        # Loaded only for those who use it.
        from app.batch.object_store import StorePlace

        return StorePlace(place)
    return LocalPlace(Path(place))
