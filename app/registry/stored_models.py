"""Changes to the store of models: put one in and make it the default, go back, take one out. Whole, or not at all."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from app.registry.store import SHIPPED, STATE, StoreState, read_state, store_folder
from model.card import CARD, ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import ModelError, OutputError
from model.names import is_plain_name
from model.system.files import cannot_write, new_folder, remove_parts, write_file

LOCK = ".lock"
WAIT = 60.0
"""Seconds that a change waits for another one to end."""
_LONGEST_NAME = 40
README = "README.md"


def put(
    source: Path,
    *,
    instead_of: str,
    entry: Mapping[str, Any],
    told: Callable[[ModelCard], str],
) -> str:
    """Copy a model into the store, make it the default, and return its name there.

    Only files that its card lists are copied, no photo among them. `entry` stands in the store's history and on the
    copy's card; `told` says it in Markdown for the end of its README. Killed at any moment, this leaves the default as
    it was, or the new one. Raises ModelError, and OutputError where `instead_of` is no longer the default.
    """
    with _changing() as store:
        state = read_state(store)
        if state.default != instead_of:
            raise OutputError(
                "in_use", f"The default became {state.default!r} in the meantime; compare with that: promote again."
            )
        origin = ModelCard.read(source)
        name = _free_name(store, origin.version)
        told_of = {**entry, "from": str(source.resolve()), "card_sha256": sha256_of(source / CARD), "at": _now()}
        with new_folder(store / name) as part:
            for file in origin.files:
                shutil.copyfile(source / file, part / file)
            card = replace(origin, promotion=told_of, reports={})
            if README in origin.files:
                with (part / README).open("a", encoding="utf-8") as readme:
                    readme.write(f"\n{told(card)}\n")
                card = replace(card, files={**card.files, README: sha256_of(part / README)})
            card.write(part)
            Classifier.load(part)
        change = {"action": "promote", "model": name, **told_of}
        _write(
            store,
            StoreState((*state.defaults, name), {**state.models, name: told_of}, (*state.history, change)),
        )
    return name


def roll_back() -> str:
    """Make the default before the present one the default again, and return its name. Raises ModelError."""
    with _changing() as store:
        state = read_state(store)
        if not state.defaults:
            raise ModelError(
                "not_promoted",
                "No model was promoted, the one that ships is the default already; run `redspots promote` first.",
            )
        change = {"action": "rollback", "model": state.default, "at": _now()}
        after = StoreState(state.defaults[:-1], state.models, (*state.history, change))
        if after.default != SHIPPED:
            Classifier.load(store / after.default)
        _write(store, after)
    return after.default


def remove(name: str) -> None:
    """Take a model out of the store. Raises ModelError for one that is not there or is the default."""
    with _changing() as store:
        state = read_state(store)
        if name not in state.models:
            raise unknown(name, state)
        if name == state.default:
            raise ModelError("not_promoted", f"{name!r} is the default; run `redspots models rollback` first.")
        defaults = tuple(one for one in state.defaults if one != name)
        models = {key: value for key, value in state.models.items() if key != name}
        change = {"action": "remove", "model": name, "at": _now()}
        # The list first: a model that is listed is there, whenever this is killed.
        _write(store, StoreState(defaults, models, (*state.history, change)))
        shutil.rmtree(store / name)


def unknown(name: str, state: StoreState) -> ModelError:
    """Return the error for a name that no model has."""
    there = ", ".join(state.models) or "none"
    return ModelError("not_promoted", f"The store has no model {name!r}; there are: {there}.")


@contextmanager
def _changing() -> Iterator[Path]:
    """Hold the store for one change; what a killed one left half copied is removed."""
    store = store_folder()
    try:
        store.mkdir(parents=True, exist_ok=True)
        with FileLock(store / LOCK, timeout=WAIT):
            remove_parts(store)
            yield store
    except Timeout:
        raise OutputError(
            "in_use", f"Another program has been changing {str(store)!r} for {WAIT:.0f} s; try again when it is done."
        ) from None
    except OSError as error:
        raise cannot_write(store, error) from error


def _write(store: Path, state: StoreState) -> None:
    text = json.dumps(state.to_json(), indent=2, ensure_ascii=False)
    write_file(store / STATE, text, overwrite=True)


def _free_name(store: Path, version: str) -> str:
    """Return the version, with a number where the store has another model of it."""
    # A version is free text in a recipe; a name is a folder's.
    plain = (
        "".join(sign if sign.isalnum() or sign in ".-+_" else "-" for sign in version).strip(".")[:_LONGEST_NAME]
        or "model"
    )
    plain = f"{plain}-1" if plain == SHIPPED else plain
    plain = plain if is_plain_name(plain) else f"model-{plain}"
    number, name = 1, plain
    while (store / name).exists():
        number += 1
        name = f"{plain}-{number}"
    return name


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
