"""Cards of models that nobody trained, for what is decided and measured without a network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from model.card import ModelCard
from model.preprocess import Preprocess

PARENTS = {"bleeding_spots": ("petechiae", "purpura")}


def plain_card(outputs: Sequence[str], *, threshold: float = 0.5, **changes: Any) -> ModelCard:
    """Return a card with bleeding spots as the one parent, probabilities as the network gives them, and no sets."""
    card = ModelCard(
        version="0",
        created="",
        backbone="",
        outputs=tuple(outputs),
        parents=PARENTS,
        preprocess=Preprocess(64),
        temperature=1.0,
        threshold=threshold,
    )
    return replace(card, **changes)
