"""From a prediction to an answer: the only place where words meet numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from app.answers.answer import Answer, Reference, Section, Share, Urgency
from app.answers.entries import (
    ALWAYS_URGENT,
    Entry,
    read_entry,
    read_red_flags,
    read_sources,
    read_table,
)
from app.answers.fallback import note_on, with_shipped
from app.answers.languages import Language, shipped_words
from app.answers.levels import either, first_sentence, fits_of, how_often, short, upper_first
from app.answers.red_flags import REASONS, RedFlag
from app.answers.words_file import Key, WordsFile
from model.categories import COULD_NOT_READ, NOT_SURE, OTHER
from model.errors import PhotoError, RedspotsError, WordsError
from model.prediction import ABOUT_SCORES, LOW_SCORE, Level, Prediction, Score

__all__ = ["Answer", "Section", "Share", "Urgency", "Words"]

SHIPPED = shipped_words()
_ALL_SHIPPED = frozenset(map(shipped_words, Language))

_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")
"""The file that an error's sentence begins with."""


_SINGLE = (
    *("language_name", "emergency", "intended_use", "red_flag_photo"),
    *("red_flag_headline", "red_flag_advice", "now_headline", "now_advice", "same_day_headline", "same_day_advice"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All words of one file, checked in full when they were read."""

    path: Path
    filled: frozenset[Key]
    """Keys that the file lacks and the shipped words stand in for."""
    language: str
    """Of the texts, as in the `lang` of HTML."""
    language_name: str
    """What the language calls itself."""
    entries: Mapping[str, Entry]
    other: str
    levels: Mapping[str, str]
    """What each level is called."""
    fits: Mapping[str, str]
    """How well a photo fits, in words."""
    reasons: Mapping[str, str]
    notes: Mapping[str, str]
    errors: Mapping[str, str]
    """Sentences by code that stand in for the errors' own, which are English; empty in an English file."""
    phrases: Mapping[str, str]
    urgencies: Mapping[Urgency, str]
    emergency: str
    glass_test: Section
    intended_use: str
    limits: str
    red_flags: Mapping[RedFlag, str]
    """What the page asks, see `app.answers.heeding.heed`."""
    because: Mapping[str, str]
    """Why what was told makes it more urgent, by the reasons that red_flags.toml names."""
    by_signs_agreed_by: str
    """The clinician who agreed that what was told may make an answer calmer; empty in the shipped words: nobody."""
    red_flag_headline: str
    red_flag_advice: str
    now_headline: str
    now_advice: str
    same_day_headline: str
    same_day_advice: str
    red_flag_photo: str
    red_flag_sources: tuple[Reference, ...]
    page: Mapping[str, str]
    """What the page says around an answer."""
    report: Mapping[str, str]
    """What a report says around its answers."""

    @classmethod
    def read(cls, path: Path | None = None) -> Words:
        """Return the words of a file, or the shipped ones. Raises WordsError on a missing, blank or unreadable text."""
        file = WordsFile.read(path or SHIPPED)
        shipped = file if file.path == SHIPPED else WordsFile.read(SHIPPED)
        if file.path not in _ALL_SHIPPED:
            file = with_shipped(file)
        for id_ in (NOT_SURE, COULD_NOT_READ):
            file.keys("answer", id_)
        read_table(file, "titles", like=shipped)
        phrases = read_table(file, "phrases", like=shipped)
        return cls(
            path=file.path,
            filled=file.filled,
            language=file.language(),
            entries={id_: read_entry(file, id_) for id_ in file.keys("answer")},
            other=file.text("names", OTHER),
            levels=read_table(file, "levels", like=shipped),
            fits=read_table(file, "fits", like=shipped),
            reasons=read_table(file, "reasons", like=shipped),
            notes=read_table(file, "notes", like=shipped),
            errors={code: file.text("errors", code) for code in file.keys("errors")} if file.has("errors") else {},
            phrases=phrases,
            urgencies={urgency: file.text("urgency", urgency) for urgency in Urgency},
            glass_test=Section(file.text("glass_test", "title"), file.text("glass_test", "text")),
            limits=f"{file.text('intended_use')}\n\n{file.text('limits')}",
            page=read_table(file, "page", like=shipped),
            report=read_table(file, "report", like=shipped),
            red_flags=read_red_flags(file),
            because={key: file.text("because", key) for key in REASONS},
            by_signs_agreed_by=file.text("by_signs_agreed_by") if file.has("by_signs_agreed_by") else "",
            red_flag_sources=read_sources(file, "red_flag_sources"),
            **{key: file.text(key) for key in _SINGLE},
        )

    def require(self, categories: Iterable[str], parents: Iterable[str] = ()) -> None:
        """Raise WordsError unless every category and parent of a model has words. For start-up."""
        for category in (*categories, *parents):
            self._entry(category)

    @property
    def note(self) -> str:
        """Return one sentence on what the shipped words stand in for; empty if for nothing."""
        return note_on(self.path, self.filled)

    def name(self, category: str) -> str:
        """Return the display name of a category, of a parent or of `other`."""
        return self.other if category == OTHER else self._entry(category).name

    def answer(self, prediction: Prediction) -> Answer:
        """Return the answer to a prediction. Raises WordsError when a category or a code has no words."""
        level = prediction.level
        unnamed = COULD_NOT_READ if level is Level.NOT_USABLE else NOT_SURE
        answer = self._answer(prediction.category or unnamed, model_version=prediction.model_version)
        often, between = how_often(level, prediction.record, prediction.record_of, self.phrases, self.name)
        closest = prediction.closest
        told = replace(
            answer,
            category=prediction.category,
            probability=prediction.probability,
            not_sure_because=self._reasons(prediction),
            photo_notes=tuple(self._sentence(self.notes, code) for code in prediction.photo_notes),
            shares=self._shares(prediction),
            prediction_set=prediction.prediction_set,
            could_also_be=self._could_also_be(prediction),
            level=level,
            level_name=self.levels[level],
            could_be=prediction.could_be,
            closest=closest.category if closest else None,
            closest_probability=closest.probability if closest else None,
            fits=fits_of(prediction, self.fits, self.name, other=_other(prediction)),
            how_often=often,
            how_often_range=between,
        )
        return self._with_worst(self._as_level(told))

    def _as_level(self, answer: Answer) -> Answer:
        """Return the answer with what stands large at its level, and the explanation of what it names as possible."""
        if answer.level is Level.LOOKS_LIKE and answer.category:
            return replace(answer, title=upper_first(self.name(answer.category)))
        if answer.level is Level.COULD_BE:
            names = [self.name(kind) for kind in answer.could_be]
            entries = [self._entry(kind) for kind in answer.could_be]
            parts = [
                Section(f"{upper_first(entry.name)}: {part.title}", part.text)
                for entry in entries
                for part in entry.sections
            ]
            return replace(
                answer,
                headline=self.phrases["could_be_headline"].format(names=either(names, self.phrases)),
                title=upper_first(either(names if len(names) == 1 else list(map(short, names)), self.phrases)),
                # Two names say enough for one line.
                meaning=self.phrases["could_be_meaning"]
                .format(meaning=entries[0].meaning if len(names) == 1 else "")
                .strip(),
                explanation=(answer.explanation[0], *parts, self.glass_test),
                sources=tuple(
                    dict.fromkeys((*answer.sources, *(source for entry in entries for source in entry.sources)))
                ),
            )
        if answer.level is Level.NOT_USABLE and answer.not_sure_because:
            title, fix = first_sentence(answer.not_sure_because[0])
            return replace(answer, title=title, meaning=fix or answer.meaning)
        return replace(answer, title=answer.headline)

    def _with_worst(self, answer: Answer) -> Answer:
        """Return the answer as urgent as the worst kind that is still possible: a level never makes it calmer."""
        order = list(Urgency)
        possible = [self._entry(kind) for kind in answer.could_be]
        worst = min(possible, key=lambda entry: order.index(entry.urgency), default=None)
        if worst is None or order.index(worst.urgency) >= order.index(answer.urgency):
            return answer
        soon = self.urgencies[worst.urgency]
        return replace(
            answer,
            urgency=worst.urgency,
            how_soon=soon,
            to_do=worst.to_do.format(how_soon=soon),
            urgent_advice=worst.urgent_advice,
            referral=worst.referral,
        )

    def _reasons(self, prediction: Prediction) -> tuple[str, ...]:
        closest = prediction.closest
        return tuple(
            self.phrases["closest"].format(name=self.name(closest.category))
            if code == LOW_SCORE and prediction.could_be and closest
            else self._sentence(self.reasons, code)
            for code in prediction.not_sure_because
        )

    def answer_error(self, error: RedspotsError, *, model_version: str = "") -> Answer:
        """Return the answer when there is no prediction: its reason is the error's sentence."""
        answer = self._answer(COULD_NOT_READ, model_version=model_version)
        return replace(
            answer,
            not_sure_because=(self.sentence(error),),
            error=error.code,
            level_name=self.levels[Level.NOT_USABLE],
            title=answer.headline,
            meaning=self.sentence(error),
        )

    def refuse(self, sentence: str) -> str:
        """Return what is said where there is no answer at all: why, whom to see, and what this is not."""
        entry = self._entry(COULD_NOT_READ)
        return f"{sentence} {self.urgencies[entry.urgency]}. {entry.referral} {self.intended_use}"

    def sentence(self, error: RedspotsError) -> str:
        """Return an error's sentence in the language of these words; it still names the file.

        What only the error's own sentence tells, such as which option, follows in brackets. The page's own sentences
        are in the right language already.
        """
        own = str(error)
        if error.code not in self.errors or own in self.page.values():
            return own
        translated = self.errors[error.code]
        if not isinstance(error, PhotoError):
            return f"{translated} ({own})"
        named = _QUOTED.match(own)
        return f"{named[0]}: {translated}" if named else translated

    def _answer(self, id_: str, *, model_version: str) -> Answer:
        entry = self._entry(id_)
        return Answer(
            headline=entry.headline,
            category=None,
            probability=None,
            urgency=entry.urgency,
            how_soon=self.urgencies[entry.urgency],
            to_do=entry.to_do.format(how_soon=self.urgencies[entry.urgency]),
            meaning=entry.meaning,
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

    def _could_also_be(self, prediction: Prediction) -> str:
        named = {prediction.category, *prediction.members}
        left = [id_ for id_ in prediction.prediction_set if id_ not in named]
        # A sentence that lists names and "something else" is read best in this order.
        rest = sorted(left, key=lambda id_: id_ == OTHER)
        # That it looks like something else is the reason for not being sure, and told as such.
        if not rest or (prediction.category is None and rest == [OTHER]):
            return ""
        phrase = self.phrases["could_be" if prediction.category is None else "could_also_be"]
        told = phrase.format(names=", ".join(self.name(id_) for id_ in rest))
        # Where bleeding was named, or nothing was, the advice for it stands above already.
        is_told = prediction.category is None or prediction.category in ALWAYS_URGENT
        return told if is_told or ALWAYS_URGENT.isdisjoint(rest) else f"{told} {self.phrases['bleeding_possible']}"

    def _shares(self, prediction: Prediction) -> tuple[Share, ...]:
        if not ABOUT_SCORES.issuperset(prediction.not_sure_because):
            return ()
        shares = {score.category: score.probability for score in prediction.scores}
        if prediction.category is not None and prediction.probability is not None:
            shares.setdefault(prediction.category, prediction.probability)
        ranked = sorted(shares.items(), key=lambda item: -item[1])
        return tuple(Share(category, self.name(category), probability) for category, probability in ranked)


def _other(prediction: Prediction) -> Score | None:
    return next((score for score in prediction.scores if score.category == OTHER), None)
