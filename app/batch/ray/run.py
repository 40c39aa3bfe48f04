"""Scoring on several machines: photos in parts through a Ray Data actor pool, into a folder of Parquet files.

Only whole parts are kept. What a worker had begun when it died is begun again by another.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from app.batch.inputs import hash_of
from app.batch.ray.parquet_parts import PartsFolder
from app.batch.ray.pool import RayPool
from app.batch.ray.worker import Equipment, packed
from app.batch.scorer import Scorer
from app.batch.summary import COUNTED, Counts, print_summary
from app.batch.tables import rows_of_part
from app.views.progress import resumable, watched
from model.photo import Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRun:
    """What a run writes, how it is cut, and who works."""

    folder: PartsFolder
    size: int
    """Photos per part."""
    pool: RayPool
    resume: bool = False
    """Go on with the run whose parts are there."""

    @property
    def place(self) -> str:
        """Return where the answers will be, for people."""
        return self.folder.place

    def check(self) -> None:
        """Raise OutputError, InputError or ClusterError if the run is bound to fail: before it takes any time."""
        self.folder.check(resume=self.resume)
        self.pool.check()

    def score(
        self, scorer: Scorer, sources: Sequence[Source], *, model: Path, console: Console, quiet: bool = False
    ) -> Counts:
        """Score the parts that are not there yet, and return the counts of all; `model` is the scorer's folder.

        Raises OutputError: something else is there, or cannot be written; ClusterError: there is no cluster, or a
        worker of it fails. The parts that are done stay.
        """
        cut = [sources[begin : begin + self.size] for begin in range(0, len(sources), self.size)]
        run = {**scorer.identity(), "part size": str(self.size), "photos": hash_of(sources)}
        counts = Counts()
        # First the cluster, so that where there is none no folder is begun.
        with self.pool.connected(), self.folder.begun(run, parts=len(cut), resume=self.resume) as done:
            for number in sorted(done):
                self._count(counts, number, self.folder.read(number))
            tasks = [
                {"number": number, "part": self.folder.name(number), "names": packed(part)}
                for number, part in enumerate(cut)
                if number not in done
            ]
            with (
                resumable(console, lambda: f"{counts.total:,} of {len(sources):,} photos are kept in {self.place!r}"),
                watched(console, total=len(sources), done=counts.total, quiet=quiet) as advance,
                closing(self.pool.scored(tasks, Equipment.of(scorer, sources, model=model))) as tables,
            ):
                for number, table in tables:
                    self.folder.write(number, table)
                    self._count(counts, number, table)
                    advance(len(cut[number]))
        if not quiet:
            print_summary(console, counts, written=[("Parts", self.place)])
        return counts

    def _count(self, counts: Counts, number: int, table: bytes) -> None:
        for row in rows_of_part(table, columns=COUNTED, name=self.folder.name(number)):
            counts.add(row)
