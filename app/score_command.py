"""`redspots score`, after its options were read: find the photos, open the model, score, and say how it ended."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.inputs import find_sources
from app.languages import Language
from app.model_words import words_paths
from app.scorer import Scorer
from app.scores import Files, score_to_files, score_to_terminal
from app.watching import Stopped, stoppable
from app.wording import Words
from model.classifier import Classifier
from model.errors import InputError
from model.photo import Source, escaped
from model.store import choose_model


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    names: Sequence[str]
    lists: Sequence[Path]
    model: Path | None
    words: Path | None
    language: Language | None
    out: Path | None
    report: Path | None
    evidence: Path | None
    workers: int | None
    """None for one per core."""
    limit: int | None
    dry_run: bool
    resume: bool
    quiet: bool

    def files(self) -> Files | None:
        """Return what a run writes, or None when its answers go to the terminal. Raises InputError."""
        if self.out is None and self.report is None:
            if self.resume:
                sentence = "--resume needs the --out or --report of the run that it goes on with; give it."
                raise InputError("bad_option", sentence)
            return None
        return Files(out=self.out, report=self.report, evidence=self.evidence, resume=self.resume)


def run(request: Request) -> int:
    """Score what was asked for and return the exit status: 0, 1 when photos failed, 128 + n on signal n."""
    # Pillow remarks on broken metadata without saying whose; the row of the photo says what matters.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        with stoppable():
            return int(_run(request) > 0)
    except Stopped as stopped:
        return stopped.exit_status


def cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def _run(request: Request) -> int:
    """Return how many photos failed."""
    files = request.files()
    sources = find_sources(request.names, lists=request.lists)[: request.limit]
    chosen = choose_model(request.model)
    classifier = Classifier.load(chosen.folder)
    if request.model is None and not request.quiet:
        Console(stderr=True).print(f"Model {chosen}", highlight=False, markup=False, soft_wrap=True)
    words = Words.read(words_paths(chosen.folder, classifier.card, words=request.words, language=request.language)[0])
    words.require(classifier.card.categories, classifier.card.parents)
    workers = min(request.workers or cores(), len(sources))
    scorer = Scorer(classifier=classifier, words=words, workers=workers, fetch=_fetch(sources))
    if request.dry_run:
        _tell(sources, files, version=classifier.card.version)
        return 0
    if files is None:
        return score_to_terminal(scorer, sources, console=Console(), evidence=request.evidence)
    return score_to_files(scorer, sources, files, console=Console(stderr=True), quiet=request.quiet).failed


def _fetch(sources: Sequence[Source]) -> Callable[[str], bytes] | None:
    if all(isinstance(source, Path) for source in sources):
        return None
    from app.remote import fetch

    return fetch


def _tell(sources: Sequence[Source], files: Files | None, *, version: str) -> None:
    """Print what would be scored, one name per line, and where the answers would go."""
    if files:
        files.check()
    for source in sources:
        print(escaped(str(source)))  # noqa: T201 - for other programs: no wrapping, no styles
    target = f"into '{escaped(str(files.out or files.report))}'" if files else "to the terminal"
    line = f"{len(sources):,} photos would be scored with model {version} {target}."
    Console(stderr=True).print(line, highlight=False, markup=False, soft_wrap=True)
