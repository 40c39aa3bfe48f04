"""Scoring for a person at the terminal: answers to read, one after another."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console

from app.batch.evidence_folder import EvidenceFolder, check_empty
from app.batch.scorer import Scorer
from app.views.evidence import EVIDENCE
from app.views.terminal import print_answer
from model.photo import Source


def score_to_terminal(
    scorer: Scorer, sources: Sequence[Source], *, console: Console, evidence: Path | None = None
) -> int:
    """Print one answer per photo and return how many could not be scored."""
    if evidence:
        check_empty(evidence)
    folder = EvidenceFolder.open(evidence) if evidence else None
    failed = 0
    with closing(scorer.answers(sources, pictures=frozenset({EVIDENCE} if evidence else ()))) as answers:
        for number, (outcome, answer) in enumerate(answers, start=1):
            print_answer(console, outcome.path, answer, outcome.prediction)
            if folder and EVIDENCE in outcome.pictures:
                folder.write(outcome.pictures[EVIDENCE], number=number, source=outcome.path)
            failed += outcome.error is not None
    return failed
