"""Backbone folders: what `redspots pretrain` makes and `redspots train` starts from, with a card and checked files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import model
from model.card import CARD, sha256_of
from model.errors import ModelError, RecipeError
from model.preprocess import Preprocess
from training.recipe import NetworkOptions

FORMAT = 1
BACKBONE, NAMES_HEAD, LABELS = "backbone.safetensors", "names_head.safetensors", "labels.json"
RELEASED = Path(model.__file__).parent / "released" / "backbones"
"""Folders of backbones that came with this version, by version; there need not be any."""


@dataclass(frozen=True, slots=True)
class Backbone:
    """A backbone folder whose files are those that its card lists."""

    folder: Path
    card: Mapping[str, Any]

    @property
    def weights(self) -> Path:
        """Return its weights, in timm's names and without head."""
        return self.folder / BACKBONE

    @property
    def name(self) -> str:
        """Return its name in timm."""
        return str(self.card["backbone"])

    @property
    def arguments(self) -> dict[str, Any]:
        """Return what timm.create_model was given."""
        return dict(self.card["backbone_arguments"])

    @property
    def preprocess(self) -> Preprocess:
        """Return how photos were fed to it."""
        values = self.card["preprocess"]
        return Preprocess(values["size"], tuple(values["mean"]), tuple(values["std"]))


def read_backbone(folder: Path) -> Backbone:
    """Return the backbone of a folder. Raises ModelError when a file is missing or altered, or the card unreadable."""
    path = folder / CARD
    if not path.is_file():
        raise ModelError(
            "missing_model",
            f"There is no backbone in {str(folder)!r}; name a folder that `redspots pretrain` has made.",
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["redspots_backbone"] != FORMAT:
            raise ValueError(f"its format is {card['redspots_backbone']!r}")
        found = Backbone(folder, card)
        _ = found.name, found.arguments, found.preprocess
        files = {str(name): str(digest) for name, digest in card["files"].items()}
        if BACKBONE not in files:
            raise ValueError(f"it does not list {BACKBONE}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            "bad_card", f"{str(path)!r} is no card of a backbone ({error}); name a folder of `redspots pretrain`."
        ) from error
    for name, digest in files.items():
        if not (folder / name).is_file():
            raise ModelError("missing_file", f"{str(folder / name)!r} is missing; copy the whole folder again.")
        if sha256_of(folder / name) != digest:
            raise ModelError("altered_file", f"{str(folder / name)!r} was altered; copy the whole folder again.")
    return found


def newest_backbone() -> Backbone | None:
    """Return the newest of the backbones that came with this version, None where none did."""
    folders = [path for path in RELEASED.glob("*") if (path / CARD).is_file()] if RELEASED.is_dir() else []
    if not folders:
        return None
    return read_backbone(max(folders, key=lambda path: [int(part) for part in path.name.split(".")]))


def weights_to_start_from(given: Path | None, network: NetworkOptions) -> Path | None:
    """Return the file that a recipe's `pretrained` stands for; None for timm's own weights.

    `given` is a file or a backbone folder; without it the newest released backbone serves if it fits the recipe.
    Raises RecipeError when the folder's backbone is another one, ModelError when it cannot be used.
    """
    if network.start != "pretrained":
        return given
    if given is None:
        released = newest_backbone()
        return released.weights if released is not None and not _misfits(released, network) else None
    if not given.is_dir():
        return given
    backbone = read_backbone(given)
    if misfits := _misfits(backbone, network):
        raise RecipeError(
            "missing_weights", f"The backbone in {str(given)!r} does not fit the recipe: {'; '.join(misfits)}."
        )
    return backbone.weights


def _misfits(backbone: Backbone, network: NetworkOptions) -> list[str]:
    """Return in words what a recipe's network has otherwise; the size of photos may differ."""
    preprocess = backbone.preprocess
    pairs = {
        "backbone": (backbone.name, network.backbone),
        "backbone_arguments": (backbone.arguments, network.backbone_arguments),
        "mean": (preprocess.mean, network.mean),
        "std": (preprocess.std, network.std),
    }
    return [
        f"set 'network.{key}' to {wanted!r}, not {found!r}" for key, (wanted, found) in pairs.items() if wanted != found
    ]
