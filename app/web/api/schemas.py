"""What programs get over HTTP: an `Answer` as JSON. Fields are added here, never renamed: programs rely on them."""

from __future__ import annotations

from datetime import date
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from app.answers.answer import Answer, Urgency
from app.answers.words import Words
from app.views.row import SCHEMA
from model.prediction import Level

_OF_ANSWERS = ConfigDict(from_attributes=True, use_attribute_docstrings=True)


class SectionBody(BaseModel):
    """One titled paragraph."""

    model_config = _OF_ANSWERS

    title: str
    text: str


class ShareBody(BaseModel):
    """One calibrated probability."""

    model_config = _OF_ANSWERS

    category: str
    """Id of an output or parent; `other` is anything else."""
    name: str
    """What people call it."""
    probability: float = Field(ge=0, le=1 + 1e-6)
    """Says which of the few things it knows the photo looks like, not how ill someone is."""


class FitBody(BaseModel):
    """How well the photo fits one kind."""

    model_config = _OF_ANSWERS

    category: str
    """Id of a kind, where petechiae and purpura are one; or `other`."""
    name: str
    """What people call it."""
    word: str
    """How well, in words."""
    probability: float = Field(ge=0, le=1 + 1e-6)
    """Calibrated."""


class ReferenceBody(BaseModel):
    """One page that the texts rest on."""

    model_config = _OF_ANSWERS

    publisher: str
    title: str
    url: str
    """Address of the page; empty where the words file does not tell."""
    language: str
    """Of the page, as in the `lang` of HTML; may be empty."""
    checked: date | None
    """Day on which the texts were last compared with it; null if nobody has done so yet."""


class AnswerBody(BaseModel):
    """The answer to one photo. It never comes without its referral: show that to the person, and first."""

    model_config = _OF_ANSWERS

    schema_version: int = SCHEMA
    """Grows when a field changes its meaning."""
    level: Level
    """How far the answer commits itself: `looks_like`, `could_be`, `no_match`, `not_usable`. Never how urgent it is."""
    level_name: str
    title: str
    """What is named, or what is wrong with the photo."""
    meaning: str
    """One line on the title; may be empty."""
    to_do: str
    """One line on what to do."""
    could_be: list[str]
    """Ids of at most two kinds that are still possible besides what is named, likeliest first."""
    closest: str | None
    """Id of the likeliest kind, `other` left aside; null when the photo was unfit."""
    closest_probability: float | None = Field(ge=0, le=1 + 1e-6)
    """Calibrated probability of `closest`."""
    fits: list[FitBody]
    """Every kind and `other`, best first; empty when the photo was unfit."""
    how_often: str
    """How often such answers were right on test photos, or how many photos of bleeding spots ended without one."""
    how_often_range: str
    """Between which shares that lies."""
    headline: str
    """The answer in a few words; what was ticked comes before the category."""
    category: str | None
    """`petechiae`, `purpura`, `cherry_angioma`, `sun_rash`, `bleeding_spots` (one of the first two), or null: not sure.
    """
    probability: float | None = Field(ge=0, le=1 + 1e-6)
    """Calibrated probability of `category`."""
    urgency: Urgency
    """How soon to get help; `emergency` comes from red flags alone."""
    how_soon: str
    """`urgency` in a few words."""
    urgent_advice: str = Field(min_length=1)
    """Who to see and how soon."""
    referral: str = Field(min_length=1)
    """Never empty."""
    explanation: list[SectionBody]
    not_sure_because: list[str]
    """Why there is no category, in sentences."""
    photo_notes: list[str]
    """What was noticed about the photo, in sentences."""
    shares: list[ShareBody]
    """Probabilities, highest first; empty when the photo was unfit. A parent's is the sum of its members'."""
    prediction_set: list[str]
    """Ids of all that the photo may show, likeliest first; empty without a promise."""
    could_also_be: str
    """The prediction set in words, what was named left out."""
    limits: str = Field(min_length=1)
    """Intended use, what a photo cannot show, and that no clinician has reviewed the text."""
    intended_use: str = Field(min_length=1)
    """What this program is for, and what it is not for."""
    sources: list[str]
    """Publisher, title and day of each page that the texts rest on."""
    references: list[ReferenceBody]
    """The same pages, in parts and with their addresses."""
    language: str
    """Of the texts, as in the `lang` of HTML."""
    model_version: str

    @classmethod
    def of(cls, answer: Answer, words: Words) -> Self:
        """Return the JSON form of an answer in the language of the words."""
        own = {name: getattr(answer, name) for name in cls.model_fields if hasattr(answer, name)}
        own |= {"sources": [source.text for source in answer.sources], "references": answer.sources}
        return cls.model_validate({**own, "intended_use": words.intended_use, "language": words.language})
