"""Where a training run's weights start: a model folder, pretrained weights, or chance."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file

from model.card import WEIGHTS, ModelCard
from model.errors import ModelError
from training.network import EvidenceNetwork, build_network
from training.recipe import NetworkOptions, Recipe

HEAD = ("fine.", "coarse.")


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
        options.backbone, outputs=outputs, dropout=options.dropout, arguments=options.backbone_arguments
    )
    _load(network, start, keep_head=card.categories == recipe.categories)
    return network, recipe.model_copy(update={"network": options})


def _options_of(card: ModelCard, folder: Path, wanted: NetworkOptions) -> NetworkOptions:
    try:
        known = NetworkOptions.model_validate(card.training["recipe"]["network"])
    except (KeyError, TypeError, ValidationError) as error:
        raise ModelError("bad_card", f"The card in {str(folder)!r} does not say how its network is built.") from error
    return known.model_copy(update={"start": "release", "dropout": wanted.dropout, "frozen": wanted.frozen})


def _load(network: EvidenceNetwork, folder: Path, *, keep_head: bool) -> None:
    path = folder / WEIGHTS
    try:
        state = load_file(path)
        if not keep_head:
            # Other categories than before: their maps are learnt anew on the features that are there.
            state = {name: value for name, value in state.items() if not name.startswith(HEAD)}
            state |= {name: value for name, value in network.state_dict().items() if name.startswith(HEAD)}
        network.load_state_dict(state)
    except FileNotFoundError:
        raise ModelError("missing_file", f"{str(path)!r} is missing; copy the whole model folder again.") from None
    except (SafetensorError, OSError, RuntimeError) as error:
        raise ModelError("bad_network", f"{str(path)!r} does not fit the network of its card: {error}.") from error
