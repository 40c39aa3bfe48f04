"""Which photos train and which are held back: labelled ones by groups, drawn ones on canvases of their own side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from model.errors import ManifestError
from training.cache import canvases_of, output_of, plan_drawn
from training.dataset import Item
from training.manifest import Example, assign_splits
from training.recipe import Recipe


def plan_photos(examples: Sequence[Example], recipe: Recipe, outputs: Sequence[str]) -> tuple[list[Item], list[Item]]:
    """Return the items for training and for validation.

    Raises ManifestError when an output has no photo to train on, or no group is left for validation.
    """
    placed = assign_splits(examples, validation_share=recipe.data.validation_share, seed=recipe.seed)
    splits: dict[str, list[Item]] = {}
    drawn = recipe.drawn
    counts = {"train": drawn.per_category, "validation": drawn.validation_per_category}
    for number, (split, per_output) in enumerate(counts.items()):
        real = [example for example in placed if example.split == split]
        drawn_here = plan_drawn(
            drawn,
            outputs=outputs,
            canvases=canvases_of(real),
            per_output=per_output,
            seed=recipe.seed * len(counts) + number,
        )
        splits[split] = [*real, *drawn_here]
    training, validation = splits["train"], splits["validation"]
    present = {output_of(item) for item in training}
    missing = [output for output in outputs if output not in present]
    if missing:
        raise ManifestError(
            "too_few_photos",
            f"There is no photo of {missing[0]!r} to train on; add some, or drawn ones with [drawn] in the recipe.",
        )
    if not validation:
        raise ManifestError(
            "too_few_photos", "No group is left for validation; add photos of at least one more person or lesion."
        )
    return training, validation


def sources_of(training: Sequence[Item], validation: Sequence[Item]) -> tuple[dict[str, Any], ...]:
    """Return one entry per source of the photos that took part: source, licence, photos per category."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    items = (*training, *validation)
    for example in items:
        if isinstance(example, Example):
            key = (example.source or "not stated", example.licence or "not stated")
            counts.setdefault(key, Counter())[example.category] += 1
    drawn = Counter(item.category for item in items if not isinstance(item, Example))
    if drawn:
        counts["drawn by redspots, partly on the photos above", "as the photos drawn on"] = drawn
    return tuple(
        {"source": source, "licence": licence, "photos": dict(count)} for (source, licence), count in counts.items()
    )


def count_sources(examples: Sequence[Example]) -> dict[str, int]:
    """Return the number of photos per source."""
    return dict(Counter(example.source or "not stated" for example in examples))
