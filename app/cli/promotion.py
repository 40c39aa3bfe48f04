"""`redspots promote`, after its options were read: measure a model beside the default, and judge it by the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from app.cli.evaluate import Measured, compare_models, figures_of, measure_models
from app.registry import promotion
from app.registry.promotion import Comparison, Judgement, check_words, judge, knows_bleeding, with_parent
from app.registry.store import default_model
from model.card import ModelCard
from model.categories import BLEEDING


def promote(folder: Path, photos: Path, *, where: Sequence[str], workers: int, override: str) -> tuple[str, Judgement]:
    """Make a model the default if nothing speaks against it, and return its name in the store. Raises RedspotsError."""
    # Before the photos are read, which takes minutes.
    check_words(folder, ModelCard.read(folder))
    default = default_model()
    new, old = measure_models([folder, default.folder], photos, where=where, workers=workers)
    judgement = judge(default, comparison_of(new, old))
    return promotion.promote(folder, judgement, photos=photos, override=override), judgement


def comparison_of(new: Measured, old: Measured) -> Comparison:
    """Return the figures by which a model is judged; none where it knows no bleeding spots."""
    bleeding = [truth in BLEEDING for truth in new.scored.truths.tolist()]
    mine, theirs = (replace(one, card=with_parent(one.card)) for one in (new, old))
    known = knows_bleeding(new.card)
    return Comparison(
        new=new.card,
        old=old.card,
        bleeding_groups=len(set(new.scored.groups[bleeding].tolist())),
        differences=compare_models(mine, theirs) if known else {},
        own=figures_of(mine)["figures"] if known else {},
    )
