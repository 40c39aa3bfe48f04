"""Scoring from the command line: outcomes become answers, answers become rows or text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import track

from app.tables import TableWriter, print_answer, row
from app.wording import Answer, Words
from model.classifier import Classifier
from model.scoring import Outcome, score_photos


def answers(
    classifier: Classifier, words: Words, paths: Sequence[Path], *, workers: int
) -> Iterator[tuple[Outcome, Answer]]:
    """Yield one outcome with its answer per path; an error has an answer too, with its referral."""
    for outcome in score_photos(classifier, paths, workers=workers):
        if outcome.prediction is not None:
            yield outcome, words.answer(outcome.prediction)
        elif outcome.error is not None:
            yield outcome, words.answer_error(outcome.error, model_version=classifier.card.version)


def score_to_terminal(
    classifier: Classifier, words: Words, paths: Sequence[Path], *, console: Console, workers: int
) -> int:
    """Print one answer per photo and return how many could not be scored."""
    failed = 0
    for outcome, answer in answers(classifier, words, paths, workers=workers):
        print_answer(console, outcome.path, answer, outcome.prediction)
        failed += outcome.error is not None
    return failed


def score_to_table(
    classifier: Classifier, words: Words, paths: Sequence[Path], *, out: Path, console: Console, workers: int
) -> int:
    """Write one row per photo to a table, print a summary, and return how many could not be scored.

    Raises OutputError when the table exists, has an unknown suffix or cannot be written.
    """
    outputs = classifier.card.outputs
    counts: Counter[str] = Counter()
    failed = 0
    with TableWriter.open(out, outputs=outputs) as table:
        scored = answers(classifier, words, paths, workers=workers)
        for outcome, answer in track(scored, "Scoring", len(paths), console=console, transient=True):
            table.write(row(outcome.path, answer, outcome.prediction, outputs=outputs))
            failed += outcome.error is not None
            counts[answer.headline] += 1
    for headline, count in counts.most_common():
        console.print(f"{count:7,}  {headline}", highlight=False, markup=False)
    console.print(f"{len(paths):7,}  in {str(out)!r}", highlight=False, markup=False)
    return failed
