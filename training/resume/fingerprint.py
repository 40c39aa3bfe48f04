"""What makes two training runs the same: recipe, photos, weights, code and packages. All of it, or nothing to go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import model
import training
from model.card import sha256_of
from training.data.manifest import Example

PACKAGES = ("torch", "torchvision", "timm", "albumentations", "lightning", "onnxruntime", "numpy", "pillow")
"""Those that the bits of the weights depend on, and that a card names."""
_CHANGE_NOTHING = {"fit": {"workers", "checkpoint_minutes"}, "run": {"workers", "checkpoint_minutes"}}
"""Keys of a recipe that decide how fast a run is and how often it saves."""
_SHOWN = 3
"""Photos that a sentence names of each kind."""


def identity_of(
    recipe: BaseModel, photos: Sequence[Example], test: Sequence[Example], *, weights: Path | None, start: Path | None
) -> dict[str, Any]:
    """Return all that decides what a run makes, as values for JSON; photos and files count by their SHA-256.

    Keys of the recipe that change no bit are left out: a run goes on where there are other cores.
    """
    return {
        "recipe": recipe.model_dump(mode="json", exclude=_CHANGE_NOTHING),
        "photos": _photos(photos),
        "test": _photos(test),
        "weights": sha256_of(weights) if weights is not None and weights.is_file() else None,
        "start": _folder(start) if start is not None else None,
        "code": _code(),
        "packages": {package: version(package) for package in PACKAGES},
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two identities, in words; nothing when they are the same."""
    found = [
        f"recipe key '{name}' was {old!r} and is {new!r}"
        for name, old, new in _changed(_flat(before["recipe"]), _flat(now["recipe"]))
    ]
    for key, words in (("photos", "photo"), ("test", "test photo")):
        found += _changed_photos(before[key], now[key], words)
    for key, words in (
        ("weights", "the file of --weights"),
        ("start", "the model of --start"),
        ("teachers", "a teacher or its file"),
    ):
        found += [f"{words} is another one"] * (before.get(key) != now.get(key))
    found += ["the code of redspots was changed"] * (before["code"] != now["code"])
    packages = _changed(before["packages"], now["packages"])
    return [*found, *(f"{name} was {old} and is {new}" for name, old, new in packages)]


def _photos(examples: Sequence[Example]) -> list[list[Any]]:
    """Return path, SHA-256 and labels of each photo."""
    with ThreadPoolExecutor() as pool:
        digests = list(pool.map(_digest, [one.path for one in examples]))
    labels = attrgetter("category", "group", "split", "skin_tone", "source", "licence", "body_site", "calm", "mixed")
    return [[str(one.path), digest, list(labels(one))] for one, digest in zip(examples, digests, strict=True)]


def _changed_photos(before: Sequence[Sequence[Any]], now: Sequence[Sequence[Any]], words: str) -> Iterator[str]:
    old, new = ({path: (digest, labels) for path, digest, labels in rows} for rows in (before, now))
    both = old.keys() & new.keys()
    kinds = {
        "added": [path for path in new if path not in old],
        "removed": [path for path in old if path not in new],
        "changed": [path for path in new if path in both and old[path][0] != new[path][0]],
        "labelled differently": [path for path in new if path in both and old[path][1] != new[path][1]],
    }
    for kind, paths in kinds.items():
        if paths:
            named = ", ".join(Path(path).name for path in paths[:_SHOWN])
            more = ", ..." if len(paths) > _SHOWN else ""
            yield f"{len(paths)} {words}{'s' * (len(paths) > 1)} {kind} ({named}{more})"
    if not any(kinds.values()) and [row[0] for row in before] != [row[0] for row in now]:
        yield f"the {words}s come in another order"


def _digest(path: Path) -> str:
    try:
        return sha256_of(path)
    except OSError:
        # The reader says what is wrong with it, or nobody ever needs it.
        return ""


def _folder(folder: Path) -> dict[str, str]:
    return {path.name: sha256_of(path) for path in sorted(folder.glob("*")) if path.is_file()}


def _code() -> str:
    digest = hashlib.sha256()
    for package in (model, training):
        for root in package.__path__:
            for path in sorted(Path(root).rglob("*.py")):
                digest.update(path.read_bytes())
    return digest.hexdigest()


def _flat(values: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        flat |= _flat(value, f"{before}{key}.") if isinstance(value, Mapping) else {before + key: value}
    return flat


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [(key, old.get(key), new.get(key)) for key in {**old, **new} if old.get(key) != new.get(key)]
