"""Two ways to a trained network and to logits of photos that it did not see: hold back once, or cross-validate."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from model.preprocess import Preprocess
from model.system.interrupts import Stop
from training.calibration.scaling import calibration_items
from training.data.manifest import Example
from training.fitting.distributed import Processes
from training.fitting.inference import logits_of
from training.fitting.network import EvidenceNetwork, average_weights, freeze
from training.fitting.progress import Part
from training.fitting.trainer import fit
from training.loading.augment import build_augmentation
from training.loading.cache import cached_pixels, is_cached, output_of
from training.loading.composition import plan_all, plan_photos
from training.loading.dataset import Item, PhotoDataset, sampling_weights, targets_of
from training.loading.shards import Pixels
from training.pipeline.cross_validation import cross_validate
from training.recipes import Recipe
from training.resume.run_folder import RunFolder

CACHE_MARGIN = 1.5
"""Cached training photos are this much larger than the network's input, so that close crops stay sharp."""


@dataclass(frozen=True, slots=True)
class Trained:
    """A trained network, and held-back photos with their logits."""

    network: EvidenceNetwork
    epoch: int
    """The one whose weights were kept."""
    items: Sequence[Item]
    """All that took part."""
    held_back: Sequence[Item]
    logits: NDArray[np.float64]
    """(held_back, outputs)"""
    was_cached: bool
    is_crossed: bool = False
    """Whether the logits are of other networks, and this one has learnt from the held-back photos as well."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What every training of one run has in common."""

    recipe: Recipe
    outputs: tuple[str, ...]
    build: Callable[[], EvidenceNetwork]
    """Returns a network with the weights to start from."""
    cache: Path
    run: RunFolder
    processes: Processes
    stop: Stop
    tell: Callable[[str], None]

    @property
    def preprocess(self) -> Preprocess:
        """Return how photos are fed to the network."""
        network = self.recipe.network
        return Preprocess(network.size, network.mean, network.std)

    @property
    def side(self) -> int:
        """Return the side of cached training photos in pixels."""
        return round(self.recipe.network.size * CACHE_MARGIN)

    def pixels(self, items: Sequence[Item], side: int) -> Pixels:
        """Return the photos of the items, which the first process reads and draws."""
        return self.processes.first(lambda: cached_pixels(items, side=side, folder=self.cache))

    def once(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Return what a step comes to in all processes, from an earlier part of the run if it was done then."""
        state = self.processes.first(lambda: self.run.read(name))
        if state is None:
            state = done = make()
            self.processes.first(lambda: self.run.write(name, done))
        return state


def hold_back(setting: Setting, examples: Sequence[Example]) -> Trained:
    """Train once; some groups are held back to stop and to calibrate."""
    training, validation = plan_photos(examples, setting.recipe, setting.outputs)
    count_photos(setting, "train", training)
    count_photos(setting, "validation", validation)
    was_cached = _was_cached(setting, training)
    pixels = _training_pixels(setting, training)
    validation_pixels = setting.pixels(validation, setting.preprocess.size)
    targets = targets_of(validation, setting.outputs)
    network, epoch = _train(
        setting,
        training,
        pixels,
        validation=PhotoDataset(validation_pixels, targets, setting.preprocess),
        run=setting.run.trainings / "fit",
    )
    kept = setting.once(
        "logits", lambda: {"logits": torch.from_numpy(logits_of(network, validation_pixels, setting.preprocess))}
    )
    return Trained(network, epoch, [*training, *validation], validation, kept["logits"].numpy(), was_cached)


def hold_back_in_turn(setting: Setting, examples: Sequence[Example]) -> Trained:
    """Cross-validate, train on everything for as many epochs, and average the weights of all these networks."""
    items = plan_all(examples, setting.recipe, setting.outputs)
    count_photos(setting, "train", items)
    was_cached = _was_cached(setting, items)
    pixels = _training_pixels(setting, items)
    wanted = calibration_items(items, setting.outputs, setting.recipe)
    small = setting.pixels([items[index] for index in wanted], setting.preprocess.size)

    networks: list[EvidenceNetwork] = []

    def train(indices: NDArray[np.int64], run: Path) -> EvidenceNetwork:
        part = Part(len(networks) + 1, of=setting.recipe.data.folds + 1)
        chosen = [items[index] for index in indices]
        networks.append(_train(setting, chosen, pixels, rows=indices, run=run, part=part)[0])
        return networks[-1]

    indices, logits = cross_validate(
        items,
        wanted,
        small,
        setting.preprocess,
        setting.recipe,
        train=train,
        run=setting.run.trainings,
        once=setting.once,
        tell=setting.tell,
    )
    setting.tell(f"training on all {len(items)} photos")
    last = Part(len(networks) + 1, of=len(networks) + 1)
    network, epoch = _train(setting, items, pixels, run=setting.run.trainings / "fit", part=last)
    average_weights(network, networks)
    held_back = [items[index] for index in indices]
    return Trained(network, epoch, items, held_back, logits, was_cached, is_crossed=True)


def _training_pixels(setting: Setting, items: Sequence[Item]) -> Pixels:
    setting.tell(f"reading and drawing photos into {str(setting.cache)!r}")
    return setting.pixels(items, setting.side)


def _was_cached(setting: Setting, items: Sequence[Item]) -> bool:
    """Return whether the run found its photos in the cache when it was first begun."""
    kept = setting.once("cache", lambda: {"was": is_cached(items, side=setting.side, folder=setting.cache)})
    return bool(kept["was"])


def _train(
    setting: Setting,
    items: Sequence[Item],
    pixels: Pixels,
    *,
    rows: NDArray[np.int64] | None = None,
    validation: PhotoDataset | None = None,
    run: Path,
    part: Part = Part(),  # noqa: B008 - frozen
) -> tuple[EvidenceNetwork, int]:
    """Return a network trained on items, whose pixels are the `rows` of `pixels` (all, if none), and its epoch."""
    recipe = setting.recipe
    # Networks that are to be averaged start from the same weights, the new ones of the head included.
    torch.manual_seed(recipe.seed)
    network = setting.build()
    augmentation = build_augmentation(setting.preprocess.size, seed=recipe.seed)
    targets = targets_of(items, setting.outputs)
    epoch = fit(
        network,
        PhotoDataset(pixels, targets, setting.preprocess, augmentation, rows=rows),
        validation,
        weights=sampling_weights(items, recipe.fit).tolist(),
        options=recipe.fit,
        frozen=freeze(network, recipe.network.frozen),
        seed=recipe.seed,
        run=run,
        processes=setting.processes,
        stop=setting.stop,
        part=part,
        tell=setting.tell,
    )
    return network, epoch


def count_photos(setting: Setting, name: str, items: Sequence[Item]) -> None:
    """Tell how many photos of each output there are."""
    counts = [sum(output_of(item) == output for item in items) for output in setting.outputs]
    each = [f"{count} {output}" for count, output in zip(counts, setting.outputs, strict=True)]
    setting.tell(f"{name}: {', '.join(each)}")
