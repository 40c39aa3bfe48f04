"""NamesNetwork: a timm network with a layer for names of diseases, and one that says what the teachers see."""

from __future__ import annotations

from torch import Tensor, nn


class NamesNetwork(nn.Module):
    """Pooled features of a timm network, with dropout and a linear layer to names; another to teachers' features."""

    def __init__(self, backbone: nn.Module, *, names: int, taught: int = 0, dropout: float = 0.0) -> None:
        """`taught` is the length of the teachers' features, 0 without teachers."""
        super().__init__()
        self.backbone = backbone
        width = features_of(backbone)
        self.dropout = nn.Dropout(dropout)
        self.names = nn.Linear(width, names)
        self.projection = nn.Linear(width, taught) if taught else None

    def forward(self, photos: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return logits (n, names) and features (n, taught) of photos (n, 3, size, size)."""
        features = self.backbone(photos)
        said = None if self.projection is None else self.projection(features)
        return self.names(self.dropout(features)), said


def features_of(backbone: nn.Module) -> int:
    """Return the length of a timm network's pooled features."""
    # Some have a layer behind the pooling, whose width is not that of the last feature map.
    width: int = getattr(backbone, "head_hidden_size", None) or backbone.num_features  # type: ignore[assignment]
    return width


def set_norm_momentum(network: nn.Module, momentum: float) -> None:
    """Let batch statistics follow the batches at this rate."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.momentum = momentum
