"""Which model is used when none is named: the one that its user promoted, or else the newest that ships.

The store is a folder of the user's: a folder per model, and `store.json`, which says which of them is the default and
what was done when. `store.json` is replaced as a whole, so that whoever reads it sees the state before or after.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from platformdirs import user_data_path

from model.classifier import newest_release
from model.errors import ModelError
from model.names import is_plain_name

FOLDER = "REDSPOTS_MODELS"
"""Variable of the environment that names another folder for the store."""
STATE = "store.json"
SCHEMA = 1
SHIPPED = "shipped"
"""Name of the newest model that ships, in the store's list of defaults."""


@dataclass(frozen=True, slots=True)
class StoreState:
    """What `store.json` says."""

    defaults: tuple[str, ...] = ()
    """Names of the models that were the default, the present one last; none is the one that ships."""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    """By name: where a model came from, when, and what was measured."""
    history: tuple[dict[str, Any], ...] = ()
    """Every change, oldest first; never shortened."""

    @property
    def default(self) -> str:
        """Return the name of the default, `SHIPPED` if none was promoted."""
        return self.defaults[-1] if self.defaults else SHIPPED

    def to_json(self) -> dict[str, Any]:
        """Return plain values."""
        return {"schema": SCHEMA, "default": self.default, **asdict(self)}


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """The model that is used."""

    name: str
    """In the store; `SHIPPED`, or empty for a folder that was named."""
    folder: Path

    def __str__(self) -> str:
        """Return it in words."""
        if not self.name:
            return repr(str(self.folder))
        where = "ships with redspots" if self.name == SHIPPED else "promoted"
        return f"{self.folder.name} ({where}: {str(self.folder)!r})"


def store_folder() -> Path:
    """Return the folder of the store, which need not exist."""
    named = os.environ.get(FOLDER)
    return Path(named).expanduser() if named else user_data_path("redspots", appauthor=False) / "models"


def choose_model(folder: Path | None) -> ChosenModel:
    """Return the model in a folder, or the default where none is named. Raises ModelError."""
    return ChosenModel("", folder) if folder else default_model()


def default_model() -> ChosenModel:
    """Return the default. Raises ModelError rather than fall back to a model that nobody chose."""
    store = store_folder()
    name = read_state(store).default
    if name == SHIPPED:
        return ChosenModel(SHIPPED, newest_release())
    if not (store / name).is_dir() or (store / name).is_symlink():
        raise ModelError(
            "missing_model",
            f"The promoted model {str(store / name)!r} is missing; run `redspots models rollback`, or name a --model.",
        )
    return ChosenModel(name, store / name)


def read_state(store: Path) -> StoreState:
    """Return what a store says; an empty one where there is none. Raises ModelError when it cannot be read."""
    path = store / STATE
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["schema"] != SCHEMA:
            raise ValueError(f"schema {value['schema']!r} instead of {SCHEMA}")
        names = tuple(str(name) for name in value["defaults"])
        models = dict(value["models"])
        if not all(map(is_plain_name, (*names, *models))):
            raise ValueError("a model lies outside the store")
        return StoreState(names, models, tuple(value["history"]))
    except (FileNotFoundError, NotADirectoryError):
        return StoreState()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(
            "bad_store", f"{str(path)!r} cannot be read ({error}); mend or move it away, or name a --model."
        ) from error
