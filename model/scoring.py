"""score_photos: the one road from files to predictions, for the command line, evaluation and tests."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from model.classifier import Classifier, Prepared
from model.errors import RedspotsError
from model.prediction import Prediction


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: a prediction or an error, never both, never neither."""

    path: Path
    prediction: Prediction | None = None
    error: RedspotsError | None = None

    def __post_init__(self) -> None:
        """Refuse an outcome without content."""
        if (self.prediction is None) == (self.error is None):
            raise ValueError("an outcome is either a prediction or an error")


def score_photos(
    classifier: Classifier,
    paths: Sequence[Path],
    *,
    batch_size: int = 16,
    workers: int = 1,
    evidence: bool = False,
) -> Iterator[Outcome]:
    """Yield exactly one outcome per path, in the order of the paths.

    `workers` threads read photos ahead while the network runs; at most two batches wait, so that memory does not
    grow with the number of photos. A file that cannot be read becomes an outcome with its error.
    """
    with ThreadPoolExecutor(workers, thread_name_prefix="read") as readers:
        coming = iter(paths)
        waiting: deque[tuple[Path, Future[Prepared | RedspotsError]]] = deque()

        def refill() -> None:
            for path in islice(coming, 2 * batch_size - len(waiting)):
                waiting.append((path, readers.submit(_prepare, classifier, path)))

        refill()
        while waiting:
            batch = [waiting.popleft() for _ in range(min(batch_size, len(waiting)))]
            refill()
            yield from _score(classifier, [(path, future.result()) for path, future in batch], evidence=evidence)


def _prepare(classifier: Classifier, path: Path) -> Prepared | RedspotsError:
    try:
        return classifier.prepare(classifier.read(path))
    except RedspotsError as error:
        return error


def _score(
    classifier: Classifier, batch: Sequence[tuple[Path, Prepared | RedspotsError]], *, evidence: bool
) -> Iterator[Outcome]:
    readable = [one for _, one in batch if isinstance(one, Prepared)]
    predictions = iter(classifier.classify_prepared(readable, evidence=evidence))
    for path, one in batch:
        if isinstance(one, RedspotsError):
            yield Outcome(path, error=one)
        else:
            yield Outcome(path, prediction=next(predictions))
