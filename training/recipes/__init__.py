"""Recipe: every hyper-parameter of a training run, read from one TOML file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from model.categories import RESERVED, is_category_id
from model.errors import RecipeError
from training.recipes.hardware import Precision, this_machine
from training.recipes.keys import explain

RECIPES = Path(__file__).parent
AnyRecipe = TypeVar("AnyRecipe", bound=BaseModel)


def auto(pick: Callable[[], Any]) -> BeforeValidator:
    """Return what puts the value for this machine in the place of `auto`."""
    return BeforeValidator(lambda value: pick() if value == "auto" else value)


def _network_name(name: str) -> str:
    if ":" in name:
        raise ValueError("timm would fetch it from elsewhere; name one of timm's own networks")
    return name


def _network_arguments(arguments: dict[str, Any]) -> dict[str, Any]:
    if wrong := next((key for key in arguments if key in _ELSEWHERE), None):
        raise ValueError(f"{wrong!r} does not shape the network; weights come by --weights")
    return arguments


_ELSEWHERE = frozenset({"pretrained", "pretrained_cfg", "pretrained_cfg_overlay", "checkpoint_path", "cache_dir"})
"""Arguments by which timm reads files or fetches them: a recipe, or a card that holds one, may be a stranger's."""
NetworkName = Annotated[str, AfterValidator(_network_name)]
NetworkArguments = Annotated[dict[str, Any], AfterValidator(_network_arguments)]


def _batch_size() -> int:
    return this_machine().batch_size


def _workers() -> int:
    return this_machine().workers


def _precision() -> Precision:
    return this_machine().precision


class Section(BaseModel):
    """A table of a recipe: no unknown keys, and the docstring of a key is its meaning."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class DataOptions(Section):
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


class DrawnOptions(Section):
    """Drawn photos, added to the labelled ones."""

    per_category: int = Field(0, ge=0)
    """Drawn photos for training, per category and for `other`."""
    validation_per_category: int = Field(0, ge=0)
    """Drawn photos for validation, on canvases of validation groups only."""
    on_photos: float = Field(0.5, ge=0, le=1)
    """Share drawn onto real photos of `other`; the rest is drawn on drawn skin."""
    canvases: str = ""
    """Empty, or a CSV table beside the recipe, with `sha256`, `body_site` and `calm` (yes or empty) of photos to draw
    on: lesions are drawn more often where their category is seen more often, and on calm skin."""
    transplanted_per_category: int = Field(0, ge=0)
    """Photos with the lesions of real ones, for every category that has real photos, and for `other`."""


class NetworkOptions(Section):
    """The network and where its weights start."""

    backbone: NetworkName
    """timm name; its own pretrained weights are used unless the command names others. Or a folder that `redspots
    pretrain` has made, beside the recipe, as "./my_backbone"."""
    backbone_arguments: NetworkArguments = {}
    """Passed to timm.create_model."""
    size: int = Field(256, gt=0, multiple_of=32)
    """Side of the input in pixels."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Of red, green and blue, from 0 to 1: what is subtracted from the pixels."""
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """By which they are then divided."""
    head: Literal["linear", "cosine"] = "linear"
    """`linear` adds features of two scales; `cosine` compares standardised features of unit length with class means."""
    dropout: float = Field(0.2, ge=0, lt=1)
    """Before the 1x1 convolutions of the head."""
    frozen: tuple[str, ...] = ()
    """Modules of the backbone that are not trained: low-level features gain nothing from few photos."""
    start: Literal["release", "pretrained", "random"] = "pretrained"
    """`release` starts from the weights of a model folder, what its head knows of the same categories included."""


class FitOptions(Section):
    """The training loop."""

    epochs: int = Field(ge=0)
    """Times that as many photos are seen as there are, at most: see `patience`. 0 trains nothing: the head is made of
    class means, see the section [few_shot], and the backbone stays as it is."""
    batch_size: Annotated[int, auto(_batch_size)] = Field(default_factory=_batch_size, gt=0)
    """Photos per step, on all devices together. `auto`: 32, or 64 on a GPU with 15 GiB or more."""
    learning_rate: float = Field(0.001, gt=0)
    """Of the head; warmed up over the first tenth of the steps, then a cosine down to zero."""
    backbone_learning_rate: float = Field(0.0002, gt=0)
    """Of the backbone, whose weights know something already; on the same schedule."""
    weight_decay: float = Field(0.02, ge=0)
    """Of AdamW, for all weights."""
    label_smoothing: float = Field(0.05, ge=0, lt=1)
    """Share of the truth that is spread over all outputs, so that the network does not get too sure."""
    real_weight: float = Field(3.0, gt=0)
    """How often a real photo is seen for each time that a drawn one of its category is."""
    least_real_share: float = Field(0.0, ge=0, lt=1)
    """Of the photos seen of a category, at least this share is real, however few there are."""
    mixed_share: float = Field(0.3, gt=0, lt=1)
    """Of the real photos seen of a category, at most this share is mixed in by --with, however many there are; where
    your own photos have none of a category, all are."""
    other_share: float = Field(0.3, gt=0, lt=1)
    """Share of `other` among the photos of an epoch; the categories share the rest equally."""
    ema_decay: float = Field(0.99, ge=0, lt=1)
    """Of the moving average of the weights, which is what is validated and kept."""
    patience: int = Field(4, gt=0)
    """Epochs without a lower validation loss before training stops."""
    workers: Annotated[int, auto(_workers)] = Field(default_factory=_workers, ge=0)
    """Processes that augment photos. `auto`: one per core but one, from 1 to 8."""
    precision: Annotated[Precision, auto(_precision)] = Field(default_factory=_precision)
    """`auto`: bf16-mixed where the GPU or the CPU (AVX-512 BF16, AMX) computes faster in bfloat16, else 32-true."""
    checkpoint_minutes: float = Field(10, ge=0)
    """Between two checkpoints, besides the one after each epoch; 0 makes one after every batch."""


class FewShotOptions(Section):
    """A head of class means on a backbone that is not trained further: with `fit.epochs = 0` and `head = "cosine"`.

    Every source with photos of a category is left out in turn: what is measured so, and calibrates, is how photos of
    a new place fare.
    """

    left_out: Literal["source", "group"] = "source"
    """What is left out in turn: all photos of one source, a site or a paper; or, where there is one source only, all of
    one person or lesion, which flatters: photos of one source are alike."""
    same_source: tuple[str, ...] = ()
    """Sources that hold one of these texts, whatever else they say, are one: a site whose photos came by several
    ways."""
    views: int = Field(2, ge=1, le=8)
    """Of each photo of a category: as it is, mirrored, turned by right angles."""
    scale: float = Field(16.0, gt=0)
    """By which cosines become logits, before the temperature."""
    own_share: float = Field(0.5, ge=0, le=1)
    """Of a category's own mean, beside the mean of all photos of its parent; 0 makes the members of a parent one."""
    drawn_share: dict[str, float] = {}
    """How much the drawn photos of a category count in its mean, from 0 to 1. Those of categories that are not named
    are not drawn."""
    teacher: str = Field("", pattern=r"^(\d+\.\d+\.\d+)?$")
    """Version of a model that ships, whose logits are learnt on the photos of `other`: for categories of which it knows
    more, from drawn photos, than the few real ones tell."""
    taught_share: dict[str, float] = {}
    """How much of a category's mean is what the teacher's logit says of it, from 0 to 1."""


class DecisionOptions(Section):
    """When the model answers."""

    parents: dict[str, tuple[str, ...]] = {}
    """Categories that share an answer when together they are likely but none of them alone is."""
    answered_accuracy: float = Field(0.9, gt=0, lt=1)
    """The threshold is the lowest at which this share of the answers on validation groups is right."""
    could_be_accuracy: float = Field(0.4, gt=0, lt=1)
    """Kinds are named as possible from the lowest probability on at which this share of such answers is right."""
    other_prior: float | None = Field(None, gt=0, lt=1)
    """Share of `other` among the photos that people will show; left out, it is `fit.other_share`."""


class Recipe(Section):
    """One experiment."""

    version: str
    """Of the model that comes out."""
    seed: int = Field(ge=0)
    """The same seed gives the same splits, drawn photos and augmentation."""
    categories: tuple[str, ...] = Field(min_length=1)
    """Outputs of the network, in order; `other` is added as the last. New ones may be of your own: lower-case letters,
    digits and _."""
    data: DataOptions = DataOptions()
    drawn: DrawnOptions = DrawnOptions()
    network: NetworkOptions
    fit: FitOptions
    few_shot: FewShotOptions = FewShotOptions()
    decision: DecisionOptions = DecisionOptions()

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        for category in self.categories:
            if not is_category_id(category):
                raise ValueError(
                    f"{category!r} cannot be a category; begin with a letter, use lower-case letters, digits and _, "
                    f"and none of {', '.join(RESERVED)}"
                )
        if not self.fit.epochs and self.network.head != "cosine":
            raise ValueError("'fit.epochs' of 0 needs `head = \"cosine\"` in the section [network]")
        for key in ("drawn_share", "taught_share"):
            for category, share in getattr(self.few_shot, key).items():
                if category not in self.categories or not 0 <= share <= 1:
                    raise ValueError(f"'few_shot.{key}' needs names among 'categories' and shares from 0 to 1")
        if self.few_shot.taught_share and not self.few_shot.teacher:
            raise ValueError("'few_shot.taught_share' needs 'few_shot.teacher'; name a version of a model")
        if len(set(self.categories)) < len(self.categories):
            raise ValueError("a category stands in 'categories' twice; remove one")
        for parent, members in self.decision.parents.items():
            if parent in (*self.categories, *RESERVED) or not set(members) <= set(self.categories):
                raise ValueError(
                    f"the parent {parent!r} in 'decision.parents' needs an id of its own and members among 'categories'"
                )
        return self


def read_recipe(path: Path) -> Recipe:
    """Return the recipe in a TOML file, `auto` filled in for this machine.

    Raises RecipeError with the key, its value and what it may be, or with the nearest right name.
    """
    value = read_toml(path)
    if value.get("stage") == "pretrain":
        raise RecipeError(
            "bad_value", f"{str(path)!r} is a recipe of `redspots pretrain`; name one of `redspots train`."
        )
    return checked_recipe(value, Recipe, path)


def read_toml(path: Path) -> dict[str, Any]:
    """Return what a TOML file holds. Raises RecipeError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise RecipeError("missing_recipe", f"There is no recipe {str(path)!r}; check the path.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError("unreadable_recipe", f"{str(path)!r} is not a TOML file ({error}); fix it.") from error


def checked_recipe(value: dict[str, Any], kind: type[AnyRecipe], path: Path) -> AnyRecipe:
    """Return the recipe of a kind that a file's values are. Raises RecipeError."""
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        raise explain(error, kind, path, value) from error
