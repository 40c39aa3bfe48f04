"""Desk: hands each reader the photo that comes next, and takes what the reader says of it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.labelling.choices import CANNOT_TELL, FIELDS
from app.labelling.journal import Act, Kind, LabelJournal
from app.labelling.order import Pick
from app.labelling.readings import Readings
from app.labelling.survey import Surveyed
from model.categories import NOT_SKIN, OTHER
from model.errors import RequestError

AHEAD = 4
"""Photos that a page is told of at a time: the one to label and those to load meanwhile."""
HELD = 600.0
"""Seconds for which the photos of a page are kept from other readers."""
_READER = re.compile(r"[^\W_](?:[\w .'-]{0,38}[\w.])?")
_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")


@dataclass(frozen=True, slots=True)
class Turn:
    """A photo in front of a reader."""

    photo: str
    why: str
    value: float
    is_twice: bool
    """Whether two readers read it."""
    fields: Mapping[str, str]
    """What this reader filled in so far."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a reader is, and all readers together."""

    mine: int
    """Photos that this reader has labelled."""
    left: int
    """Photos that wait for this reader."""
    waiting: int
    """Photos that lack a second reader still."""
    differ: int
    """Photos about which readers differ."""
    can_undo: bool


class Desk:
    """The photos in their order, and what readers said of them. Safe to use from several threads at once."""

    def __init__(
        self,
        photos: Sequence[Surveyed],
        picks: Sequence[Pick],
        journal: LabelJournal,
        *,
        categories: Sequence[str],
        twice: float,
    ) -> None:
        """Take the photos, the order of those to ask about, and what was said so far.

        `twice` is the share of photos that two readers read, in [0, 1]; the hash of a photo decides which.
        """
        self.photos = {one.sha256: one for one in photos}
        self.readings = Readings(journal.acts)
        self.categories = tuple(categories)
        self._picks = {photos[pick.index].sha256: pick for pick in picks}
        self._needed = {photo: 2 if int(photo[:8], 16) / 2**32 < twice else 1 for photo in self._picks}
        self._journal = journal
        self._taken_back: dict[str, str] = {}
        self._held: dict[str, tuple[float, frozenset[str]]] = {}
        self._lock = threading.Lock()

    @property
    def has_photos(self) -> bool:
        """Return whether there is any photo to ask about, read or not."""
        return bool(self._picks)

    def turns(self, reader: str) -> tuple[list[Turn], Progress]:
        """Return what comes next for a reader, at most `AHEAD`, and how far the reader is.

        What was put off comes at the end. What is returned is kept from other readers for a while.
        """
        with self._lock:
            waiting = self._waiting_for(reader)
            chosen = waiting[:AHEAD]
            self._held[reader] = (time.monotonic() + HELD, frozenset(chosen))
            return [self._turn(photo, reader) for photo in chosen], self._progress(reader, left=len(waiting))

    def progress(self, reader: str) -> Progress:
        """Return how far a reader is."""
        with self._lock:
            return self._progress(reader, left=len(self._waiting_for(reader)))

    def take(self, act: Act) -> None:
        """Write an act down, unless it was taken before. Raises RequestError `malformed`, OutputError."""
        with self._lock:
            if self.readings.knows(act.id):
                return
            if act.kind is Kind.UNDO:
                last = self.readings.last(act.reader)
                if last is None:
                    raise _malformed("There is nothing to take back.")
                act = replace(act, value=last.id, photo=last.photo)
            self._check(act)
            pick = self._picks.get(act.photo)
            path = self.photos[act.photo].candidate.path if act.photo in self.photos else None
            act = replace(
                act,
                file=path.name if path else "",
                why=pick.why.value if pick and act.kind is Kind.LABEL else "",
            )
            self._journal.append(act)
            self.readings.add(act)
            if act.kind is Kind.UNDO:
                self._taken_back[act.reader] = act.photo
            elif act.kind is not Kind.NOTE:
                self._taken_back.pop(act.reader, None)

    def differing(self) -> list[str]:
        """Return the photos about which readers differ, in the order in which they were labelled."""
        with self._lock:
            return [photo for photo in self.readings.photos() if photo in self.photos and self.readings.differ(photo)]

    def _progress(self, reader: str, *, left: int) -> Progress:
        labels = {photo: self.readings.labels(photo) for photo in self.readings.photos()}
        return Progress(
            mine=sum(reader in said for said in labels.values()),
            left=left,
            waiting=sum(0 < len(said) < self._needed.get(photo, 1) for photo, said in labels.items()),
            differ=sum(len(said) > 1 and self.readings.differ(photo) for photo, said in labels.items()),
            can_undo=self.readings.last(reader) is not None,
        )

    def _check(self, act: Act) -> None:
        if not _ID.fullmatch(act.id):
            raise _malformed("An act has an id of 8 to 64 letters and digits.")
        if not is_reader(act.reader):
            raise bad_name()
        if act.photo not in self.photos and act.kind is not Kind.UNDO:
            raise _malformed("There is no such photo.")
        if act.kind is Kind.NOTE:
            allowed: Sequence[str] = ("", *FIELDS.get(act.field, ()))
        elif act.kind in (Kind.LABEL, Kind.SETTLE):
            allowed = (*self.categories, OTHER, NOT_SKIN, CANNOT_TELL)
        else:
            return
        if act.value not in allowed or (act.kind is Kind.NOTE and act.field not in FIELDS):
            raise _malformed(f"{act.value!r} cannot be said here.")

    def _turn(self, photo: str, reader: str) -> Turn:
        pick = self._picks[photo]
        fields = self.readings.fields(photo, reader)
        return Turn(photo, pick.why.value, pick.value, self._needed[photo] > 1, fields)

    def _waiting_for(self, reader: str) -> list[str]:
        """Return the photos that a reader has still to read: what was taken back first, what was put off last."""
        held = self._held_by_others(reader)
        skipped = self.readings.skipped(reader)
        again = [photo for photo in skipped if photo in self._picks]
        waiting = [
            photo
            for photo in (*(photo for photo in self._picks if photo not in skipped), *again)
            if not self.readings.is_labelled(photo, reader)
            and len({*self.readings.labels(photo), *held.get(photo, ())}) < self._needed[photo]
        ]
        if (first := self._taken_back.get(reader)) in waiting:
            waiting.remove(first)
            waiting.insert(0, first)
        return waiting

    def _held_by_others(self, reader: str) -> dict[str, set[str]]:
        held: dict[str, set[str]] = {}
        for other, (until, photos) in self._held.items():
            if other != reader and until > time.monotonic():
                for photo in photos:
                    held.setdefault(photo, set()).add(other)
        return held


def is_reader(name: str) -> bool:
    """Return whether a text can be the name of a reader: what stays readable in a table, a list and an address."""
    return _READER.fullmatch(name) is not None


def bad_name() -> RequestError:
    """Return the error for what cannot be the name of a reader."""
    return _malformed("A name has 1 to 40 letters, digits, spaces, dots, hyphens and apostrophes; choose another.")


def _malformed(sentence: str) -> RequestError:
    return RequestError("malformed", sentence)
