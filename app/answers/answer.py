"""Answer: what every surface shows for one photo. It cannot be built without its referral."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.answers.words_file import is_blank
from model.errors import WordsError
from model.prediction import Level


class Urgency(StrEnum):
    """How soon to get medical help."""

    EMERGENCY = "emergency"
    """Now. Never from a photo: from what the person says."""
    SAME_DAY = "same_day"
    SOON = "soon"
    ROUTINE = "routine"


@dataclass(frozen=True, slots=True)
class Section:
    """One titled paragraph."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One page that a text rests on."""

    publisher: str
    """Empty in words files from before pages had addresses, whose title names the publisher as well."""
    title: str
    url: str
    """Begins with `https://`; empty in the same files."""
    language: str
    """Of the page, as in the `lang` of HTML; empty where it is not said."""
    checked: date | None
    """Day on which the text was last compared with what the page, or a stored copy of it, says; None if never."""
    text: str
    """All of it but the address, as a person reads it."""

    @property
    def line(self) -> str:
        """The text and the address, for where there are no links."""
        return f"{self.text}: {self.url}" if self.url else self.text


@dataclass(frozen=True, slots=True)
class Share:
    """One calibrated probability with the name under which people see it."""

    category: str
    """Id of an output or parent."""
    name: str
    probability: float
    """In [0, 1]."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well the photo fits one kind, in words and as a number."""

    category: str
    """Id of a kind, where members of a parent are one; or `other`."""
    name: str
    word: str
    probability: float
    """Calibrated, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person or a program gets for one photo. It cannot be built without its referral."""

    headline: str
    category: str | None
    """Id of a category or parent; None when not sure and on an error."""
    probability: float | None
    """Calibrated probability of `category`, in [0, 1]."""
    urgency: Urgency
    how_soon: str
    """`urgency` in a few words."""
    urgent_advice: str
    """Who to see and how soon; begins with the emergency paragraph where bleeding is possible."""
    referral: str
    explanation: tuple[Section, ...]
    not_sure_because: tuple[str, ...]
    """Sentences; on an error, the error's sentence."""
    photo_notes: tuple[str, ...]
    """Sentences."""
    limits: str
    """Intended use, what a photo cannot show, and that no clinician has reviewed the text."""
    sources: tuple[Reference, ...]
    model_version: str
    error: str | None = None
    """Code of the error when the photo could not be scored."""
    shares: tuple[Share, ...] = ()
    """Probabilities by name, highest first; empty when the photo was unfit. A parent's share is its members' sum."""
    prediction_set: tuple[str, ...] = ()
    """Ids of the outputs that the photo may show, likeliest first, `other` among them; empty without a promise."""
    could_also_be: str = ""
    """The prediction set in words, what was named left out; empty when nothing is left."""
    level: Level = Level.NOT_USABLE
    """How far the answer commits itself; `not_usable` on an error, too."""
    level_name: str = ""
    title: str = ""
    """What stands large below the level: what is named, or what is wrong with the photo."""
    meaning: str = ""
    """One line on the title; may be empty."""
    to_do: str = ""
    """The one line on what to do; holds `how_soon`."""
    could_be: tuple[str, ...] = ()
    """Ids of at most two kinds that are still possible besides what is named, likeliest first."""
    closest: str | None = None
    """Id of the likeliest kind, `other` left aside; None when the photo was unfit."""
    closest_probability: float | None = None
    """Calibrated probability of `closest`, in [0, 1]."""
    fits: tuple[Fit, ...] = ()
    """Every kind and `other`, best first; empty when the photo was unfit."""
    how_often: str = ""
    """How often such an answer was right on test photos, from the card of the model; empty on an error."""
    how_often_range: str = ""
    """Between which shares that lies; empty where that is not known."""

    def __post_init__(self) -> None:
        """Refuse an answer whose words for safety are blank, or whose probability is none."""
        for name in ("headline", "how_soon", "urgent_advice", "referral", "limits"):
            if is_blank(getattr(self, name)):
                raise WordsError("empty_text", f"An answer must not lose its {name!r}; write it in the words file.")
        numbers = [self.probability, self.closest_probability, *(share.probability for share in self.shares)]
        if not all(number is None or (math.isfinite(number) and 0 <= number <= 1 + 1e-6) for number in numbers):
            raise ValueError(f"probabilities lie in [0, 1]: {numbers}")
        if (self.category is None) != (self.probability is None):
            raise ValueError("an answer has a probability exactly when it has a category")
