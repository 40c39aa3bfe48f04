"""What a file of data_manifests/ says about one public dataset."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from model.categories import CATEGORIES, OTHER, Category

EXCLUDE = "exclude"
"""Category of a label that is no certain example of anything, and would be a wrong one of `other`."""

Text = Annotated[str, StringConstraints(min_length=1, pattern=r"^\S(.*\S)?$")]
Sentence = Annotated[str, StringConstraints(pattern=r"^\S.*\.$")]
Address = Annotated[str, StringConstraints(pattern=r"^https?://\S+$")]
PhotoAddress = Annotated[str, StringConstraints(pattern=r"^(https://\S*)?\{photo\}\S*$")]
Checksum = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Table(_Section):
    """One official table."""

    file: Annotated[str, StringConstraints(pattern=r"^[\w.-]+\.csv$")]
    where: Text
    """For people."""
    url: Address | None = None
    """From which it can be fetched; None where a person has to get it."""
    sha256: Checksum | None = None
    checksum_of: Literal["official", "copy"] | None = None
    """A public copy: an official download may differ from it by its line ends alone."""
    rows: int | None = Field(None, gt=0)


class Images(_Section):
    """Where the photos are."""

    where: Text
    count: int | None = Field(None, gt=0)
    listed_by: Literal["table", "folder", "label"] = "table"
    """A table names them, or they lie in one folder per label, or each label is the name of one file."""
    url: PhotoAddress | None = None
    """Address with `{photo}` for what the table names; None where a person has to get them."""
    json_path: tuple[Text, ...] = ()
    """If given, `url` answers JSON, and the photo's address stands in it under these keys."""
    missing: tuple[Text, ...] = ()
    """Photos that the table names and nobody has."""


class SkinTone(_Section):
    """A column with a skin tone: the number in a cell, on this scale."""

    column: Text
    scale: Text


class Modality(_Section):
    """A column that tells clinical photos from dermoscopic ones."""

    column: Text
    clinical: tuple[Text, ...]
    dermoscopic: tuple[Text, ...]


class Calm(_Section):
    """A column and the value that it has for skin without findings."""

    column: Text
    value: Text


class Columns(_Section):
    """Which columns of the official tables matter; a missing one does not exist."""

    photo: tuple[Text, ...] = Field(min_length=1)
    """Each cell that is not empty names a photo."""
    label: tuple[Text, ...] = Field(min_length=1)
    """The last cell that is not empty counts: from the general to the particular."""
    label_kind: Literal["text", "differential", "folder"] = "text"
    """`differential`: the cell holds weights by label. `folder`: the folder of the photo's address comes first."""
    key: Text | None = None
    """The column by which the rows of several tables belong together."""
    group: Text | None = None
    name: Text | None = None
    """Names the photo's file, where the photo's own name would not do."""
    licence: Text | None = None
    skin_tone: tuple[SkinTone, ...] = ()
    """The first with a number counts."""
    modality: Modality | None = None
    calm: Calm | None = None


class BodySites(_Section):
    """How the table's words for body sites map; a photo of several sites, or of an unlisted one, has none."""

    columns: tuple[Text, ...] = Field(min_length=1)
    """With words between commas, or with YES where the column's name is the word."""
    face: tuple[Text, ...] = ()
    scalp: tuple[Text, ...] = ()
    neck: tuple[Text, ...] = ()
    trunk: tuple[Text, ...] = ()
    arm: tuple[Text, ...] = ()
    hand: tuple[Text, ...] = ()
    leg: tuple[Text, ...] = ()
    foot: tuple[Text, ...] = ()
    fold: tuple[Text, ...] = ()
    mouth: tuple[Text, ...] = ()
    nail: tuple[Text, ...] = ()


class Count(_Section):
    """Photos of one category that the label map gives."""

    certain: int = Field(ge=0)
    doubtful: int = Field(ge=0)


class Counts(_Section):
    """Photos per category; None where nobody counted."""

    petechiae: Count | None = None
    purpura: Count | None = None
    cherry_angioma: Count | None = None
    sun_rash: Count | None = None


class Other(_Section):
    """Which photos may serve as `other`."""

    labels: Literal["rest", "listed", "none"]
    rule: Sentence
    modality: Literal["clinical", "dermoscopic"] | None = None
    """If given, only photos of this kind."""


class Label(_Section):
    """What one label of the dataset means here."""

    source: Text
    category: Category | Literal["other", "exclude"]
    status: Literal["exact", "doubtful"]
    reason: Sentence | None = None
    licence: Text | None = None

    @model_validator(mode="after")
    def _has_its_reason(self) -> Self:
        if self.status == "doubtful" and not self.reason:
            raise ValueError("a doubtful label needs a reason")
        return self


class Dataset(_Section):
    """One public dataset."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
    title: Text
    citation: Text
    homepage: Address | None = None
    licence: Text
    licence_conditions: Sentence
    modality: Literal["clinical", "dermoscopic", "clinical and dermoscopic", "drawn"]
    obtain: Literal["open", "by_hand", "drawn"]
    traps: tuple[Sentence, ...]
    table: tuple[Table, ...] = ()
    images: Images
    columns: Columns | None = None
    body_site: BodySites | None = None
    counts: Counts
    other: Other
    label: tuple[Label, ...] = ()

    @model_validator(mode="after")
    def _is_of_one_piece(self) -> Self:
        for key, broken in (
            ("columns", (self.columns is not None) != bool(self.table)),
            ("images.listed_by", (self.images.listed_by == "table") != bool(self.table)),
            ("columns.key", len(self.table) > 1 and (self.columns is None or self.columns.key is None)),
        ):
            if broken:
                raise ValueError(f"{key} does not fit the {len(self.table)} official tables")
        twice = [source for source, count in Counter(label.source for label in self.label).items() if count > 1]
        if twice:
            raise ValueError(f"the label {twice[0]!r} is mapped twice")
        mapped = {label.category for label in self.label}
        if (self.other.labels == "listed") != (OTHER in mapped):
            raise ValueError("other.labels is 'listed' exactly when a label has the category other")
        for category in CATEGORIES:
            count: Count | None = getattr(self.counts, category)
            if count is not None and (count.certain + count.doubtful > 0) != (category in mapped):
                raise ValueError(f"counts.{category} does not agree with the labels")
        return self
