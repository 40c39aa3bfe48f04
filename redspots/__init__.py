"""redspots from Python: answers to photos, each with its referral; no torch, and nothing is loaded before it is used.

    import redspots

    redspots.load().answer("photo.jpg")       # an answer, which notebooks show as a card
    redspots.score(["photos", "one.jpg"])     # a row per photo, as `redspots score` writes it

For research and education. Not a medical device. Whoever shows a result to a person shows `how_soon`, `urgent_advice`,
`referral` and `limits` with it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.answers.red_flags import RedFlag
    from app.views.notebook import PhotoAnswer
    from model.errors import RedspotsError
    from redspots.loaded_model import LoadedModel, load, score

    __version__: str

__all__ = ["LoadedModel", "PhotoAnswer", "RedFlag", "RedspotsError", "__version__", "load", "score"]

_HOMES = {
    "LoadedModel": "redspots.loaded_model",
    "PhotoAnswer": "app.views.notebook",
    "RedFlag": "app.answers.red_flags",
    "RedspotsError": "model.errors",
    "load": "redspots.loaded_model",
    "score": "redspots.loaded_model",
}
"""Modules of the public names, which are imported on the first use (PEP 562)."""


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name == "__version__":
        from importlib.metadata import version

        return version("redspots")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """List the public names, for completion in editors and notebooks."""
    return sorted({*globals(), *__all__})
