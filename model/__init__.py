"""From a photo to a prediction: reading, preprocessing, the network on ONNX Runtime, and its calibration.

Never imports torch, gradio or albumentations, so that scoring starts fast and installs small. To import it switches off
what packages would report to their makers. The public names are loaded on first use (PEP 562). A `Prediction` has no
words: whoever shows one to a person shows the answer that `redspots` makes of it, with its referral.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from model.no_telemetry import switch_off

if TYPE_CHECKING:
    from model.batch import Outcome, score_photos
    from model.card import ModelCard
    from model.classifier import Classifier, newest_release
    from model.errors import ModelError, PhotoError, RedspotsError
    from model.photo import Photo, find_photos, read_photo
    from model.prediction import Prediction, Score

__all__ = [
    "Classifier",
    "ModelCard",
    "ModelError",
    "Outcome",
    "Photo",
    "PhotoError",
    "Prediction",
    "RedspotsError",
    "Score",
    "find_photos",
    "newest_release",
    "read_photo",
    "score_photos",
]

_HOMES = {
    "Classifier": "model.classifier",
    "ModelCard": "model.card",
    "ModelError": "model.errors",
    "Outcome": "model.batch",
    "Photo": "model.photo",
    "PhotoError": "model.errors",
    "Prediction": "model.prediction",
    "RedspotsError": "model.errors",
    "Score": "model.prediction",
    "find_photos": "model.photo",
    "newest_release": "model.classifier",
    "read_photo": "model.photo",
    "score_photos": "model.batch",
}
"""Modules of the public names, which are imported on the first use (PEP 562)."""

switch_off()


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, for completion in editors and notebooks."""
    return sorted({*globals(), *__all__})
