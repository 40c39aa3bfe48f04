"""Red flags: what a person may tick beside the photo, and how urgent each makes it. A table for clinicians to read.

What the person says counts for more than the photo, so nothing here depends on the category. No rule makes an answer
less urgent. Its sources are `red_flag_sources` of the words file. No clinician has reviewed it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum, StrEnum


class RedFlag(StrEnum):
    """What can be ticked, in the order in which it is asked; the questions stand in the words file."""

    UNWELL = "unwell"
    NO_FADE = "no_fade"
    SPREADING = "spreading"
    BLEEDING = "bleeding"
    STIFF_NECK_OR_CONFUSION = "stiff_neck_or_confusion"
    BREATHING_OR_COLOUR = "breathing_or_colour"
    CHILD_UNDER_5 = "child_under_5"
    BLOOD_THINNERS = "blood_thinners"
    PREGNANCY = "pregnancy"


class Alarm(IntEnum):
    """How urgent the ticks alone make it."""

    NONE = 0
    """As urgent as the answer to the photo says."""
    SAME_DAY = 1
    """A doctor today, at the latest."""
    EMERGENCY = 2
    """The emergency number now."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table: when all of `ticked` are ticked, it is at least this urgent."""

    ticked: frozenset[RedFlag]
    alarm: Alarm


def _rule(alarm: Alarm, *ticked: RedFlag) -> Rule:
    return Rule(frozenset(ticked), alarm)


RULES = (
    _rule(Alarm.EMERGENCY, RedFlag.UNWELL),
    _rule(Alarm.EMERGENCY, RedFlag.SPREADING),
    _rule(Alarm.EMERGENCY, RedFlag.BLEEDING),
    _rule(Alarm.EMERGENCY, RedFlag.STIFF_NECK_OR_CONFUSION),
    _rule(Alarm.EMERGENCY, RedFlag.BREATHING_OR_COLOUR),
    # In a small child, spots that do not fade are enough.
    _rule(Alarm.EMERGENCY, RedFlag.NO_FADE, RedFlag.CHILD_UNDER_5),
    # Petechiae and purpura never fade, and a cherry angioma need not: in a person who is well, a doctor today.
    _rule(Alarm.SAME_DAY, RedFlag.NO_FADE),
    _rule(Alarm.SAME_DAY, RedFlag.CHILD_UNDER_5),
    _rule(Alarm.SAME_DAY, RedFlag.BLOOD_THINNERS),
    _rule(Alarm.SAME_DAY, RedFlag.PREGNANCY),
)
"""The most urgent of the rules that fit counts."""

SAME_DAY_ALONE = tuple(flag for flag in RedFlag if Rule(frozenset({flag}), Alarm.SAME_DAY) in RULES)
"""What is no emergency by itself; the words file says for each why it needs a doctor today."""


def judge(ticked: Collection[RedFlag]) -> Alarm:
    """Return how urgent the ticks make it, whatever the photo shows."""
    return max((rule.alarm for rule in RULES if rule.ticked.issubset(ticked)), default=Alarm.NONE)
