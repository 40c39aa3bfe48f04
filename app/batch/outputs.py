"""Scoring into files: outcomes become answers, and answers become rows and pictures that survive whatever happens."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.batch.evidence_folder import EvidenceFolder, check_empty
from app.batch.inputs import hash_of
from app.batch.journal import Entry, Journal
from app.batch.report import report_entry, write_report
from app.batch.scorer import Scorer
from app.batch.summary import Counts, print_summary
from app.batch.tables import TableWriter, check_format
from app.views.evidence import EVIDENCE, EVIDENCE_THUMBNAIL, THUMBNAIL
from app.views.progress import resumable, watched
from model.errors import OutputError
from model.photo import Source
from model.system.files import check_absent, check_folder
from model.system.journal import unfinished_run


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What a run writes."""

    out: Path | None = None
    """The table, in the format of its suffix."""
    report: Path | None = None
    """The page to look through."""
    evidence: Path | None = None
    """Folder for the pictures of the evidence."""
    excel: bool = False
    """Whether the table, a CSV, begins with the mark by which Excel knows UTF-8."""
    resume: bool = False
    """Go on with the run whose journal is there."""

    @property
    def journal(self) -> Path:
        """Return the path of the journal, beside the table or else beside the report."""
        first = self.out or self.report
        if first is None:
            raise ValueError("a run writes a table or a report")
        return first.with_name(f"{first.name}.journal")

    @property
    def place(self) -> str:
        """Return where the answers will be, for people."""
        return str(self.out or self.report)

    @property
    def pictures(self) -> frozenset[str]:
        """Return the pictures that are drawn of every photo."""
        evidence = {EVIDENCE} if self.evidence else set()
        return frozenset(evidence | ({THUMBNAIL, EVIDENCE_THUMBNAIL} if self.report else set()))

    @property
    def written(self) -> list[tuple[str, Path]]:
        """Return what is there in the end, with a name for people."""
        named = (("Table", self.out), ("Report", self.report), ("Evidence", self.evidence))
        return [(name, path) for name, path in named if path]

    def check(self) -> None:
        """Raise OutputError or InputError unless everything can be written: before any photo is scored."""
        if self.out:
            check_format(self.out)
        if self.excel and (self.out is None or self.out.suffix.lower() != ".csv"):
            raise OutputError("unknown_format", "--excel is for a table that ends in .csv; give such an --out.")
        if self.report and self.report.suffix.lower() not in {".html", ".htm"}:
            raise OutputError("unknown_format", f"{str(self.report)!r} does not end in .html; choose a name that does.")
        for path in filter(None, (self.out, self.report, self.evidence)):
            # Not only when the first file is written: the last one comes after all photos.
            check_folder(path)
        if self.journal.exists():
            if self.resume:
                return
            raise unfinished_run(self.journal)
        for path in filter(None, (self.out, self.report)):
            if self.resume and path.exists():
                sentence = f"{str(path)!r} exists and there is no journal: its run is complete; choose another name."
                raise OutputError("exists", sentence)
            check_absent(path)
        if self.evidence:
            check_empty(self.evidence)

    def identity(self) -> str:
        """Return what makes two runs write the same, as a hash."""
        places = [path and path.absolute() for path in (self.out, self.report, self.evidence)]
        return hash_of([*places, "--excel"] if self.excel else places)


def score_to_files(
    scorer: Scorer, sources: Sequence[Source], files: Files, *, console: Console, quiet: bool = False
) -> Counts:
    """Score what the journal does not hold yet, write everything, and return the counts.

    Until all of it is written, the journal stays, so that nothing that was done is lost. Raises OutputError: something
    exists, cannot be written, or the journal is another run's.
    """
    files.check()
    counts = Counts()
    with Journal.open(files.journal, run=_identity(scorer, sources, files), resume=files.resume) as journal:
        for _, entry in journal.entries():
            counts.add(entry.row)
        kept = f"of {len(sources):,} photos are kept in {str(files.journal)!r}"
        with resumable(console, lambda: f"{journal.entries_done:,} {kept}"):
            _score_rest(scorer, sources, files, journal, counts, console=console, quiet=quiet)
            _write_results(scorer, journal, files)
    journal.remove()
    if not quiet:
        print_summary(console, counts, written=files.written)
    return counts


def _score_rest(
    scorer: Scorer,
    sources: Sequence[Source],
    files: Files,
    journal: Journal,
    counts: Counts,
    *,
    console: Console,
    quiet: bool,
) -> None:
    done = journal.entries_done
    folder = EvidenceFolder.open(files.evidence) if files.evidence else None
    with (
        watched(console, total=len(sources), done=done, quiet=quiet) as advance,
        closing(scorer.answers(sources[done:], pictures=files.pictures)) as answers,
    ):
        for number, (outcome, answer) in enumerate(answers, start=done + 1):
            picture = outcome.pictures.get(EVIDENCE)
            # Before the line of the journal: what a line names is there.
            evidence = folder.write(picture, number=number, source=outcome.path) if folder and picture else None
            entry = Entry(
                scorer.row(outcome, answer, evidence=evidence),
                report_entry(outcome, answer) if files.report else {},
            )
            journal.append(entry)
            counts.add(entry.row)
            advance()


def _write_results(scorer: Scorer, journal: Journal, files: Files) -> None:
    # A run that was killed between its files and the end of its journal finds the same files there.
    if files.out:
        with TableWriter.open(files.out, outputs=scorer.outputs, again=True, excel=files.excel) as table:
            for _, entry in journal.entries():
                table.write(entry.row)
    if files.report:
        write_report(files.report, journal, scorer.words, again=True)


def _identity(scorer: Scorer, sources: Sequence[Source], files: Files) -> dict[str, str]:
    return {**scorer.identity(), "options": files.identity(), "photos": hash_of(sources)}
