"""Few-shot head: class means of standardised features, for categories with a dozen photos."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from model.categories import OTHER
from model.preprocess import Preprocess
from training.fitting.network import SHORTEST, CosineNetwork
from training.loading.shards import Photos
from training.recipes import FewShotOptions

LEAST_SPREAD = 1e-6
"""Deviation below which a feature says nothing of photos; it is not blown up."""
RIDGE = 1.0
"""Strength of the ridge per feature, in photos. Between 0.3 and 3 it made no difference."""
_BATCH = 32


@dataclass(frozen=True, slots=True)
class ClassMeans:
    """What a cosine head compares the features of a photo with."""

    centre: NDArray[np.float64]
    """(d,) mean of the features of real photos."""
    spread: NDArray[np.float64]
    """(d,) their standard deviation, positive."""
    weights: NDArray[np.float64]
    """(outputs, d) of length `scale`; 0 for `other`, which has no direction of its own."""

    def logits(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return logits (n, outputs) of pooled features (n, d): `scale` times the cosine to each class mean."""
        return self.directions(features) @ self.weights.T

    def directions(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return standardised features (n, d) of unit length."""
        return _unit((features - self.centre) / self.spread)

    def into(self, network: CosineNetwork) -> None:
        """Put the means into a network's head, whose biases become 0."""
        with torch.no_grad():
            network.centre.copy_(torch.from_numpy(self.centre))  # type: ignore[operator]
            network.spread.copy_(torch.from_numpy(self.spread))  # type: ignore[operator]
            network.cosine.weight.copy_(torch.from_numpy(self.weights)[:, :, None, None])
            assert network.cosine.bias is not None
            network.cosine.bias.zero_()


def fit_class_means(
    features: NDArray[np.float64],
    targets: NDArray[np.int64],
    *,
    drawn: NDArray[np.bool_],
    outputs: Sequence[str],
    parents: Mapping[str, Sequence[str]],
    options: FewShotOptions,
    taught: NDArray[np.float64] | None = None,
) -> ClassMeans:
    """Return the class means of pooled features (n, d), one row per view of a photo.

    `taught` (n, outputs) are the logits of a teacher, NaN for rows that it has not seen; `options.taught_share` says
    how much of a category's mean is the direction in which they rise (knowledge distillation, Hinton et al., 2015).

    `drawn` says which rows are of drawn photos: they count as `options.drawn_share` says, and not for centre and
    spread. The mean of a member of a parent is drawn towards the mean of all of the parent's photos: the means of few
    photos are uncertain, and kinds of one thing are alike (shrinkage, as of James and Stein).
    """
    real = features[~drawn]
    centre, spread = real.mean(axis=0), np.maximum(real.std(axis=0), LEAST_SPREAD)
    directions = _unit((features - centre) / spread)
    family = {member: tuple(members) for members in parents.values() for member in members}
    weights = np.zeros((len(outputs), features.shape[1]))
    for number, output in enumerate(outputs):
        if output == OTHER:
            continue
        mean = _mean_of(directions, targets == number, drawn, options.drawn_share.get(output, 0.0))
        if output in family:
            members = [outputs.index(member) for member in family[output]]
            common = _mean_of(directions, np.isin(targets, members), drawn, 0.0)
            mean = common if not mean.any() else (1 - options.own_share) * common + options.own_share * mean
        mean = _unit(mean[None])[0]
        if (share := options.taught_share.get(output, 0.0)) and taught is not None:
            mean = (1 - share) * mean + share * _rising(directions, taught[:, number])
        weights[number] = options.scale * _unit(mean[None])[0]
    return ClassMeans(centre, spread, weights)


def pooled_features(
    network: CosineNetwork, pixels: Photos, preprocess: Preprocess, *, views: range
) -> NDArray[np.float64]:
    """Return features (n, views, d) of photos that have the network's size, in some of the eight views of a square.

    View 0 is the photo as it is; the others are mirrored, turned by right angles, or both.
    """
    network.eval()
    rows = [np.zeros((0, len(views), network.features))]
    with torch.inference_mode():
        for start in range(0, len(pixels), _BATCH):
            some = range(start, min(start + _BATCH, len(pixels)))
            photos = torch.from_numpy(np.stack([preprocess.normalise(np.asarray(pixels[row])) for row in some]))
            seen = [
                network.pooled(_turned(photos, view).contiguous(memory_format=torch.channels_last)).double().numpy()
                for view in views
            ]
            if seen:
                rows.append(np.stack(seen, axis=1))
    return np.concatenate(rows)


def _turned(photos: torch.Tensor, view: int) -> torch.Tensor:
    """Return photos (n, 3, size, size) mirrored where `view` is odd, then turned by a right angle for each two."""
    mirrored = photos.flip(-1) if view % 2 else photos
    return torch.rot90(mirrored, view // 2, dims=(-2, -1))


def _rising(directions: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the direction (d,) in which values (n,) rise, by ridge regression on directions (n, d); no NaN."""
    seen = np.isfinite(values)
    # Rows of length 1 become features of variance 1, which the strength of the ridge is for.
    rows, size = directions[seen] * np.sqrt(directions.shape[1]), directions.shape[1]
    gram = rows.T @ rows + RIDGE * size * np.eye(size)
    slope = np.linalg.solve(gram, rows.T @ (values[seen] - values[seen].mean()))
    return np.asarray(_unit(slope[None])[0])


def _mean_of(
    directions: NDArray[np.float64], chosen: NDArray[np.bool_], drawn: NDArray[np.bool_], drawn_share: float
) -> NDArray[np.float64]:
    """Return the mean (d,) of the chosen rows, of which the drawn ones together count `drawn_share`; 0 of none."""
    kinds = [directions[chosen & ~drawn], directions[chosen & drawn]]
    means = [rows.mean(axis=0) if len(rows) else np.zeros(directions.shape[1]) for rows in kinds]
    share = drawn_share if len(kinds[0]) else float(drawn_share > 0)
    return np.asarray((1 - share) * means[0] + share * means[1] if len(kinds[1]) else means[0])


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), SHORTEST))
