"""What is found about a model after it was made, put onto its card: figures of more photos, and what people saw."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from model.card import ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import InputError
from model.system.files import cannot_write, replaced_folder, restore_folder
from training.publishing.model_card import model_readme

README = "README.md"


def describe(folder: Path, *, notes: Path | None = None, figures: Mapping[str, Path] | None = None) -> ModelCard:
    """Write the card of a model folder anew, README.md with it, and return it; the network stays as it is.

    `notes` is Markdown that takes the place of earlier notes. `figures` are files called metrics.json, of `redspots
    evaluate` or from a model folder, by the title under which they stand. Raises ModelError, InputError for a file
    that is none of these, and OutputError. The folder is replaced as a whole; the old one is removed when the new one
    has its name.
    """
    try:
        restore_folder(folder)
        card = Classifier.load(folder).card
        card = _described(card, notes=notes, figures=figures or {})
        with replaced_folder(folder) as copy:
            (copy / README).write_text(model_readme(card), encoding="utf-8")
            card = replace(card, files={**card.files, README: sha256_of(copy / README)})
            card.write(copy)
            Classifier.load(copy)
    except OSError as error:
        raise cannot_write(folder, error, fix="make room, or give it a folder that can be written") from error
    return card


def _described(card: ModelCard, *, notes: Path | None, figures: Mapping[str, Path]) -> ModelCard:
    """Return the card with notes and figures from files. Raises InputError."""
    measured: dict[str, Any] = {}
    for title, path in figures.items():
        measured |= _read_figures(path, card, title)
    return replace(card, metrics={**card.metrics, **measured}, notes=_read_notes(notes) if notes else card.notes)


def _read_notes(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError("bad_option", f"{str(path)!r} is not a text in UTF-8 ({error}); check --notes.") from error
    if not text:
        raise InputError("bad_option", f"{str(path)!r} is empty; write what you found into it.")
    return text


def _read_figures(path: Path, card: ModelCard, title: str) -> dict[str, Any]:
    """Return what the card keeps of a metrics.json, by title: that of `train` has a set of figures per set of photos.

    Raises InputError, also when it is another model's.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        sets = {f"{title}: {name}": one for name, one in value["sets"].items()} if "sets" in value else {title: value}
        kept = {name: _kept(one, of=str(value.get("photos_from", ""))) for name, one in sets.items()}
        version = value["model_version"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "bad_option", f"{str(path)!r} has no figures ({error!r}); make such a file with redspots evaluate --out."
        ) from error
    if version != card.version:
        raise InputError(
            "bad_option", f"{str(path)!r} has figures of model {version}, not {card.version}; measure this one."
        )
    return kept


def _kept(one: Mapping[str, Any], *, of: str) -> dict[str, Any]:
    """Return what the card keeps of the figures on one set of photos. Raises KeyError, TypeError or AttributeError."""
    for figure in one["figures"].values():
        _ = (figure["value"], figure["low"], figure["high"])
    kept = {key: one[key] for key in ("photos", "groups", "unreadable", "figures")}
    return {**kept, "sources": one.get("sources") or {of: sum(kept["photos"].values())}}
