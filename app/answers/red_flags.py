"""Red flags: what a person may tell beside the photo. What each does stands in red_flags.toml, for all to read."""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_suffix(".toml")


class RedFlag(StrEnum):
    """What can be told, in the order in which it is asked; the questions stand in the words file."""

    FEVER = "fever"
    VERY_UNWELL = "very_unwell"
    SPREADING = "spreading"
    BLEEDING = "bleeding"
    HEAD_OR_NECK = "head_or_neck"
    WEAK_IMMUNE_SYSTEM = "weak_immune_system"
    BLOOD_THINNERS = "blood_thinners"
    PREGNANCY = "pregnancy"
    TRAVEL_OR_MEDICINE = "travel_or_medicine"
    TIRED_OR_PALE = "tired_or_pale"
    NO_FADE = "no_fade"
    FADES = "fades"
    NOT_TRIED = "not_tried"
    UNDER_3_MONTHS = "under_3_months"
    NOT_MOVING = "not_moving"
    CHILD_UNDER_5 = "child_under_5"
    CHILD_5_TO_15 = "child_5_to_15"
    ADULT = "adult"
    CAME_DAYS = "came_days"
    CAME_WEEKS = "came_weeks"
    CAME_MONTHS = "came_months"
    CAME_UNKNOWN = "came_unknown"

    # Names from before very ill was one box, for programs.
    UNWELL = "very_unwell"
    STIFF_NECK_OR_CONFUSION = "very_unwell"
    BREATHING_OR_COLOUR = "very_unwell"

    @classmethod
    def _missing_(cls, value: object) -> RedFlag | None:
        if value in {"unwell", "stiff_neck_or_confusion", "breathing_or_colour"}:
            return cls.VERY_UNWELL
        return None


class Alarm(IntEnum):
    """How urgent it is by what was told alone."""

    NONE = 0
    """As urgent as the answer to the photo says."""
    SOON = 1
    """A doctor within days, at the latest."""
    SAME_DAY = 2
    """A doctor today, at the latest."""
    NOW = 3
    """A medical helpline or an emergency department now."""
    EMERGENCY = 4
    """The emergency number, or an emergency department, now."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: when all of `told` and none of `unless` were told, it is at least this urgent."""

    told: frozenset[RedFlag]
    unless: frozenset[RedFlag]
    alarm: Alarm
    because: str
    """Key of the reason in the words file; empty where what was told says it all."""
    why: str
    """The medical reason, for clinicians."""

    def fits(self, told: frozenset[RedFlag]) -> bool:
        """Return whether the rule counts, given all that was told, and what that includes."""
        return self.told <= told and self.unless.isdisjoint(told)


@dataclass(frozen=True, slots=True)
class Table:
    """All of red_flags.toml."""

    boxes: tuple[RedFlag, ...]
    questions: Mapping[str, tuple[RedFlag, ...]]
    includes: Mapping[RedFlag, frozenset[RedFlag]]
    rules: tuple[Rule, ...]
    routine: frozenset[RedFlag]
    soon: frozenset[RedFlag]

    @classmethod
    def read(cls, path: Path = TABLE) -> Table:
        """Return the table of a file."""
        value = tomllib.loads(path.read_text(encoding="utf-8"))
        return cls(
            boxes=tuple(map(RedFlag, value["boxes"])),
            questions={name: tuple(map(RedFlag, answers)) for name, answers in value["questions"].items()},
            includes={RedFlag(one): _flags(others) for one, others in value["includes"].items()},
            rules=tuple(map(_rule, value["rule"])),
            routine=_flags(value["by_signs"]["routine"]),
            soon=_flags(value["by_signs"]["soon"]),
        )


def _flags(names: Collection[str]) -> frozenset[RedFlag]:
    return frozenset(map(RedFlag, names))


def _rule(value: Mapping[str, Any]) -> Rule:
    return Rule(
        told=_flags(value["told"]),
        unless=_flags(value.get("unless", ())),
        alarm=Alarm[value["alarm"].upper()],
        because=value.get("because", ""),
        why=value["why"],
    )


_TABLE = Table.read()
BOXES = _TABLE.boxes
"""What is ticked."""
QUESTIONS = _TABLE.questions
"""Answers by the name of the question."""
RULES = _TABLE.rules
"""The loudest of the rules that fit counts."""
REASONS = tuple(dict.fromkeys(rule.because for rule in RULES if rule.because))
"""Keys of what the words file says to each rule."""


def included(told: Collection[RedFlag]) -> frozenset[RedFlag]:
    """Return what was told and what that includes: a baby of two months is a child under 5.

    Whoever tells that spots fade and that they do not, or that nobody tried, is taken at the worse.
    """
    everything = frozenset(told).union(*(_TABLE.includes.get(flag, ()) for flag in told))
    doubtful = not everything.isdisjoint({RedFlag.NO_FADE, RedFlag.NOT_TRIED})
    return everything - {RedFlag.FADES} if doubtful else everything


def telling(flag: RedFlag) -> list[RedFlag]:
    """Return what tells a flag: itself, and all that includes it."""
    return [one for one in RedFlag if flag in {one, *_TABLE.includes.get(one, ())}]


def fitting(told: Collection[RedFlag]) -> list[Rule]:
    """Return the rules that count, in the order of the table."""
    all_told = included(told)
    return [rule for rule in RULES if rule.fits(all_told)]


def judge(told: Collection[RedFlag]) -> Alarm:
    """Return how urgent what was told makes it, whatever the photo shows."""
    return max((rule.alarm for rule in fitting(told)), default=Alarm.NONE)


def calmer(told: Collection[RedFlag]) -> Alarm | None:
    """Return how long an answer that names nothing may wait, if a clinician allowed that; None if it may not.

    `NONE` is the next visit. Only with nothing else told than that the spots fade, or that nobody tried.
    """
    known = frozenset(told) - {RedFlag.FADES, RedFlag.NOT_TRIED}
    return {_TABLE.routine: Alarm.NONE, _TABLE.soon: Alarm.SOON}.get(known)
