"""PartScorer: one worker of a run on several machines. It gets the names of photos and returns a part of the table.

Of its machine it needs redspots and nothing else: the model and the words come along.
"""

from __future__ import annotations

import json
import os
import pickle
import platform
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.answers.words import Words
from app.batch.inputs import fetcher
from app.batch.scorer import Scorer
from app.batch.tables import parquet_part
from model.card import CARD
from model.classifier import Classifier
from model.errors import ClusterError, RedspotsError
from model.photo import Source, is_url

_FETCHED_AT_ONCE = 4
"""Objects of a store that one worker has under way, so that its core decodes one photo while others travel."""

_WORDS = "spoken.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What every worker of a run is given."""

    model: Mapping[str, bytes]
    """The files of the model folder, by name."""
    words: bytes
    identity: Mapping[str, str]
    """See `Scorer.identity`."""
    folder: Path | None
    """Where relative paths of photos begin; None where there are none."""

    @classmethod
    def of(cls, scorer: Scorer, sources: Sequence[Source], *, model: Path) -> Equipment:
        """Return what makes other machines score the sources as this one would; `model` is the scorer's folder."""
        relative = any(isinstance(source, Path) and not source.is_absolute() for source in sources)
        return cls(
            model={name: (model / name).read_bytes() for name in (CARD, *scorer.classifier.card.files)},
            words=scorer.words.path.read_bytes(),
            identity=scorer.identity(),
            folder=Path.cwd() if relative else None,
        )

    def scorer(self) -> Scorer:
        """Return the same scorer, on another machine. Raises ClusterError where it would give other answers."""
        if self.folder:
            try:
                os.chdir(self.folder)
            except OSError as error:
                place = f"{str(self.folder)!r} is not on the machine {platform.node()!r}"
                fix = "put the photos where all machines see them under the same path, or into an object store"
                raise ClusterError("worker_failed", f"{place}; {fix}.") from error
        with TemporaryDirectory(prefix="redspots-") as name:
            for file, data in {**self.model, _WORDS: self.words}.items():
                path = Path(name, file)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            scorer = Scorer(classifier=Classifier.load(Path(name)), words=Words.read(Path(name, _WORDS)))
            found = scorer.identity()
        for key, value in self.identity.items():
            if found[key] != value:
                sentence = f"The machine {platform.node()!r} has another {key} ({found[key]}, not {value})"
                raise ClusterError("other_version", f"{sentence}; install the same on all machines.")
        return scorer


class PartScorer:
    """Called by Ray once per part, in a process of its own."""

    def __init__(self, equipment: Equipment) -> None:
        """Open the model. What goes wrong is told with the first part: Ray would only say that a worker died."""
        try:
            self._scorer: Scorer | RedspotsError = equipment.scorer()
        except RedspotsError as error:
            self._scorer = error

    def __call__(self, task: Mapping[str, Any]) -> dict[str, Any]:
        """Return the `number` of a task with the part's Parquet file as `table`, or else its error, pickled."""
        try:
            if isinstance(self._scorer, RedspotsError):
                raise self._scorer
            table = _table(self._scorer, unpacked(task["names"]), name=task["part"])
        except RedspotsError as error:
            return {"number": task["number"], "table": b"", "error": pickle.dumps(error)}
        return {"number": task["number"], "table": table, "error": b""}


def packed(sources: Sequence[Source]) -> str:
    """Return the names of sources as text without lone surrogates, which Arrow's strings do not take."""
    return json.dumps([str(source) for source in sources])


def unpacked(names: str) -> list[Source]:
    """Return the sources again."""
    return [name if is_url(name) else Path(name) for name in json.loads(names)]


def _table(scorer: Scorer, sources: Sequence[Source], *, name: str) -> bytes:
    fetch = fetcher(sources)
    scorer = replace(scorer, fetch=fetch, workers=_FETCHED_AT_ONCE if fetch else 1)
    with closing(scorer.answers(sources)) as answers:
        rows = (scorer.row(outcome, answer) for outcome, answer in answers)
        return parquet_part(rows, outputs=scorer.outputs, name=name)
