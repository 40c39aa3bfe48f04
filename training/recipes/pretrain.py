"""Recipe of `redspots pretrain`: every hyper-parameter of training a backbone on names of diseases and teachers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from model.categories import BLEEDING, NOT_SKIN
from model.errors import RecipeError
from training.recipes import (
    RECIPES,
    NetworkArguments,
    NetworkName,
    Recipe,
    Section,
    auto,
    checked_recipe,
    read_recipe,
    read_toml,
)
from training.recipes.hardware import this_machine

PRETRAIN = RECIPES / "pretrain.toml"
"""What is followed without --recipe."""


def _batch_size() -> int:
    return this_machine().batch_size


def _workers() -> int:
    return this_machine().workers


class NameOptions(Section):
    """Which photos take part, and under which names."""

    where: tuple[str, ...] = ()
    """Conditions on the columns of all manifests, as `use=train`."""
    label_columns: tuple[str, ...] = ("label", "source_label")
    """Columns with the name of what a photo shows: the first that a manifest has; the category where it has none."""
    by_category: tuple[str, ...] = (*BLEEDING, "cherry_angioma", NOT_SKIN)
    """Categories that are names themselves, whatever the label says of the single photo."""
    joined: dict[str, tuple[str, ...]] = {"bleeding": BLEEDING}
    """Names, or categories that are names, that become one."""
    least_photos: int = Field(5, ge=1)
    """A name with fewer photos is not learnt: its photos learn from the teachers alone."""
    held_out_share: float = Field(0.05, ge=0, lt=0.9)
    """Share of the groups that only measures, after each epoch; 0 trains on all."""


class StudentOptions(Section):
    """The backbone that comes out."""

    backbone: NetworkName
    """timm name of a CNN."""
    backbone_arguments: NetworkArguments = {}
    """Passed to timm.create_model."""
    size: int = Field(224, gt=0, multiple_of=32)
    """Side of the input in pixels."""
    mean: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """Of red, green and blue, from 0 to 1: what is subtracted from the pixels."""
    std: tuple[float, float, float] = (0.5, 0.5, 0.5)
    """By which they are then divided."""
    start: Literal["pretrained", "random"] = "pretrained"
    """`pretrained` takes timm's own weights, or those of --weights."""
    dropout: float = Field(0.1, ge=0, lt=1)
    """Before the names."""
    norm_momentum: float = Field(0.02, gt=0, le=1)
    """Of the batch statistics: with small batches a slow one is the steadier."""


class TeacherOptions(Section):
    """Networks whose features the backbone learns to say as well (knowledge distillation)."""

    names: tuple[str, ...] = ()
    """timm names; --teacher names them, too, and their files."""
    weight: float = Field(2.0, ge=0)
    """Of the mean squared error of the teachers' standardised features, beside the cross entropy of the names."""
    consistent: Annotated[bool, Strict()] = False
    """Whether a teacher sees the same view as the backbone, augmented and mixed (Beyer et al., CVPR 2022), at the cost
    of its forward pass in every step; if not, each photo has the features of the whole, computed once."""


class ViewOptions(Section):
    """How photos are changed each time that they are seen."""

    scale: tuple[float, float] = (0.3, 1.0)
    """Share of the photo's area that a crop keeps, least and most."""
    ratio: tuple[float, float] = (0.8, 1.25)
    """Width by height of a crop, least and most."""
    light: float = Field(0.25, ge=0, lt=1)
    """Brightness changes by a factor of at most 1 plus or minus this."""
    balance: float = Field(0.06, ge=0, lt=1)
    """So does each of red, green and blue on its own, as the white balance of cameras differs."""
    gamma: float = Field(0.25, ge=0, lt=1)
    """And so does the exponent of the tone curve."""
    constancy: float = Field(0.25, ge=0, le=1)
    """Share of views whose mean colour is drawn half-way or more to grey (grey-world colour constancy), so that the
    light of the place says little; redness against the skin around stays."""
    camera: float = Field(0.4, ge=0, le=1)
    """Share of views that are blurred as by a phone, and of those that are compressed as JPEG."""
    strips: float = Field(0.5, ge=0, le=1)
    """Share of photos of which a strip is masked: mostly at the bottom, or a line across the middle or the top, where
    sources write their name. All photos alike: a masked strip says nothing of the source."""


class MixOptions(Section):
    """Two photos in one: their names and features are mixed likewise."""

    share: float = Field(0.5, ge=0, le=1)
    """Of the batches that are mixed."""
    mixup: float = Field(0.3, ge=0)
    """Parameter of the beta distribution of mixup (Zhang et al., ICLR 2018); 0 leaves it out."""
    cutmix: float = Field(0.0, ge=0)
    """The same for CutMix (Yun et al., ICCV 2019); with both, each has half of the mixed batches."""


class NamesFit(Section):
    """One training on names."""

    epochs: int = Field(gt=0)
    """Times that as many photos are seen as there are."""
    learning_rate: float = Field(gt=0)
    """Of the last layers of the network, warmed up, then a cosine down to zero."""
    head_learning_rate: float = Field(gt=0)
    """Of the layers for names and for teachers, which start from nothing."""
    layer_decay: float = Field(1.0, gt=0, le=1)
    """Each layer learns by this factor slower than the one above it; 1 is the same for all."""
    weight_decay: float = Field(0.02, ge=0)
    """Of AdamW; biases and norms have none."""
    warm_up: float = Field(0.1, ge=0, lt=1)
    """Share of the steps over which the learning rate rises."""
    label_smoothing: float = Field(0.1, ge=0, lt=1)
    """Share of the truth that is spread over all names."""
    clip: float = Field(1.0, ge=0)
    """Longest gradient that is followed; 0 follows any."""
    ema_decay: float = Field(0.995, ge=0, lt=1)
    """Of the moving average of the weights, which is what is measured and kept; less in the first steps."""
    drop_path: float = Field(0.0, ge=0, lt=1)
    """Share of residual branches that are skipped (stochastic depth)."""
    smallest_size: float = Field(1.0, gt=0, le=1)
    """Photos begin at this part of the input's side and grow to the whole at two thirds of the epochs (progressive
    resizing, Tan and Le, ICML 2021): .6 computes a quarter fewer pixels, .5 nearly three in ten."""
    mix: MixOptions = MixOptions()


class RunOptions(Section):
    """How the machine is used."""

    batch_size: Annotated[int, auto(_batch_size)] = Field(default_factory=_batch_size, gt=1)
    """Photos per step. `auto`: 32, or 64 on a GPU with 15 GiB or more."""
    workers: Annotated[int, auto(_workers)] = Field(default_factory=_workers, ge=0)
    """Processes that augment photos. `auto`: one per core but one, from 1 to 8."""
    precision: Literal["auto", "32-true", "bf16-mixed"] = "auto"
    """`auto` times some steps in both and takes the faster."""
    layout: Literal["auto", "contiguous", "channels_last"] = "auto"
    """Of photos and weights in memory; `auto` times both."""
    checkpoint_minutes: float = Field(10, ge=0)
    """Between two checkpoints, besides the one after each epoch; 0 makes one after every batch."""


class PretrainRecipe(Section):
    """One intermediate training."""

    stage: Literal["pretrain"]
    """Says that this is a recipe of `redspots pretrain`."""
    version: str
    """Of the backbone that comes out."""
    seed: int = Field(ge=0)
    """The same seed gives the same held-out photos, views and weights."""
    data: NameOptions = NameOptions()
    student: StudentOptions
    teacher: TeacherOptions = TeacherOptions()
    views: ViewOptions = ViewOptions()
    fit: NamesFit
    tuning: NamesFit
    """Of the teachers, on the same names, where --tune-teacher asks for it."""
    run: RunOptions = RunOptions()

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        for name, (least, most) in (("scale", self.views.scale), ("ratio", self.views.ratio)):
            if not 0 < least <= most or (name == "scale" and most > 1):
                raise ValueError(f"'views.{name}' is a least and a most share above 0; put the smaller one first")
        if self.tuning.smallest_size != 1:
            raise ValueError("'tuning.smallest_size' must be 1: many a teacher takes photos of one size only")
        named = [name for names in self.data.joined.values() for name in names]
        if len(set(named)) < len(named):
            raise ValueError("a name stands in 'data.joined' twice; remove one")
        return self


def read_pretrain_recipe(path: Path) -> PretrainRecipe:
    """Return the recipe in a TOML file, or the shipped one of that name. Raises RecipeError."""
    path = _shipped(path)
    value = read_toml(path)
    if value.get("stage") is None and "categories" in value:
        raise RecipeError(
            "bad_value", f"{str(path)!r} is a recipe of `redspots train`; name one of `redspots pretrain`."
        )
    return checked_recipe(value, PretrainRecipe, path)


def read_any_recipe(path: Path) -> Recipe | PretrainRecipe:
    """Return the recipe in a TOML file, or the shipped one of that name, of whichever stage. Raises RecipeError."""
    path = _shipped(path)
    return read_pretrain_recipe(path) if read_toml(path).get("stage") == "pretrain" else read_recipe(path)


def _shipped(path: Path) -> Path:
    """Return the shipped recipe where a path is but its name, and there is no such file."""
    shipped = RECIPES / f"{path}.toml"
    return shipped if path.name == str(path) and not path.exists() and shipped.is_file() else path
