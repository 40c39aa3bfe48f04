"""Survey: the network looks at every photo once before labelling begins, and what it saw is kept beside the labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from app.labelling.features import FeatureNetwork
from app.labelling.sources import Candidate
from model.decision import softmax
from model.errors import InputError, PhotoError
from model.system.files import NewFile

CACHE = "features.npz"
_BATCH = 200
"""Photos after which what was seen is written down: a survey that is stopped goes on from there."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One photo that the network has seen."""

    candidate: Candidate
    sha256: str
    """Of the file's bytes: the name of the photo from here on, wherever the file lies."""
    probabilities: NDArray[np.float64]
    """(outputs,) calibrated, in the order of the card; not finite where the network's scores are not."""
    features: NDArray[np.float32]
    """(n,) of unit length."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What came of looking at all photos."""

    photos: Sequence[Surveyed]
    """Each once, however many copies there are, in the order of the candidates."""
    unread: Sequence[str]
    """One sentence for each photo that could not be read."""
    copies: int
    """Photos left out because another has the same bytes."""


@dataclass(frozen=True, slots=True)
class _Seen:
    sha256: str
    logits: NDArray[np.float32]
    features: NDArray[np.float32]


def survey(
    candidates: Sequence[Candidate],
    network: FeatureNetwork,
    folder: Path,
    *,
    workers: int,
    progress: Callable[[], None] = lambda: None,
) -> Survey:
    """Look at the photos that were not seen before, and return all. Raises InputError where none can be read.

    `folder` keeps what was seen, for the next time; `progress` is called for each photo.
    """
    card = network.classifier.card
    model = sha256(json.dumps(card.to_json(), sort_keys=True).encode()).hexdigest()
    known = _read_cache(folder / CACHE, model)
    keys = [_key(candidate.path) for candidate in candidates]
    unread: list[str] = []

    def look(candidate: Candidate) -> _Seen | PhotoError:
        try:
            photo = network.classifier.read(candidate.path)
        except PhotoError as error:
            return error
        return _Seen(photo.sha256, *network.look(network.classifier.prepare(photo)))

    new = [(key, candidate) for key, candidate in zip(keys, candidates, strict=True) if key not in known]
    for _ in range(len(candidates) - len(new)):
        progress()
    with ThreadPoolExecutor(workers, thread_name_prefix="survey") as pool:
        for begin in range(0, len(new), _BATCH):
            batch = new[begin : begin + _BATCH]
            looked = pool.map(look, [candidate for _, candidate in batch])
            for (key, _), outcome in zip(batch, looked, strict=True):
                if isinstance(outcome, PhotoError):
                    unread.append(str(outcome))
                else:
                    known[key] = outcome
                progress()
            _write_cache(folder / CACHE, model, known)
    photos: dict[str, Surveyed] = {}
    for key, candidate in zip(keys, candidates, strict=True):
        if seen := known.get(key):
            surveyed = Surveyed(candidate, seen.sha256, softmax(seen.logits / card.temperature), seen.features)
            photos.setdefault(seen.sha256, surveyed)
    if not photos:
        raise InputError(
            "nothing_found", f"None of the {len(candidates)} photos can be read; of the first: {unread[0]}"
        )
    return Survey(list(photos.values()), unread, len(candidates) - len(unread) - len(photos))


def _key(path: Path) -> str:
    """Return what tells that a file is still the one that was seen."""
    try:
        status = path.stat()
    except OSError:
        return f"{path.absolute()}\n"
    return f"{path.absolute()}\n{status.st_size}\n{status.st_mtime_ns}"


def _read_cache(path: Path, model: str) -> dict[str, _Seen]:
    """Return what was seen by file; nothing where that was another model, or cannot be read: it can be made again."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            if str(arrays["model"]) != model:
                return {}
            columns = [arrays[name] for name in ("keys", "sha256", "logits", "features")]
    except (OSError, ValueError, KeyError, BadZipFile):
        return {}
    return {
        str(key): _Seen(str(digest), logits, features) for key, digest, logits, features in zip(*columns, strict=True)
    }


def _write_cache(path: Path, model: str, seen: Mapping[str, _Seen]) -> None:
    if not seen:
        return
    with NewFile.open(path, overwrite=True) as new:
        np.savez(
            new.file,
            model=np.array(model),
            keys=np.array(list(seen)),
            sha256=np.array([one.sha256 for one in seen.values()]),
            logits=np.stack([one.logits for one in seen.values()]),
            features=np.stack([one.features for one in seen.values()]),
        )
