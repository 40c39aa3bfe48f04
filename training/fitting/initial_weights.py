"""Where a training run's weights start: a model folder, pretrained weights, or chance."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from model.card import WEIGHTS, ModelCard
from model.categories import OTHER
from model.errors import ModelError
from training.fitting.network import EvidenceNetwork, build_network
from training.recipes import NetworkOptions, Recipe

HEAD = ("fine.", "coarse.", "cosine.")


def start_network(recipe: Recipe, *, weights: Path | None, start: Path | None) -> tuple[EvidenceNetwork, Recipe]:
    """Return the network to train, and the recipe with the network options that it has.

    A recipe with `start = "release"` takes over the backbone and the input of the model folder `start`.
    Raises ModelError when that folder cannot be used, RecipeError when the weights are missing or misfit.
    """
    outputs = len(recipe.categories) + 1
    options = recipe.network
    if options.start != "release":
        network = build_network(
            options.backbone,
            outputs=outputs,
            head=options.head,
            dropout=options.dropout,
            pretrained=options.start == "pretrained",
            weights=weights,
            arguments=options.backbone_arguments,
        )
        return network, recipe
    if start is None:
        raise ModelError("missing_model", "The recipe starts from a model, but none was given; name one with --start.")
    card = ModelCard.read(start)
    options = _options_of(card, start, options)
    network = build_network(
        options.backbone,
        outputs=outputs,
        head=options.head,
        dropout=options.dropout,
        arguments=options.backbone_arguments,
    )
    _load(network, start, known=card.outputs, outputs=(*recipe.categories, OTHER))
    return network, recipe.model_copy(update={"network": options})


def load_model_network(folder: Path) -> EvidenceNetwork:
    """Return the network of a model folder with its weights. Raises ModelError when the folder cannot be used."""
    card = ModelCard.read(folder)
    options = _options_of(card, folder, NetworkOptions(backbone=card.backbone))
    network = build_network(
        options.backbone, outputs=len(card.outputs), head=options.head, arguments=options.backbone_arguments
    )
    _load(network, folder, known=card.outputs, outputs=card.outputs)
    return network


def _options_of(card: ModelCard, folder: Path, wanted: NetworkOptions) -> NetworkOptions:
    try:
        known = NetworkOptions.model_validate(card.training["recipe"]["network"])
    except (KeyError, TypeError, ValidationError) as error:
        raise ModelError(
            "bad_card", f"The card in {str(folder)!r} does not say how its network is built; choose another --start."
        ) from error
    return known.model_copy(update={"start": "release", "dropout": wanted.dropout, "frozen": wanted.frozen})


def _load(network: EvidenceNetwork, folder: Path, *, known: Sequence[str], outputs: Sequence[str]) -> None:
    """Load the weights of a model folder; of its head, what it knows of the outputs that the network has."""
    path = folder / WEIGHTS
    try:
        state = load_file(path)
        fresh = network.state_dict()
        state |= {
            name: _matched(value, fresh[name], known=known, outputs=outputs)
            for name, value in state.items()
            if name.startswith(HEAD) and name in fresh and len(value) == len(known)
        }
        network.load_state_dict(state)
    except FileNotFoundError:
        raise ModelError("missing_file", f"{str(path)!r} is missing; copy the whole model folder again.") from None
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError(
            "bad_network", f"{str(path)!r} does not fit the network of its card ({error}); copy the folder again."
        ) from error


def _matched(value: Tensor, fresh: Tensor, *, known: Sequence[str], outputs: Sequence[str]) -> Tensor:
    """Return one tensor of the head, a row per output: those that are known already, the fresh ones for the others."""
    rows = [value[known.index(name)] if name in known else fresh[row] for row, name in enumerate(outputs)]
    return torch.stack(rows)
