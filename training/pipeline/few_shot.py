"""leave_sources_out: class means on a fixed backbone, measured on sources that they were not made from."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.card import sha256_of
from model.categories import OTHER
from model.classifier import RELEASES, Classifier
from model.errors import ManifestError, RecipeError
from training.data.manifest import Example
from training.fitting.few_shot import ClassMeans, fit_class_means, pooled_features
from training.fitting.network import CosineNetwork
from training.loading.cache import is_cached, output_of
from training.loading.composition import plan_few_shot
from training.loading.dataset import Item, targets_of
from training.loading.shards import SomePixels
from training.pipeline.holdout import Setting, Trained, count_photos
from training.recipes import FewShotOptions, Recipe

_REST = "other sources"
"""Name of the fold of the sources that have no photo of a category."""
_DRAWN = "drawn skin"
_LEAST_PLACES = 2


def leave_sources_out(setting: Setting, examples: Sequence[Example], *, unlearnt: Collection[str] | None) -> Trained:
    """Return a network with the class means of all photos, and logits from class means of other sources' photos.

    Each source that has photos of a category is left out in turn, and all the rest together once. Photos of `other` are
    scored only if their SHA-256 is in `unlearnt`, or that is None: a backbone knows the photos that it has learnt from,
    which flatters it. Raises ManifestError when all photos of a category come from one source.
    """
    recipe = setting.recipe
    torch.manual_seed(recipe.seed)
    network = setting.build()
    # The recipe was checked for it.
    assert isinstance(network, CosineNetwork)
    items = plan_few_shot(examples, recipe, setting.outputs)
    count_photos(setting, "train", items)
    scored = [index for index, item in enumerate(items) if isinstance(item, Example) and _is_scored(item, unlearnt)]
    places = _places_of(items, recipe.few_shot)
    folds = _folds(items, scored, places, by=recipe.few_shot.left_out)
    teacher = _teacher(recipe)
    was_cached = is_cached(items, side=setting.preprocess.size, folder=setting.cache)
    setting.tell(f"reading and drawing photos into {str(setting.cache)!r}")
    photos = _read_photos(setting, network, items, places, teacher)
    logits = np.zeros((len(items), len(setting.outputs)))
    for name, held_back, left_out in folds:
        setting.tell(f"{len(held_back)} photos of {name} against class means of all others")
        logits[held_back] = photos.fit(without=left_out).logits(photos.plain[held_back])
    photos.fit().into(network)
    network.eval()
    return Trained(network, 0, items, [items[row] for row in scored], logits[scored], was_cached, is_crossed=True)


class _Photos:
    """The features of all photos of a run."""

    def __init__(
        self,
        setting: Setting,
        items: Sequence[Item],
        places: Sequence[str],
        plain: NDArray[np.float64],
        turned: NDArray[np.float64],
        taught: NDArray[np.float64],
    ) -> None:
        """Take features (n, d) of all photos as they are, and (some, views, d) of those of the categories.

        `taught` (n, outputs) are a teacher's logits, NaN where it has not looked.
        """
        self._recipe, self._outputs = setting.recipe, setting.outputs
        self.plain = plain
        rows = [*range(len(items)), *np.repeat(_with_views(items), turned.shape[1]).tolist()]
        self._features = np.concatenate([plain, turned.reshape(-1, plain.shape[1])])
        self._targets = np.array(targets_of(items, setting.outputs))[rows]
        self._taught = taught[rows]
        self._drawn = np.array([not isinstance(item, Example) for item in items])[rows]
        self._places = np.array(places)[rows]

    def fit(self, *, without: Collection[str] = ()) -> ClassMeans:
        """Return class means of all photos but those of some places, and those drawn on them."""
        kept = ~np.isin(self._places, list(without))
        return fit_class_means(
            self._features[kept],
            self._targets[kept],
            drawn=self._drawn[kept],
            outputs=self._outputs,
            parents=self._recipe.decision.parents,
            options=self._recipe.few_shot,
            taught=self._taught[kept],
        )


def _read_photos(
    setting: Setting,
    network: CosineNetwork,
    items: Sequence[Item],
    places: Sequence[str],
    teacher: Classifier | None,
) -> _Photos:
    """Return the features of all photos, from an earlier part of the run if they were computed then."""
    preprocess, views = setting.preprocess, setting.recipe.few_shot.views
    pixels = setting.pixels(items, preprocess.size)

    def look() -> dict[str, Any]:
        plain = pooled_features(network, pixels, preprocess, views=range(1))
        turned = pooled_features(network, SomePixels(pixels, _with_views(items)), preprocess, views=range(1, views))
        return {"plain": torch.from_numpy(plain[:, 0]), "turned": torch.from_numpy(turned)}

    seen = setting.once("features", look)
    taught = np.full((len(items), len(setting.outputs)), np.nan)
    if teacher is not None:
        setting.tell(f"asking the teacher {teacher.card.version}")
        asked = [index for index, item in enumerate(items) if isinstance(item, Example) and output_of(item) == OTHER]
        said = setting.once("taught", lambda: {"logits": torch.from_numpy(_asked(teacher, items, asked))})
        columns = [setting.outputs.index(output) for output in teacher.card.outputs if output in setting.outputs]
        known = [teacher.card.outputs.index(setting.outputs[column]) for column in columns]
        taught[np.ix_(asked, columns)] = said["logits"].numpy()[:, known]
    return _Photos(setting, items, places, seen["plain"].numpy(), seen["turned"].numpy(), taught)


def _teacher(recipe: Recipe) -> Classifier | None:
    """Return the model whose logits are learnt, None where none is. Raises ModelError, RecipeError."""
    if not recipe.few_shot.taught_share:
        return None
    teacher = Classifier.load(RELEASES / recipe.few_shot.teacher)
    for category in recipe.few_shot.taught_share:
        if category not in teacher.card.outputs:
            raise RecipeError(
                "bad_value",
                f"The model {recipe.few_shot.teacher} does not know {category!r}; correct 'few_shot.taught_share'.",
            )
    return teacher


def _asked(teacher: Classifier, items: Sequence[Item], asked: Sequence[int]) -> NDArray[np.float64]:
    """Return the logits (asked, outputs) of a teacher, photo by photo. Raises PhotoError."""
    rows = [np.zeros((0, len(teacher.card.outputs)))]
    for index in asked:
        item = items[index]
        assert isinstance(item, Example)
        rows.append(teacher.logits([teacher.prepare(teacher.read(item.path))]).astype(np.float64))
    return np.concatenate(rows)


def _with_views(items: Sequence[Item]) -> list[int]:
    """Return the photos whose mirrored and turned views count, too: those of `other` are many enough."""
    return [index for index, item in enumerate(items) if output_of(item) != OTHER]


def _places_of(items: Sequence[Item], options: FewShotOptions) -> list[str]:
    """Return what is left out with each photo: its source, or its group; a drawn photo lies where its canvas does."""

    def place_of(example: Example) -> str:
        if options.left_out == "group" or not example.source:
            return example.group
        source = example.source.casefold()
        return next((text for text in options.same_source if text.casefold() in source), example.source)

    place = {item.path: place_of(item) for item in items if isinstance(item, Example)}
    return [
        place[item.path] if isinstance(item, Example) else place.get(item.canvas or Path(), _DRAWN) for item in items
    ]


def _folds(
    items: Sequence[Item], scored: Sequence[int], places: Sequence[str], *, by: str
) -> list[tuple[str, list[int], set[str]]]:
    """Return for each fold its name, the photos that it scores, and the places that are left out for it.

    Raises ManifestError when all photos of a category come from one place.
    """
    of_category: dict[str, set[str]] = {}
    for index in scored:
        if (output := output_of(items[index])) != OTHER:
            of_category.setdefault(output, set()).add(places[index])
    for category, found in of_category.items():
        if len(found) < _LEAST_PLACES:
            raise ManifestError(
                "too_few_photos",
                f"All photos of {category!r} come from one {by}, {min(found)!r}, so that none is left when it is left "
                + (
                    'out; add photos of another, or write `left_out = "group"` in the section [few_shot].'
                    if by == "source"
                    else "out; add photos of another person."
                ),
            )
    named = sorted(set().union(*of_category.values()))
    rest = {places[index] for index in scored}.difference(named)
    folds = [(place, {place}) for place in named] + ([(_REST, rest)] if rest else [])
    return [(name, [index for index in scored if places[index] in left_out], left_out) for name, left_out in folds]


def _is_scored(example: Example, unlearnt: Collection[str] | None) -> bool:
    if example.mixed:
        return False
    return output_of(example) != OTHER or unlearnt is None or sha256_of(example.path) in unlearnt
