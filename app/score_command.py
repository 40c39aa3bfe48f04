"""`redspots score`, after its options were read: find the photos, open the model, score, and say how it ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.scorer import Scorer
from app.scores import Files, score_to_files, score_to_terminal
from app.watching import Stopped, stoppable
from app.wording import Words
from model.classifier import Classifier, newest_release
from model.errors import InputError
from model.photo import Source, find_photos


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    names: Sequence[Path]
    model: Path | None
    out: Path | None
    evidence: Path | None
    workers: int | None
    """None for one per core."""
    resume: bool
    quiet: bool

    def files(self) -> Files | None:
        """Return what a run writes, or None when its answers go to the terminal. Raises InputError."""
        if self.out is None:
            if self.resume:
                raise InputError("bad_option", "--resume needs the --out of the run that it goes on with; give it.")
            return None
        return Files(out=self.out, evidence=self.evidence, resume=self.resume)


def run(request: Request, words: Words) -> int:
    """Score what was asked for and return the exit status: 0, 1 when photos failed, 128 + n on signal n."""
    files = request.files()
    sources = find_photos(request.names)
    classifier = Classifier.load(request.model or newest_release())
    words.require(classifier.card.categories, classifier.card.parents)
    workers = min(request.workers or cores(), len(sources))
    scorer = Scorer(classifier=classifier, words=words, workers=workers)
    try:
        with stoppable():
            return int(_score(scorer, sources, files, request) > 0)
    except Stopped as stopped:
        return stopped.exit_status


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _score(scorer: Scorer, sources: Sequence[Source], files: Files | None, request: Request) -> int:
    if files is None:
        return score_to_terminal(scorer, sources, console=Console(), evidence=request.evidence)
    return score_to_files(scorer, sources, files, console=Console(stderr=True), quiet=request.quiet).failed
