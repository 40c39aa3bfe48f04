"""Recipe: every hyper-parameter of a training run, read from one TOML file."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from model.errors import RecipeError

RECIPES = Path(__file__).parent / "recipes"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DataOptions(_Section):
    """Which labelled photos take part, and how many of them are held back."""

    where: tuple[str, ...] = ()
    """Conditions on the manifest's columns, as `use=train`."""
    validation_share: float = Field(0.2, gt=0, lt=0.9)
    """Share of groups without a split that only calibrates and stops. Not used with `folds`."""
    folds: int = Field(0, ge=0)
    """0 holds groups back once; 2 or more is cross-validation: every photo is scored by a network that saw neither its
    group nor a drawing made from it, which measures and calibrates. The network that ships is the mean of theirs and
    of one trained on all: weights that start alike and part little average to a network that does better on new
    photos, at no cost in use (model soups, Wortsman et al., ICML 2022)."""


class DrawnOptions(_Section):
    """Drawn photos, added to the labelled ones."""

    per_category: int = Field(0, ge=0)
    """Drawn photos for training, per category and for `other`."""
    validation_per_category: int = Field(0, ge=0)
    """Drawn photos for validation, on canvases of validation groups only."""
    on_photos: float = Field(0.5, ge=0, le=1)
    """Share drawn onto real photos of `other`; the rest is drawn on drawn skin."""
    canvases: str = ""
    """CSV table beside the recipe, with `sha256`, `body_site` and `calm` (yes or empty) of photos to draw on: lesions
    are drawn more often where their category is seen more often, and on calm skin."""
    transplanted_per_category: int = Field(0, ge=0)
    """Photos with the lesions of real ones, for every category that has real photos, and for `other`."""


class NetworkOptions(_Section):
    """The network and where its weights start."""

    backbone: str
    """timm name; its own pretrained weights are used unless the command names a file."""
    backbone_arguments: dict[str, Any] = {}
    """Passed to timm.create_model."""
    size: int = 256
    """Side of the input in pixels, a multiple of 32."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    dropout: float = Field(0.2, ge=0, lt=1)
    """Before the 1x1 convolutions."""
    frozen: tuple[str, ...] = ()
    """Modules of the backbone that are not trained: low-level features gain nothing from few photos."""
    start: Literal["release", "pretrained", "random"] = "pretrained"
    """`release` starts from the weights of a model folder, its head included where the categories are the same."""


class FitOptions(_Section):
    """The training loop."""

    epochs: int = Field(gt=0)
    batch_size: int = Field(32, gt=0)
    """Photos of one step, on all devices together: how many there are changes the speed, not the experiment."""
    learning_rate: float = Field(gt=0)
    """Of the head; warmed up over the first tenth of the steps, then a cosine down to zero."""
    backbone_learning_rate: float = Field(gt=0)
    weight_decay: float = Field(0.02, ge=0)
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    real_weight: float = Field(3.0, gt=0)
    """How often a real photo is seen for each time that a drawn one of its category is."""
    least_real_share: float = Field(0.0, ge=0, lt=1)
    """Of the photos seen of a category, at least this share is real, however few there are."""
    other_share: float = Field(0.3, gt=0, lt=1)
    """Share of `other` among the photos of an epoch; the categories share the rest equally."""
    ema_decay: float = Field(0.99, ge=0, lt=1)
    """Of the moving average of the weights, which is what is validated and kept."""
    patience: int = Field(4, gt=0)
    """Epochs without a lower validation loss before training stops."""
    workers: int = Field(1, ge=0)
    """Processes that augment photos."""
    precision: Literal["32-true", "bf16-mixed"] = "32-true"
    checkpoint_minutes: float = Field(10, ge=0)
    """Between two checkpoints, besides the one after each epoch; 0 makes one after every batch."""


class DecisionOptions(_Section):
    """When the model answers."""

    parents: dict[str, tuple[str, ...]] = {}
    """Categories that share an answer when together they are likely but none of them alone is."""
    answered_accuracy: float = Field(0.9, gt=0, lt=1)
    """The threshold is the lowest at which this share of the answers on validation groups is right."""
    other_prior: float | None = Field(None, gt=0, lt=1)
    """Share of `other` among the photos that people will show; left out, it is `fit.other_share`."""


class Recipe(_Section):
    """One experiment."""

    version: str
    """Of the model that comes out."""
    seed: int = Field(ge=0)
    categories: tuple[str, ...] = Field(min_length=1)
    """Outputs of the network, in order; `other` is added as the last."""
    data: DataOptions = DataOptions()
    drawn: DrawnOptions = DrawnOptions()
    network: NetworkOptions
    fit: FitOptions
    decision: DecisionOptions = DecisionOptions()


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file. Raises RecipeError with the key and the nearest right name."""
    try:
        value = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("missing_recipe", f"There is no recipe {str(path)!r}; check the path.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError("unreadable_recipe", f"{str(path)!r} is not a TOML file: {error}.") from error
    try:
        return Recipe.model_validate(value)
    except ValidationError as error:
        raise _explain(path, error) from error


def _explain(path: Path, error: ValidationError) -> RecipeError:
    first = error.errors()[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(str(first["loc"][-1]), _names(Recipe), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "remove it."
        return RecipeError("unknown_key", f"{str(path)!r} has the unknown key {key!r}; {hint}")
    return RecipeError("bad_value", f"{str(path)!r}: {key!r}: {first['msg']}.")


def _names(section: type[BaseModel]) -> list[str]:
    nested = [field.annotation for field in section.model_fields.values()]
    inner = [name for kind in nested if isinstance(kind, type) and issubclass(kind, BaseModel) for name in _names(kind)]
    return [*section.model_fields, *inner]
