"""Which photos train and which are held back: real ones by groups, drawn ones with the photos they are made from."""

from __future__ import annotations

import math
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedGroupKFold

from model.errors import ManifestError
from training.data.manifest import Example, assign_splits
from training.loading.cache import canvases_of, output_of, plan_drawn, plan_transplants
from training.loading.dataset import Item
from training.recipes import Recipe
from training.rendering import DRAWN_CATEGORIES

NO_FOLD = -1
"""Of photos that are mixed in: they train in every fold, and nothing made from them is held back."""


def plan_photos(examples: Sequence[Example], recipe: Recipe, outputs: Sequence[str]) -> tuple[list[Item], list[Item]]:
    """Return the items for training and for validation.

    Raises ManifestError when an output has no photo to train on, or no group is left for validation.
    """
    placed = assign_splits(examples, validation_share=recipe.data.validation_share, seed=recipe.seed)
    real = {split: [one for one in placed if one.split == split] for split in ("train", "validation")}
    training = _with_drawn(real["train"], recipe, outputs, per_output=recipe.drawn.per_category, number=0)
    validation = _with_drawn(
        real["validation"], recipe, outputs, per_output=recipe.drawn.validation_per_category, number=1
    )
    _check_outputs(training, outputs)
    if not validation:
        raise ManifestError(
            "too_few_photos", "No group is left for validation; add photos of at least one more person or lesion."
        )
    return training, validation


def plan_all(examples: Sequence[Example], recipe: Recipe, outputs: Sequence[str]) -> list[Item]:
    """Return all items for cross-validation: none is held back for good, but what is to test takes no part.

    Raises ManifestError as `plan_photos`.
    """
    real = [one for one in examples if one.split != "test"]
    items = _with_drawn(real, recipe, outputs, per_output=recipe.drawn.per_category, number=0)
    _check_outputs(items, outputs)
    return items


def plan_few_shot(examples: Sequence[Example], recipe: Recipe, outputs: Sequence[str]) -> list[Item]:
    """Return all items for class means: real photos, and drawn ones of the categories in which they count.

    What is to test takes no part. Raises ManifestError as `plan_photos`.
    """
    real = [one for one in examples if one.split != "test"]
    drawn = [output for output in outputs if recipe.few_shot.drawn_share.get(output)]
    items = _with_drawn(real, recipe, drawn, per_output=recipe.drawn.per_category, number=0)
    _check_outputs(items, outputs)
    return items


def _check_outputs(items: Sequence[Item], outputs: Sequence[str]) -> None:
    """Raise ManifestError when an output has no photo to train on."""
    present = {output_of(item) for item in items}
    missing = [output for output in outputs if output not in present]
    if missing:
        raise ManifestError(
            "too_few_photos",
            f"There is no photo of {missing[0]!r} to train on; add some"
            + (", or drawn ones with [drawn] in the recipe." if missing[0] in DRAWN_CATEGORIES else "."),
        )


def split_folds(items: Sequence[Item], recipe: Recipe) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield (training, held back) indices of items, once per fold; every group is held back in exactly one.

    A drawn photo that is made from real ones trains only where none of them is held back, and is held back itself
    where all of them are. Raises ManifestError when there are fewer groups than folds.
    """
    real = [(index, item) for index, item in enumerate(items) if isinstance(item, Example) and not item.mixed]
    groups = [item.group for _, item in real]
    folds = recipe.data.folds
    if len(set(groups)) < folds:
        raise ManifestError(
            "too_few_photos",
            f"{len(set(groups))} groups are too few for {folds} folds; add photos of more people, or lower `folds`.",
        )
    chosen = StratifiedGroupKFold(folds, shuffle=True, random_state=recipe.seed)
    with warnings.catch_warnings():
        # A category with fewer photos than folds is ordinary here, and simply missing from some folds.
        warnings.filterwarnings("ignore", message="The least populated class")
        split = list(chosen.split(np.zeros(len(real)), [output_of(item) for _, item in real], groups))
    fold_of = {real[row][1].path: fold for fold, (_, rows) in enumerate(split) for row in rows}
    touched = [_folds_of(index, item, fold_of, folds) for index, item in enumerate(items)]
    for fold in range(folds):
        training = np.array([index for index, those in enumerate(touched) if fold not in those], dtype=np.int64)
        held_back = np.array([index for index, those in enumerate(touched) if those == {fold}], dtype=np.int64)
        yield training, held_back


def _folds_of(index: int, item: Item, fold_of: dict[Any, int], folds: int) -> set[int]:
    if isinstance(item, Example):
        paths = [item.path]
    elif not (paths := [path for path in (item.canvas, item.donor) if path is not None]):
        return {index % folds}
    return {fold_of.get(path, NO_FOLD) for path in paths}


def _with_drawn(
    real: Sequence[Example], recipe: Recipe, outputs: Sequence[str], *, per_output: int, number: int
) -> list[Item]:
    """Return real photos and what is drawn from them; `number` makes the seeds of two splits differ.

    A category of one's own cannot be drawn: its photos are real.
    """
    outputs = [output for output in outputs if output in DRAWN_CATEGORIES]
    drawn = recipe.drawn
    seed = recipe.seed * 2 + number
    share = per_output / drawn.per_category if drawn.per_category else 1.0
    return [
        *real,
        *plan_drawn(drawn, outputs=outputs, canvases=canvases_of(real), per_output=per_output, seed=seed),
        *plan_transplants(
            real,
            outputs=outputs,
            per_output=math.ceil(drawn.transplanted_per_category * share),
            on_photos=drawn.on_photos,
            seed=seed,
        ),
    ]


def sources_of(items: Sequence[Item]) -> tuple[dict[str, Any], ...]:
    """Return one entry per source of the photos that took part: source, licence, photos per category."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    for example in items:
        if isinstance(example, Example):
            key = (example.source or "not stated", example.licence or "not stated")
            counts.setdefault(key, Counter())[example.category] += 1
    drawn = Counter(item.category for item in items if not isinstance(item, Example))
    if drawn:
        counts["drawn by redspots, partly on the photos above or from them", "as the photos drawn on"] = drawn
    return tuple(
        {"source": source, "licence": licence, "photos": dict(count)} for (source, licence), count in counts.items()
    )


def count_sources(examples: Sequence[Example]) -> dict[str, int]:
    """Return the number of photos per source."""
    return dict(Counter(example.source or "not stated" for example in examples))
