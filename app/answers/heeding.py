"""Heeding: what a person told beside the photo stands above what the photo looks like."""

# The properties of the protocol say what `Words` says of them.
# ruff: noqa: D102

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol

from app.answers.answer import Answer, Reference, Section, Urgency
from app.answers.entries import ALWAYS_URGENT, Entry
from app.answers.red_flags import QUESTIONS, Alarm, RedFlag, Rule, calmer, fitting


class Words(Protocol):
    """What heeding needs of `app.answers.words.Words`, which is made of it."""

    @property
    def red_flags(self) -> Mapping[RedFlag, str]: ...
    @property
    def because(self) -> Mapping[str, str]: ...
    @property
    def phrases(self) -> Mapping[str, str]: ...
    @property
    def page(self) -> Mapping[str, str]: ...
    @property
    def urgencies(self) -> Mapping[Urgency, str]: ...
    @property
    def entries(self) -> Mapping[str, Entry]: ...
    @property
    def red_flag_sources(self) -> tuple[Reference, ...]: ...
    @property
    def emergency(self) -> str: ...
    @property
    def red_flag_photo(self) -> str: ...
    @property
    def red_flag_headline(self) -> str: ...
    @property
    def red_flag_advice(self) -> str: ...
    @property
    def now_headline(self) -> str: ...
    @property
    def now_advice(self) -> str: ...
    @property
    def same_day_headline(self) -> str: ...
    @property
    def same_day_advice(self) -> str: ...
    @property
    def by_signs_agreed_by(self) -> str: ...


URGENCIES = {
    Alarm.SOON: Urgency.SOON,
    Alarm.SAME_DAY: Urgency.SAME_DAY,
    Alarm.NOW: Urgency.EMERGENCY,
    Alarm.EMERGENCY: Urgency.EMERGENCY,
}
_BY_SIGNS = {Alarm.NONE: Urgency.ROUTINE, Alarm.SOON: Urgency.SOON}


def heed(words: Words, answer: Answer, told: Collection[RedFlag]) -> Answer:
    """Return the answer, headed by what was told where that asks for more than the photo does."""
    rules = fitting(told)
    alarm = max((rule.alarm for rule in rules), default=Alarm.NONE)
    if alarm is Alarm.NONE or (alarm is Alarm.SOON and answer.urgency is not Urgency.ROUTINE):
        return _by_signs(words, answer, told) if words.by_signs_agreed_by else answer
    urgency = URGENCIES[alarm]
    # Advice for a day less urgent than this one would contradict it, signs of an emergency do not.
    own = words.entries[answer.category].own_emergency if answer.category else ""
    return replace(
        answer,
        headline=headline(words, alarm),
        urgency=urgency,
        how_soon=words.urgencies[urgency],
        to_do=words.urgencies[urgency],
        urgent_advice=_advice(words, alarm, rules),
        explanation=(Section(words.red_flag_photo, f"{answer.headline}.\n\n{own}".strip()), *answer.explanation),
        sources=tuple(dict.fromkeys((*answer.sources, *words.red_flag_sources))),
    )


def headline(words: Words, alarm: Alarm) -> str:
    """Return what stands large above an answer with an alarm."""
    return {
        Alarm.EMERGENCY: words.red_flag_headline,
        Alarm.NOW: words.now_headline,
        Alarm.SAME_DAY: words.same_day_headline,
        Alarm.SOON: words.urgencies[Urgency.SOON],
    }[alarm]


def repeated(words: Words, flag: RedFlag) -> str:
    """Return in one line what was told: the first line of a box, or the question with its answer."""
    first = words.red_flags[flag].partition("\n")[0]
    question = next((name for name, answers in QUESTIONS.items() if flag in answers), None)
    return first if question is None else f"{words.page[f'{question}_question']} {first}"


def _advice(words: Words, alarm: Alarm, rules: Sequence[Rule]) -> str:
    """Return what to do, what was told, and why that counts; the emergency paragraph is always in it."""
    loudest = [rule for rule in rules if rule.alarm is alarm]
    because = _items(words.because[rule.because] for rule in _reasons(loudest if alarm is Alarm.EMERGENCY else rules))
    told = {flag for rule in loudest for flag in rule.told}
    heard = f"{words.phrases['you_told']}\n{_items(repeated(words, flag) for flag in RedFlag if flag in told)}"
    if alarm is Alarm.EMERGENCY:
        return "\n\n".join(filter(None, (words.red_flag_advice, heard, because, words.emergency)))
    # The emergency paragraph comes before the reasons, which begin by referring to it.
    lead = {Alarm.NOW: words.now_advice, Alarm.SAME_DAY: words.same_day_advice, Alarm.SOON: ""}[alarm]
    return "\n\n".join((words.emergency, f"{lead}\n{because}".strip(), heard))


def _reasons(rules: Sequence[Rule]) -> list[Rule]:
    """Return the rules with a reason of their own, each reason once."""
    return list({rule.because: rule for rule in rules if rule.because}.values())


def _items(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _by_signs(words: Words, answer: Answer, told: Collection[RedFlag]) -> Answer:
    """Return an answer that names nothing as calm as a clinician allowed for what was told."""
    if answer.category is not None or not ALWAYS_URGENT.isdisjoint(answer.could_be):
        return answer
    alarm = calmer(told)
    urgency = answer.urgency if alarm is None else _BY_SIGNS[alarm]
    soon = words.phrases["by_signs"] if alarm is None else words.urgencies[urgency]
    return replace(answer, urgency=urgency, how_soon=soon, to_do=answer.to_do.replace(answer.how_soon, soon))
