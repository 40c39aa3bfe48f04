"""`redspots score`, after its options were read: find the photos, open the model, score, and say how it ended."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from app.answers.languages import Language
from app.answers.own_words import words_paths
from app.answers.words import Words
from app.batch.inputs import fetcher, find_sources
from app.batch.ray.engines import PART_SIZE, Engine
from app.batch.scorer import Scorer
from app.batch.terminal_scores import score_to_terminal
from app.registry.store import choose_model
from model.classifier import Classifier
from model.errors import InputError
from model.photo import Source, Walk, escaped, is_url
from model.redaction import redacted_url
from model.system.cores import available_cores
from model.system.interrupts import Stop, Stopped

if TYPE_CHECKING:
    from app.batch.outputs import Files
    from app.batch.ray.run import ClusterRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for on the command line."""

    names: Sequence[str]
    lists: Sequence[Path]
    model: Path | None
    words: Path | None
    language: Language | None
    out: str | None
    """A table; for Ray a folder, or the URL of one."""
    report: Path | None
    evidence: Path | None
    workers: int | None
    """None for one per core."""
    engine: Engine
    address: str | None
    """Of a Ray cluster."""
    part_size: int | None
    exclude: Sequence[str]
    """Patterns of files and folders to leave out."""
    limit: int | None
    excel: bool
    """Whether the CSV table is to be opened in Excel."""
    dry_run: bool
    resume: bool
    quiet: bool

    def files(self) -> Files | None:
        """Return what a run writes, or None when its answers go to the terminal. Raises InputError."""
        if self.address is not None or self.part_size is not None:
            raise InputError("bad_option", "--address and --part-size are for --engine ray; add it, or leave them out.")
        if self.out is None and self.report is None:
            if self.excel:
                raise InputError("bad_option", "--excel is for a table that ends in .csv; give such an --out.")
            if self.resume:
                sentence = "--resume needs the --out or --report of the run that it goes on with; give it."
                raise InputError("bad_option", sentence)
            return None
        if self.out and is_url(self.out):
            sentence = (
                f"--out {escaped(redacted_url(self.out))!r} is a URL, where only --engine ray writes; give a file."
            )
            raise InputError("bad_option", sentence)
        # Loaded only for those who use it, here and below: who looks at one photo should not have to wait.
        from app.batch.outputs import Files

        out = None if self.out is None else Path(self.out)
        return Files(out=out, report=self.report, evidence=self.evidence, excel=self.excel, resume=self.resume)

    def cluster(self) -> ClusterRun | None:
        """Return where a run on several machines writes and works, or None if it is no such run. Raises InputError."""
        if self.engine is not Engine.RAY:
            return None
        if self.out is None or self.report or self.evidence or self.excel:
            sentence = "--engine ray writes Parquet files into a new folder or URL: no --report, --evidence or --excel"
            raise InputError("bad_option", f"{sentence}; give --out alone.")
        from app.batch.ray.parquet_parts import PartsFolder
        from app.batch.ray.pool import RayPool
        from app.batch.ray.run import ClusterRun

        return ClusterRun(
            folder=PartsFolder(self.out),
            size=self.part_size or PART_SIZE,
            resume=self.resume,
            pool=RayPool(address=self.address, workers=self.workers),
        )


def run(request: Request) -> int:
    """Score what was asked for and return the exit status: 0, 1 when photos failed, 128 + n on signal n."""
    # Pillow remarks on broken metadata without saying whose; the row of the photo says what matters.
    warnings.filterwarnings("ignore", module=r"PIL\.")
    try:
        with Stop():
            return int(_run(request) > 0)
    except Stopped as stopped:
        return stopped.exit_status


def _run(request: Request) -> int:
    """Return how many photos failed, and folders could not be looked into."""
    walk = Walk(exclude=tuple(request.exclude))
    failed = _score(request, walk)
    errors = Console(stderr=True)
    for line in walk.sentences() if not request.quiet or walk.unseen else ():
        errors.print(line, highlight=False, markup=False, soft_wrap=True)
    return failed + walk.unseen


def _score(request: Request, walk: Walk) -> int:
    """Return how many photos failed."""
    cluster = request.cluster()
    files = None if cluster else request.files()
    writes = cluster or files
    if writes:
        writes.check()
    sources = find_sources(request.names, lists=request.lists, walk=walk)[: request.limit]
    chosen = choose_model(request.model)
    classifier = Classifier.load(chosen.folder)
    words = Words.read(words_paths(chosen.folder, classifier.card, words=request.words, language=request.language)[0])
    words.require(classifier.card.categories, classifier.card.parents)
    if words.note and not request.quiet:
        Console(stderr=True).print(words.note, highlight=False, markup=False, soft_wrap=True)
    if request.model is None and not request.quiet:
        Console(stderr=True).print(f"Model {chosen}", highlight=False, markup=False, soft_wrap=True)
    workers = min(request.workers or available_cores(), len(sources))
    scorer = Scorer(classifier=classifier, words=words, workers=workers, fetch=fetcher(sources))
    if request.dry_run:
        _tell(sources, writes.place if writes else None, version=classifier.card.version)
        return 0
    errors = Console(stderr=True)
    if cluster:
        return cluster.score(scorer, sources, model=chosen.folder, console=errors, quiet=request.quiet).failed
    if files:
        from app.batch.outputs import score_to_files

        return score_to_files(scorer, sources, files, console=errors, quiet=request.quiet).failed
    return score_to_terminal(scorer, sources, console=Console(), evidence=request.evidence)


def _tell(sources: Sequence[Source], place: str | None, *, version: str) -> None:
    """Print what would be scored, one name per line, and where the answers would go."""
    for source in sources:
        print(escaped(str(source) if isinstance(source, Path) else redacted_url(source)))  # noqa: T201 - for other programs: no wrapping, no styles
    target = "to the terminal" if place is None else f"into '{escaped(place)}'"
    line = f"{len(sources):,} photos would be scored with model {version} {target}."
    Console(stderr=True).print(line, highlight=False, markup=False, soft_wrap=True)
