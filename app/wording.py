"""From a prediction to an answer: the only place where words meet numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.answer import Answer, Section, Share, Urgency
from app.entries import COULD_NOT_READ, NOT_SURE, Entry, read_entry, read_table
from app.words_file import WordsFile
from model.errors import RedspotsError, WordsError
from model.prediction import OTHER, Prediction

__all__ = ["Answer", "Section", "Share", "Urgency", "Words"]

SHIPPED = Path(__file__).with_name("words.toml")

ABOUT_SCORES = frozenset({"low_score", OTHER})
"""Reasons for not being sure that rest on the scores. With any other the photo was unfit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All words of one file, checked in full when they were read."""

    path: Path
    entries: Mapping[str, Entry]
    other: str
    reasons: Mapping[str, str]
    notes: Mapping[str, str]
    urgencies: Mapping[Urgency, str]
    emergency: str
    glass_test: Section
    intended_use: str
    limits: str
    red_flags: tuple[str, ...]
    """Questions to which one yes overrides the model, see `put_emergency_first`."""
    red_flag_headline: str
    red_flag_advice: str
    red_flag_photo: str
    page: Mapping[str, str]
    """What the page says around an answer."""
    report: Mapping[str, str]
    """What a report says around its answers."""

    @classmethod
    def read(cls, path: Path | None = None) -> Words:
        """Return the words of a file, or the shipped ones. Raises WordsError on a missing, blank or unreadable text."""
        file, shipped = WordsFile.read(path or SHIPPED), WordsFile.read(SHIPPED)
        for id_ in (NOT_SURE, COULD_NOT_READ):
            file.keys("answer", id_)
        read_table(file, "titles", like=shipped)
        single = ("emergency", "intended_use", "red_flag_headline", "red_flag_advice", "red_flag_photo")
        return cls(
            path=file.path,
            entries={id_: read_entry(file, id_) for id_ in file.keys("answer")},
            other=file.text("names", OTHER),
            reasons=read_table(file, "reasons", like=shipped),
            notes=read_table(file, "notes", like=shipped),
            urgencies={urgency: file.text("urgency", urgency) for urgency in Urgency},
            glass_test=Section(file.text("glass_test", "title"), file.text("glass_test", "text")),
            limits=f"{file.text('intended_use')}\n\n{file.text('limits')}",
            page=read_table(file, "page", like=shipped),
            report=read_table(file, "report", like=shipped),
            red_flags=file.texts("red_flags"),
            **{key: file.text(key) for key in single},
        )

    def require(self, categories: Iterable[str], parents: Iterable[str] = ()) -> None:
        """Raise WordsError unless every category and parent of a model has words. For start-up."""
        for category in (*categories, *parents):
            self._entry(category)

    def name(self, category: str) -> str:
        """Return the display name of a category, of a parent or of `other`."""
        return self.other if category == OTHER else self._entry(category).name

    def urgency_name(self, urgency: Urgency) -> str:
        """Return how soon to get medical help, in a few words."""
        return self.urgencies[urgency]

    def answer(self, prediction: Prediction) -> Answer:
        """Return the answer to a prediction. Raises WordsError when a category or a code has no words."""
        return replace(
            self._answer(prediction.category or NOT_SURE, model_version=prediction.model_version),
            category=prediction.category,
            probability=prediction.probability,
            not_sure_because=tuple(self._sentence(self.reasons, code) for code in prediction.not_sure_because),
            photo_notes=tuple(self._sentence(self.notes, code) for code in prediction.photo_notes),
            shares=self._shares(prediction),
        )

    def answer_error(self, error: RedspotsError, *, model_version: str = "") -> Answer:
        """Return the answer when there is no prediction: its reason is the error's sentence."""
        answer = self._answer(COULD_NOT_READ, model_version=model_version)
        return replace(answer, not_sure_because=(str(error),), error=error.code)

    def put_emergency_first(self, answer: Answer) -> Answer:
        """Return the answer for somebody who said yes to a red flag: emergency first, the category below it."""
        return replace(
            answer,
            headline=self.red_flag_headline,
            urgency=Urgency.SAME_DAY,
            urgent_advice=f"{self.red_flag_advice}\n\n{self.emergency}",
            explanation=(Section(self.red_flag_photo, f"{answer.headline}."), *answer.explanation),
        )

    def _answer(self, id_: str, *, model_version: str) -> Answer:
        entry = self._entry(id_)
        return Answer(
            headline=entry.headline,
            category=None,
            probability=None,
            urgency=entry.urgency,
            urgent_advice=entry.urgent_advice,
            referral=entry.referral,
            explanation=(*entry.sections, self.glass_test),
            not_sure_because=(),
            photo_notes=(),
            limits=self.limits,
            sources=entry.sources,
            model_version=model_version,
        )

    def _entry(self, id_: str) -> Entry:
        if id_ not in self.entries:
            raise WordsError(
                "missing_entry",
                f"{str(self.path)!r} has no words for {id_!r}; add [answer.{id_}] to a copy and give it with --words.",
            )
        return self.entries[id_]

    def _sentence(self, sentences: Mapping[str, str], code: str) -> str:
        if code not in sentences:
            raise WordsError("missing_entry", f"{str(self.path)!r} has no sentence for {code!r}; add it.")
        return sentences[code]

    def _shares(self, prediction: Prediction) -> tuple[Share, ...]:
        if not ABOUT_SCORES.issuperset(prediction.not_sure_because):
            return ()
        shares = {score.category: score.probability for score in prediction.scores}
        if prediction.category is not None and prediction.probability is not None:
            shares.setdefault(prediction.category, prediction.probability)
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        return tuple(Share(self.name(category), probability) for category, probability in ranked)
