"""score_photos: the one road from files to predictions, for the command line, evaluation and tests."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice
from pathlib import Path

from model.classifier import Classifier
from model.errors import PhotoError, RedspotsError
from model.photo import Photo, Source, as_source, escaped, not_read_here, read_bytes
from model.prediction import Prediction
from model.redaction import redacted, redacted_url

_AHEAD = 4
"""Photos per worker that are read ahead or wait for their turn: one slow photo stops nobody, and memory stays flat."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: a prediction or an error, never both, never neither."""

    path: Source
    prediction: Prediction | None = None
    error: RedspotsError | None = None
    sha256: str = field(default="", compare=False)
    """Of the file's bytes; empty when none could be read."""
    milliseconds: float = field(default=0.0, compare=False)
    """Wall time that this photo took its worker."""
    pictures: Mapping[str, bytes] = field(default_factory=dict, compare=False)
    """What `draw` made of the photo, by name."""

    def __post_init__(self) -> None:
        """Refuse an outcome without content."""
        if (self.prediction is None) == (self.error is None):
            raise ValueError("an outcome is either a prediction or an error")


@dataclass(frozen=True, slots=True)
class Options:
    """What is done to every photo besides scoring it."""

    fetch: Callable[[str], bytes] | None = None
    """Return the bytes of a URL, or raise PhotoError."""
    draw: Callable[[Photo, Prediction], Mapping[str, bytes]] | None = None
    """Return encoded pictures of a photo and its evidence; runs in the worker, which alone holds the pixels."""


_PLAIN = Options()


def score_photos(
    classifier: Classifier,
    sources: Iterable[str | os.PathLike[str]],
    *,
    workers: int = 1,
    options: Options = _PLAIN,
) -> Generator[Outcome, None, None]:
    """Yield exactly one outcome per source, in their order. Strings are paths, or URLs for `options.fetch`.

    Each of the `workers` threads reads, prepares and classifies one photo at a time, so that a photo's score never
    depends on its neighbours; decoding and the network run outside of Python's lock. A photo that cannot be scored
    becomes an outcome with its error, whatever went wrong with it.
    """
    if isinstance(sources, str):
        raise TypeError("score_photos takes many photos; put one path into a list")
    coming = map(as_source, sources)
    waiting: deque[Future[Outcome]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="score")

    def submit(count: int) -> None:
        waiting.extend(pool.submit(_score, classifier, source, options) for source in islice(coming, count))

    try:
        submit(_AHEAD * workers)
        while waiting:
            outcome = waiting.popleft().result()
            submit(1)
            yield outcome
    finally:
        # An interrupted run ends with the photos in work, not with all that wait.
        pool.shutdown(cancel_futures=True)


def _score(classifier: Classifier, source: Source, options: Options) -> Outcome:
    begin = time.perf_counter()
    data, name = b"", str(source) if isinstance(source, Path) else redacted_url(source)
    try:
        data = _read(source, options)
        photo = classifier.read(data, shown=options.draw is not None, name=name)
        (prediction,) = classifier.classify([photo], evidence=options.draw is not None)
        pictures = options.draw(photo, prediction) if options.draw else {}
    except RedspotsError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - one photo that trips over a fault must not take the others' rows along
        reason = f"{type(error).__name__}: {escaped(redacted(str(error), str(source)))}"
        failure = PhotoError(
            "failed",
            f"{escaped(name)} could not be scored ({reason}); export it again as JPEG, and please report this.",
        )
    else:
        return Outcome(source, prediction, None, photo.sha256, _milliseconds(begin), pictures)
    return Outcome(source, None, failure, sha256(data).hexdigest() if data else "", _milliseconds(begin))


def _read(source: Source, options: Options) -> bytes:
    if isinstance(source, Path):
        return read_bytes(source)
    if options.fetch is None:
        raise not_read_here(source)
    return options.fetch(source)


def _milliseconds(begin: float) -> float:
    return round(1000 * (time.perf_counter() - begin), 1)
