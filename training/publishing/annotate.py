"""What is found about a model after it was made, put onto its card: figures of more photos, and what people saw."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.card import ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import InputError, OutputError
from training.publishing.model_card import model_readme

README = "README.md"


def describe(folder: Path, *, notes: Path | None = None, figures: Mapping[str, Path] | None = None) -> ModelCard:
    """Write the card of a model folder anew, README.md with it, and return it; the network stays as it is.

    `notes` is Markdown that takes the place of earlier notes. `figures` are files of `redspots evaluate`, by the title
    under which they stand. Raises ModelError, InputError for a file that is none of these, and OutputError. The folder
    is replaced as a whole; the old one is removed when the new one has its name. Killed in between, the next call puts
    the old one back.
    """
    folder = folder.resolve()
    spare = folder.with_name(f".{folder.name}.redspots-before")
    if spare.is_dir() and not folder.exists():
        spare.rename(folder)
    card = Classifier.load(folder).card
    measured = {title: _read_figures(path, card) for title, path in (figures or {}).items()}
    card = replace(card, metrics={**card.metrics, **measured}, notes=_read_notes(notes) if notes else card.notes)
    try:
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.partial-") as name:
            copy = Path(name) / "model"
            shutil.copytree(folder, copy)
            (copy / README).write_text(model_readme(card), encoding="utf-8")
            card = replace(card, files={**card.files, README: sha256_of(copy / README)})
            card.write(copy)
            Classifier.load(copy)
            _exchange(copy, folder, spare=spare)
    except OSError as error:
        raise OutputError("cannot_write", f"{str(folder)!r} cannot be written: {error}.") from error
    return card


def _exchange(new: Path, old: Path, *, spare: Path) -> None:
    # Beside the folder, not in the temporary one: what is killed or fails here must leave a whole model.
    shutil.rmtree(spare, ignore_errors=True)
    old.rename(spare)
    try:
        new.rename(old)
    except OSError:
        spare.rename(old)
        raise
    shutil.rmtree(spare, ignore_errors=True)


def _read_notes(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("bad_option", f"{str(path)!r} is no text in UTF-8 ({error}); check --notes.") from error
    if not text:
        raise InputError("bad_option", f"{str(path)!r} is empty; write what you found into it.")
    return text


def _read_figures(path: Path, card: ModelCard) -> dict[str, Any]:
    """Return what the card keeps of a metrics.json. Raises InputError, also when it is another model's."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if sets := value.get("sets"):
            # What a training writes into its folder: the photos that chose nothing, where there are any.
            value = {**(sets.get("test") or next(iter(sets.values()))), "model_version": value["model_version"]}
        kept = {key: value[key] for key in ("photos", "groups", "unreadable", "figures")}
        for figure in kept["figures"].values():
            _ = (figure["value"], figure["low"], figure["high"])
        version, kept["sources"] = (
            value["model_version"],
            value.get("sources") or {str(value["photos_from"]): sum(kept["photos"].values())},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "bad_option", f"{str(path)!r} is no file of figures ({error!r}); make one with redspots evaluate --out."
        ) from error
    if version != card.version:
        raise InputError(
            "bad_option", f"{str(path)!r} has figures of model {version}, not {card.version}; measure this one."
        )
    return kept
