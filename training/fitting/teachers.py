"""Teachers: networks whose features a smaller one learns to say; what they see of each photo, standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
from timm.data.config import resolve_model_data_config
from torch import Tensor, nn
from torch.nn import functional

from model.card import ModelCard
from model.errors import InputError
from model.preprocess import Preprocess
from training.fitting.initial_weights import load_model_network

LEAST_DEVIATION = 1e-6
"""A feature that hardly differs between photos says nothing; it is not blown up."""


@dataclass(frozen=True, slots=True)
class TeacherSource:
    """Where a teacher comes from."""

    name: str
    """In timm; or any, for a model folder."""
    weights: Path | None = None
    """Safetensors file in timm's names, or the folder of a model of redspots; timm's own weights if None."""

    @property
    def is_model(self) -> bool:
        """Return whether it is a model of redspots, which teaches its logits and has learnt what it is to learn."""
        return self.weights is not None and self.weights.is_dir()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what NAME or NAME=FILE says. Raises InputError."""
        name, equals, file = text.partition("=")
        if not name or (equals and not file):
            raise InputError("bad_option", f"{text!r} names no teacher; write TIMM_NAME or TIMM_NAME=FILE.")
        return cls(name, Path(file) if file else None)


class Teacher:
    """One frozen network, with the input that it was made for."""

    def __init__(self, name: str, network: nn.Module) -> None:
        """Take a timm network without head."""
        self.name = name
        self.network = network.eval().requires_grad_(False)
        config = resolve_model_data_config(network)  # type: ignore[no-untyped-call]
        self.size = int(config["input_size"][-1])
        self.mean: tuple[float, float, float] = tuple(config["mean"])
        self.std: tuple[float, float, float] = tuple(config["std"])
        self.licence = str(getattr(network, "pretrained_cfg", {}).get("license") or "not stated")

    def forward(self, photos: Tensor) -> Tensor:
        """Return features (n, d) of photos (n, 3, height, width) from 0 to 1.

        Those of a transformer are its class token, if it has one, and the mean of its patches.
        """
        self.network.to(photos.device)
        tokens: Tensor = self.network.forward_features(self.resized(photos))  # type: ignore[operator]
        if tokens.ndim != 3:
            pooled: Tensor = self.network.forward_head(tokens, pre_logits=True)  # type: ignore[operator]
            return pooled
        extra = int(getattr(self.network, "num_prefix_tokens", 0))
        patches = tokens[:, extra:].mean(dim=1)
        return torch.cat([tokens[:, 0], patches], dim=1) if extra else patches

    def width(self) -> int:
        """Return the number of its features."""
        with torch.no_grad():
            return self.forward(torch.zeros(1, 3, self.size, self.size)).shape[1]

    def resized(self, photos: Tensor) -> Tensor:
        """Return photos (n, 3, height, width) from 0 to 1 as the network wants them: its size, normalised."""
        if photos.shape[-1] != self.size or photos.shape[-2] != self.size:
            photos = functional.interpolate(photos, size=self.size, mode="bilinear", antialias=True)
        return _shifted(photos, self.mean, self.std)

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return itself: weights that never change need no average of their own."""
        return self


class ModelTeacher(Teacher):
    """A model of redspots, whose features are its logits: the student learns what it says of each category."""

    def __init__(self, name: str, folder: Path) -> None:
        """Read a model folder. Raises ModelError."""
        card = ModelCard.read(folder)
        self.name = name
        self.network = load_model_network(folder).eval().requires_grad_(False)
        self.size, self.mean, self.std = card.preprocess.size, card.preprocess.mean, card.preprocess.std
        self.licence = "as of the model's own card"

    def forward(self, photos: Tensor) -> Tensor:
        """Return logits (n, outputs) of photos (n, 3, height, width) from 0 to 1."""
        self.network.to(photos.device)
        logits: Tensor = self.network(self.resized(photos))[0]
        return logits


class Teachers:
    """All teachers of a run: their features side by side, standardised over the photos that train.

    A teacher of few features counts as much as one of many: the squared error of each is divided by their number.
    """

    def __init__(self, teachers: Sequence[Teacher], *, bfloat16: Sequence[bool]) -> None:
        """`bfloat16` says which of them compute in it, where that is faster."""
        self._teachers = list(zip(teachers, bfloat16, strict=True))
        self._mean = torch.zeros(1)
        self._std = torch.ones(1)

    def raw(self, photos: Tensor) -> Tensor:
        """Return features (n, d) of photos (n, 3, height, width) from 0 to 1."""
        found = []
        with torch.no_grad():
            for teacher, bfloat16 in self._teachers:
                with torch.autocast(photos.device.type, torch.bfloat16, enabled=bfloat16):
                    found.append(teacher.forward(photos).float())
        return torch.cat(found, dim=1)

    def fit(self, features: Tensor) -> None:
        """Standardise by the features (n, d) of the photos that train."""
        self._mean = features.mean(dim=0)
        # The mean over all features is then the mean over teachers of the mean over theirs.
        sizes = [teacher.width() for teacher, _ in self._teachers]
        even = torch.cat([torch.full((size,), features.shape[1] / size / len(sizes)) for size in sizes])
        self._std = features.std(dim=0, correction=0).clamp_min(LEAST_DEVIATION) / even.sqrt()

    def standardised(self, features: Tensor) -> Tensor:
        """Return features with mean 0 over the photos that train, and a deviation of 1, or more for a small teacher."""
        return (features - self._mean.to(features)) / self._std.to(features)

    def see(self, photos: Tensor, preprocess: Preprocess) -> Tensor:
        """Return standardised features of photos that were normalised for another network."""
        mean, std = (torch.tensor(value).view(3, 1, 1).to(photos) for value in (preprocess.mean, preprocess.std))
        return self.standardised(self.raw(photos * std + mean))

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        """Return itself, as a teacher does."""
        return self


def _shifted(photos: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    return (photos - torch.tensor(mean).view(3, 1, 1).to(photos)) / torch.tensor(std).view(3, 1, 1).to(photos)
