"""Readings: what stands of all that readers said, once what was taken back is gone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from app.labelling.choices import CANNOT_TELL
from app.labelling.journal import Act, Kind


class Readings:
    """What stands after a series of acts: a label per photo and reader, decisions, fields, and what was put off."""

    def __init__(self, acts: Iterable[Act] = ()) -> None:
        """Take the acts in their order."""
        self._standing: dict[str, Act] = {}
        self._known: set[str] = set()
        self._labels: dict[str, dict[str, list[Act]]] = defaultdict(lambda: defaultdict(list))
        self._skips: dict[str, dict[str, list[Act]]] = defaultdict(lambda: defaultdict(list))
        self._settled: dict[str, list[Act]] = defaultdict(list)
        self._fields: dict[str, dict[str, dict[str, Act]]] = defaultdict(lambda: defaultdict(dict))
        for act in acts:
            self.add(act)

    def add(self, act: Act) -> None:
        """Count one more act; one that was counted before changes nothing."""
        if act.id in self._known:
            return
        self._known.add(act.id)
        if act.kind is Kind.NOTE:
            self._fields[act.photo][act.reader][act.field] = act
        elif act.kind is Kind.UNDO:
            if undone := self._standing.pop(act.value, None):
                self._place_of(undone).remove(undone)
        else:
            self._standing[act.id] = act
            self._place_of(act).append(act)
            if act.kind is Kind.SKIP:
                # What was put off last goes to the end.
                mine = self._skips[act.reader]
                mine[act.photo] = mine.pop(act.photo)

    def knows(self, id_: str) -> bool:
        """Return whether an act was counted already."""
        return id_ in self._known

    def last(self, reader: str) -> Act | None:
        """Return what a reader can take back next: the last label, skip or decision that stands."""
        return next((act for act in reversed(self._standing.values()) if act.reader == reader), None)

    def labels(self, photo: str) -> dict[str, Act]:
        """Return the label of each reader who read a photo, by name."""
        return {reader: acts[-1] for reader, acts in self._labels.get(photo, {}).items() if acts}

    def is_labelled(self, photo: str, reader: str) -> bool:
        """Return whether a reader has labelled a photo."""
        return bool(self._labels.get(photo, {}).get(reader))

    def skipped(self, reader: str) -> dict[str, Act]:
        """Return the photos that a reader put off, with the last time, the one put off longest first."""
        return {photo: acts[-1] for photo, acts in self._skips.get(reader, {}).items() if acts}

    def settled(self, photo: str) -> Act | None:
        """Return the decision on a photo, if there is one."""
        acts = self._settled.get(photo)
        return acts[-1] if acts else None

    def fields(self, photo: str, reader: str) -> dict[str, str]:
        """Return the optional fields that a reader filled in for a photo."""
        noted = self._fields.get(photo, {}).get(reader, {})
        return {field: act.value for field, act in noted.items() if act.value}

    def agreed_fields(self, photo: str) -> Mapping[str, str]:
        """Return the optional fields of a photo, of several readers the last word on each."""
        acts = [act for noted in self._fields.get(photo, {}).values() for act in noted.values() if act.value]
        return {act.field: act.value for act in sorted(acts, key=lambda act: act.at)}

    def differ(self, photo: str) -> bool:
        """Return whether readers said different things of a photo and nobody has decided yet."""
        said = {act.value for act in self.labels(photo).values()}
        return len(said) > 1 and self.settled(photo) is None

    def category(self, photo: str) -> str | None:
        """Return what a photo is taken for: as decided, or as all its readers say; None where they say no category."""
        settled = self.settled(photo)
        said = {settled.value} if settled else {act.value for act in self.labels(photo).values()}
        return said.pop() if len(said) == 1 and CANNOT_TELL not in said else None

    def photos(self) -> list[str]:
        """Return the photos that have a label or a decision, the first labelled first."""
        either = dict.fromkeys([*self._labels, *self._settled])
        return [photo for photo in either if self.labels(photo) or self.settled(photo)]

    def readers(self) -> list[str]:
        """Return the names of all who have labelled something, in the order of the alphabet."""
        return sorted({act.reader for act in self._standing.values() if act.kind is Kind.LABEL})

    def _place_of(self, act: Act) -> list[Act]:
        if act.kind is Kind.SETTLE:
            return self._settled[act.photo]
        if act.kind is Kind.LABEL:
            return self._labels[act.photo][act.reader]
        return self._skips[act.reader][act.photo]
