"""Scorer: a model with its words and the way photos come in: everything between a name and its answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from app.answers.words import Answer, Words
from app.views.evidence import Illustrator
from app.views.row import SCHEMA, Cell, columns, row
from model.batch import Options, Outcome, score_photos
from model.card import sha256_of
from model.classifier import Classifier
from model.photo import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """What stays the same for all photos of a run."""

    classifier: Classifier
    words: Words
    workers: int = 1
    fetch: Callable[[str], bytes] | None = None
    """See `model.batch.Options`."""

    @property
    def outputs(self) -> tuple[str, ...]:
        """Return the card's outputs."""
        return self.classifier.card.outputs

    def answers(
        self, sources: Sequence[Source], *, pictures: frozenset[str] = frozenset()
    ) -> Generator[tuple[Outcome, Answer], None, None]:
        """Yield one outcome with its answer per source; an error has an answer too, with its referral.

        `pictures` are those of `app.views.evidence` that are drawn.
        """
        card = self.classifier.card
        draw = Illustrator(words=self.words, parents=card.parents, wanted=pictures) if pictures else None
        options = Options(fetch=self.fetch, draw=draw)
        for outcome in score_photos(self.classifier, sources, workers=self.workers, options=options):
            if outcome.prediction is not None:
                yield outcome, self.words.answer(outcome.prediction)
            elif outcome.error is not None:
                yield outcome, self.words.answer_error(outcome.error, model_version=card.version)

    def row(self, outcome: Outcome, answer: Answer, *, evidence: Path | None = None) -> dict[str, Cell]:
        """Return what a table says of one file."""
        return row(
            outcome.path,
            answer,
            outcome.prediction,
            outputs=self.outputs,
            sha256=outcome.sha256,
            milliseconds=outcome.milliseconds,
            evidence=evidence,
        )

    def identity(self) -> Mapping[str, str]:
        """Return what makes two scorers give the same answers: by name, as version or hash."""
        # Loaded only for those who write files.
        from importlib.metadata import version

        # The card lists the hash of every file of the model, and was checked against them.
        card = json.dumps(self.classifier.card.to_json(), sort_keys=True).encode()
        return {
            "version of redspots": f"{version('redspots')}, {SCHEMA}, {' '.join(columns(self.outputs))}",
            "model": sha256(card).hexdigest(),
            "words": sha256_of(self.words.path),
        }
