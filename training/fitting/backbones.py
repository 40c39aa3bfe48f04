"""Backbone folders: what `redspots pretrain` makes and `redspots train` starts from, with a card and checked files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

import model
from model.card import CARD, sha256_of
from model.errors import InputError, ModelError, RecipeError
from model.names import is_plain_name
from model.preprocess import Preprocess
from training.recipes import NetworkOptions, Recipe

FORMAT = 1
BACKBONE, NAMES_HEAD, LABELS = "backbone.safetensors", "names_head.safetensors", "labels.json"
HELD_OUT = "held_out.txt"
"""SHA-256 of the photos that measured the backbone and that it did not learn from, one a line."""
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
        _check_network(found)
        files = {str(name): str(digest) for name, digest in card["files"].items()}
        if BACKBONE not in files:
            raise ValueError(f"it does not list {BACKBONE}")
        if strange := [name for name in files if not is_plain_name(name)]:
            raise ValueError(f"it lists {strange[0]!r}, which is no name of a file")
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


def _check_network(backbone: Backbone) -> None:
    """Raise ValueError for a network that is no plain one of timm, or is fed otherwise than photos can be."""
    try:
        NetworkOptions(backbone=backbone.name, backbone_arguments=backbone.arguments)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error
    _ = backbone.preprocess


def unlearnt_photos(weights: Path | None) -> frozenset[str] | None:
    """Return the SHA-256 of the photos that a backbone was not trained on although it knows their sources.

    `weights` is its file in a backbone folder. None where no list lies beside it: nobody knows.
    """
    path = weights.parent / HELD_OUT if weights is not None else None
    return frozenset(path.read_text(encoding="utf-8").split()) if path is not None and path.is_file() else None


def newest_backbone() -> Backbone | None:
    """Return the newest of the backbones that came with this version, None where none did."""
    folders = [path for path in RELEASED.glob("*") if (path / CARD).is_file()] if RELEASED.is_dir() else []
    if not folders:
        return None
    return read_backbone(max(folders, key=lambda path: [int(part) for part in path.name.split(".")]))


def backbone_to_start_from(recipe: Recipe, given: Path | None, *, beside: Path) -> tuple[Recipe, Path | None]:
    """Return the recipe with its network named, and the file of the weights that it starts from; None for timm's own.

    The recipe may name a backbone folder that lies `beside` it, as "./my_backbone": then network and normalisation are
    the folder's. `given` is what --weights names, a file or such a folder. With neither, the newest released backbone
    serves if it fits. Raises InputError for weights that would not be used, RecipeError where the folder's backbone is
    another one, ModelError when it cannot be used.
    """
    network = recipe.network
    if "/" in network.backbone and (beside / network.backbone).is_dir():
        named = read_backbone(beside / network.backbone)
        given = named.weights if given is None else given
        network = network.model_copy(update=_options_of(named))
        recipe = recipe.model_copy(update={"network": network})
    if given is not None and network.start == "release":
        raise InputError(
            "bad_option",
            "The recipe starts from a model, so that a backbone's weights would not be used; write "
            '`start = "pretrained"` in its section [network], or leave out --weights.',
        )
    if given is None:
        released = newest_backbone() if network.start == "pretrained" else None
        return recipe, released.weights if released is not None and not _misfits(released, network) else None
    if not given.is_dir():
        return recipe, given
    backbone = read_backbone(given)
    if misfits := _misfits(backbone, network):
        raise RecipeError(
            "missing_weights",
            f"The backbone in {str(given)!r} does not fit the recipe ({', '.join(misfits)}); change either.",
        )
    return recipe, backbone.weights


def _options_of(backbone: Backbone) -> dict[str, Any]:
    """Return the keys of a recipe's network that a backbone decides; the size of photos may differ."""
    preprocess = backbone.preprocess
    return {
        "backbone": backbone.name,
        "backbone_arguments": backbone.arguments,
        "mean": preprocess.mean,
        "std": preprocess.std,
    }


def _misfits(backbone: Backbone, network: NetworkOptions) -> list[str]:
    """Return in words what a recipe's network has otherwise."""
    pairs = {key: (getattr(network, key), value) for key, value in _options_of(backbone).items()}
    return [
        f"'network.{key}' is {found!r}; make it {wanted!r}" for key, (found, wanted) in pairs.items() if found != wanted
    ]
