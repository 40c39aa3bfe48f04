"""The network: a timm backbone, and a head whose evidence maps average to the logits exactly."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import timm
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from model.errors import RecipeError

FINE, COARSE = 16, 32
"""Strides of the two feature maps. Petechiae are small: the coarse map alone loses them."""
FACTOR = COARSE // FINE
SHORTEST = 1e-6
"""Length below which features are not brought to unit length: they are those of a photo like the mean of all."""


class EvidenceNetwork(nn.Module, ABC):
    """A timm backbone with a head whose logits are the means of their evidence maps.

    So a map shows where a score comes from exactly, not approximately as gradient methods do (the idea of Zhou et al.,
    CVPR 2016, without a layer between map and logit).
    """

    def __init__(self, backbone: nn.Module, *, outputs: int, dropout: float) -> None:
        """Check that the backbone has the feature maps that heads need, by their strides."""
        super().__init__()
        self.backbone = backbone
        self.outputs = outputs
        self.dropout = nn.Dropout(dropout)
        # A timm model's attributes are typed as modules or tensors; these two are neither.
        info: list[dict[str, Any]] = backbone.feature_info  # type: ignore[assignment]
        strides = [stage["reduction"] for stage in info]
        if FINE not in strides or COARSE not in strides:
            raise ValueError(f"the backbone has features at strides {strides}, needed are {FINE} and {COARSE}")
        # The last stage of stride 16, not the first: the deeper of two is the richer.
        self._fine = max(index for index, stride in enumerate(strides) if stride == FINE)
        self._fine_channels: int = info[self._fine]["num_chs"]
        self.features: int = backbone.num_features  # type: ignore[assignment]
        """Channels of the last feature map."""

    @abstractmethod
    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (n, outputs) and evidence (n, outputs, size / 16, size / 16) of (n, 3, size, size)."""

    @abstractmethod
    def head_modules(self) -> Sequence[nn.Conv2d]:
        """Return the modules that are not the backbone; the first has the biases of the outputs."""

    def add_to_outputs(self, amounts: Sequence[float]) -> None:
        """Add to the logits of every photo, one amount per output, and so to each point of their evidence maps."""
        bias = self.head_modules()[0].bias
        assert bias is not None
        with torch.no_grad():
            bias += torch.tensor(amounts, dtype=bias.dtype)


class LinearNetwork(EvidenceNetwork):
    """Features at strides 16 and 32, each with dropout and a 1x1 convolution to one map per output."""

    def __init__(self, backbone: nn.Module, *, outputs: int, dropout: float) -> None:
        """Put a fresh head on a timm backbone. Raises ValueError when that has no feature maps for it."""
        super().__init__(backbone, outputs=outputs, dropout=dropout)
        self.fine = nn.Conv2d(self._fine_channels, outputs, kernel_size=1)
        self.coarse = nn.Conv2d(self.features, outputs, kernel_size=1, bias=False)

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and evidence, see `EvidenceNetwork`."""
        last, (middle,) = self.backbone.forward_intermediates(photos, indices=[self._fine])  # type: ignore[operator]
        fine = self.fine(self.dropout(middle))
        coarse = self.coarse(self.dropout(last))
        # Repeating keeps the mean of the coarse map; interpolation would not.
        evidence = fine + coarse.repeat_interleave(FACTOR, dim=2).repeat_interleave(FACTOR, dim=3)
        return fine.mean(dim=(2, 3)) + coarse.mean(dim=(2, 3)), evidence

    def head_modules(self) -> Sequence[nn.Conv2d]:
        """Return the two convolutions."""
        return self.fine, self.coarse


class CosineNetwork(EvidenceNetwork):
    """Standardised features of stride 32, of unit length together, and a 1x1 convolution: for few photos.

    With class means as its weights this is the cosine classifier of Gidaris and Komodakis (CVPR 2018). The length of
    the pooled features is one factor for the whole photo, so that the evidence still averages to the logits exactly.
    """

    def __init__(self, backbone: nn.Module, *, outputs: int, dropout: float) -> None:
        """Put a fresh head on a timm backbone, with features as they are. Raises ValueError as `LinearNetwork`."""
        super().__init__(backbone, outputs=outputs, dropout=dropout)
        self.register_buffer("centre", torch.zeros(self.features))
        self.register_buffer("spread", torch.ones(self.features))
        self.cosine = nn.Conv2d(self.features, outputs, kernel_size=1)

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits and evidence, see `EvidenceNetwork`."""
        features = self.backbone.forward_features(photos)  # type: ignore[operator]
        features = (features - self.centre[:, None, None]) / self.spread[:, None, None]  # type: ignore[index]
        length = features.mean(dim=(2, 3), keepdim=True).square().sum(dim=1, keepdim=True).sqrt()
        evidence = self.cosine(self.dropout(features / length.clamp_min(SHORTEST)))
        logits = evidence.mean(dim=(2, 3))
        return logits, evidence.repeat_interleave(FACTOR, dim=2).repeat_interleave(FACTOR, dim=3)

    def pooled(self, photos: Tensor) -> Tensor:
        """Return the backbone's features (n, features) of (n, 3, size, size), averaged over the photo."""
        maps: Tensor = self.backbone.forward_features(photos)  # type: ignore[operator]
        return maps.mean(dim=(2, 3))

    def head_modules(self) -> Sequence[nn.Conv2d]:
        """Return the convolution."""
        return (self.cosine,)


HEADS: Mapping[str, type[EvidenceNetwork]] = {"linear": LinearNetwork, "cosine": CosineNetwork}
"""Heads by the name that recipes have for them."""


def build_network(
    backbone: str,
    *,
    outputs: int,
    head: str = "linear",
    dropout: float = 0.2,
    pretrained: bool = False,
    weights: Path | None = None,
    arguments: dict[str, Any] | None = None,
) -> EvidenceNetwork:
    """Return a network for `outputs` outputs, with one of `HEADS`.

    `pretrained` fetches timm's own weights; `weights` is a safetensors file with the backbone in timm's names.
    Raises RecipeError when the backbone is unknown, has no features at strides 16 and 32, its weights cannot be
    fetched, or it does not fit its file.
    """
    body = build_backbone(backbone, weights=weights, pretrained=pretrained, arguments=arguments)
    try:
        return HEADS[head](body, outputs=outputs, dropout=dropout)
    except (RuntimeError, ValueError, TypeError) as error:
        raise RecipeError(
            "bad_value", f"The backbone {backbone!r} cannot be built ({error}); choose another."
        ) from error


def build_backbone(
    name: str, *, weights: Path | None, pretrained: bool, arguments: Mapping[str, Any] | None = None
) -> nn.Module:
    """Return a timm network without head: with the weights of a safetensors file, timm's own, or random ones.

    Raises RecipeError when it is unknown, its weights cannot be fetched, or they do not fit.
    """
    try:
        backbone: nn.Module = timm.create_model(
            name, pretrained=pretrained and weights is None, num_classes=0, **arguments or {}
        )
    except (RuntimeError, ValueError, TypeError, OSError, httpx.HTTPError) as error:
        raise RecipeError(
            "bad_value", f"The network {name!r} cannot be built ({error}); choose another, or name a file of weights."
        ) from error
    if weights is not None:
        load_weights(backbone, weights)
    return backbone


def load_weights(module: nn.Module, path: Path) -> None:
    """Load a safetensors file into a module of the same shape. Raises RecipeError when it is missing or misfits."""
    if not path.is_file():
        raise RecipeError("missing_weights", f"There is no weights file {str(path)!r}; check the path.")
    try:
        state = load_file(path)
        counters = {name for name in module.state_dict() if name.endswith("num_batches_tracked")}
        missing, unexpected = module.load_state_dict(state, strict=False)
    except (SafetensorError, OSError, RuntimeError) as error:
        raise RecipeError(
            "missing_weights", f"{str(path)!r} does not fit this network ({error}); choose other weights."
        ) from error
    # What a network was made for before; timm knows how it is called.
    head = getattr(module, "pretrained_cfg", {}).get("classifier") or "classifier"
    heads = (head,) if isinstance(head, str) else tuple(head)
    if set(missing) - counters or any(not name.startswith(heads) for name in unexpected):
        raise RecipeError(
            "missing_weights",
            f"{str(path)!r} does not fit this network ({len(missing)} missing, {len(unexpected)} unexpected tensors); "
            "choose other weights.",
        )


def average_weights(network: nn.Module, others: Sequence[nn.Module]) -> None:
    """Give a network the mean of its own weights and those of others of the same shape."""
    states = [other.state_dict() for other in others]
    for name, value in network.state_dict().items():
        if value.is_floating_point():
            value.copy_(torch.stack([value, *(state[name] for state in states)]).mean(dim=0))


def freeze(network: EvidenceNetwork, names: Sequence[str]) -> list[nn.Module]:
    """Return the backbone modules of these names, no longer trained. Raises RecipeError on an unknown name."""
    modules = dict(network.backbone.named_modules())
    unknown = [name for name in names if name not in modules]
    if unknown:
        raise RecipeError("bad_value", f"The backbone has no module {unknown[0]!r} to freeze; correct `frozen`.")
    chosen = [modules[name] for name in names]
    for module in chosen:
        module.requires_grad_(False)
    return chosen
