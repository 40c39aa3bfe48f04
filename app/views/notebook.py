"""PhotoAnswer: an answer that shows itself in notebooks and at the Python prompt, always with its referral."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Self

from jinja2 import Template
from markupsafe import Markup
from rich.console import Console

from app.answers.answer import Answer, Urgency
from app.answers.words import Words
from app.views.html import call_button
from app.views.templating import environment
from app.views.terminal import percent, print_answer
from model.photo import as_source, escaped
from model.prediction import Prediction
from model.redaction import redacted_url

WIDTH = 100
"""Characters of a line of text."""
COLOURS = {
    Urgency.EMERGENCY: "#b3261e",
    Urgency.SAME_DAY: "#b3261e",
    Urgency.SOON: "#a15c00",
    Urgency.ROUTINE: "#1f6f8b",
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class PhotoAnswer(Answer):
    """An answer with the file that it is about. It cannot be built without its referral, as no `Answer` can."""

    file: str = ""
    """Path or URL as it was given; empty for bytes."""
    prediction: Prediction | None = None
    """Probabilities by id; None on an error."""
    words: Words = field(compare=False)

    @classmethod
    def of(cls, answer: Answer, words: Words, *, file: str = "", prediction: Prediction | None = None) -> Self:
        """Return an answer that can be shown."""
        values = {one.name: getattr(answer, one.name) for one in fields(Answer)}
        return cls(**values, words=words, file=file, prediction=prediction)

    def __str__(self) -> str:
        """Return the answer as text, as `redspots score` prints it."""
        shown = StringIO()
        console = Console(file=shown, width=WIDTH, color_system=None, force_jupyter=False, force_terminal=False)
        print_answer(console, as_source(self.file) if self.file else Path("-"), self, self.prediction)
        return "\n".join(line.rstrip() for line in shown.getvalue().strip().splitlines())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the answer as a card for notebooks. No photo is in it: outputs of notebooks are saved and shared."""
        words = self.words
        # As on the page: what was ticked stands first and open, and what the photo looks like follows it.
        heeded = bool(self.explanation) and self.explanation[0].title == words.red_flag_photo
        return _template().render(
            answer=self,
            words=words,
            page=words.page,
            colour=COLOURS[self.urgency],
            heeded=heeded,
            call=Markup(call_button(words)),  # noqa: S704  # Escaped there.
            photo=self.explanation[:1] if heeded else (),
            folds=(words.glass_test, *(part for part in self.explanation[heeded:] if part != words.glass_test)),
        )


@lru_cache(maxsize=1)
def _template() -> Template:
    made = environment()
    made.filters |= {"percent": percent, "shown": _shown}
    return made.get_template("notebook.html")


def _shown(name: str) -> str:
    """Return a file name that is safe to show, without secrets of URLs."""
    source = as_source(name)
    return escaped(str(source) if isinstance(source, Path) else redacted_url(source)) if name else ""
