"""Red flags: every combination of ticks with every answer, in every language, is as urgent as the table says."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.answers.answer import Answer, Urgency
from app.answers.languages import Language, shipped_words
from app.answers.red_flags import RULES, SAME_DAY_ALONE, Alarm, RedFlag, judge
from app.answers.words import Words
from model.errors import PhotoError
from model.prediction import Prediction, Score

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
SPOKEN = {language: Words.read(shipped_words(language)) for language in Language}

EMERGENCY_ALONE = {
    RedFlag.UNWELL,
    RedFlag.SPREADING,
    RedFlag.BLEEDING,
    RedFlag.STIFF_NECK_OR_CONFUSION,
    RedFlag.BREATHING_OR_COLOUR,
}
AN_EMERGENCY_TOGETHER = {RedFlag.NO_FADE, RedFlag.CHILD_UNDER_5}
ORDER = [Urgency.ROUTINE, Urgency.SOON, Urgency.SAME_DAY, Urgency.EMERGENCY]


def every_combination() -> Iterator[frozenset[RedFlag]]:
    for size in range(len(RedFlag) + 1):
        yield from map(frozenset, combinations(RedFlag, size))


def answers(words: Words) -> dict[str, Answer]:
    """Return an answer for each category, for the parent, for each reason of not being sure, and for an error."""
    scores = tuple(Score(output, 0.2) for output in OUTPUTS)
    named = {
        category: Prediction(scores, category, 0.6, (), (), "1.0.0") for category in (*OUTPUTS[:-1], "bleeding_spots")
    }
    unsure = {reason: Prediction(scores, None, None, (reason,), (), "1.0.0") for reason in words.reasons}
    error = PhotoError("damaged", "'a.jpg' is damaged; copy it again.")
    return {**{name: words.answer(one) for name, one in (named | unsure).items()}, "error": words.answer_error(error)}


def test_the_table_says_what_its_rules_say_together() -> None:
    for ticked in every_combination():
        if ticked & EMERGENCY_ALONE or ticked >= AN_EMERGENCY_TOGETHER:
            assert judge(ticked) is Alarm.EMERGENCY, ticked
        else:
            assert judge(ticked) is (Alarm.SAME_DAY if ticked else Alarm.NONE), ticked


@pytest.mark.parametrize("language", Language)
def test_every_combination_with_every_answer(language: Language) -> None:
    words = SPOKEN[language]
    for name, answer in answers(words).items():
        for ticked in every_combination():
            heeded, alarm = words.heed(answer, ticked), judge(ticked)
            assert ORDER.index(heeded.urgency) >= ORDER.index(answer.urgency), (name, ticked)
            assert (heeded.referral, heeded.limits) == (answer.referral, answer.limits)
            assert (heeded.category, heeded.probability) == (answer.category, answer.probability)
            assert heeded.how_soon == words.urgencies[heeded.urgency]
            if alarm is Alarm.NONE:
                assert heeded is answer
                continue
            assert heeded.urgency is {Alarm.EMERGENCY: Urgency.EMERGENCY, Alarm.SAME_DAY: Urgency.SAME_DAY}[alarm]
            assert words.emergency in heeded.urgent_advice
            assert answer.headline not in heeded.headline
            assert heeded.explanation[0].title == words.red_flag_photo
            assert heeded.explanation[0].text.startswith(answer.headline)
            assert heeded.explanation[1:] == answer.explanation
            reasons = {flag for flag in SAME_DAY_ALONE if words.same_day_because[flag] in heeded.urgent_advice}
            if alarm is Alarm.EMERGENCY:
                assert heeded.urgent_advice.startswith(words.red_flag_advice)
            else:
                assert heeded.urgent_advice.startswith(words.emergency)
                assert reasons == ticked


@given(some.sets(some.sampled_from(RedFlag)), some.sampled_from(RedFlag))
def test_one_tick_more_never_makes_it_less_urgent(ticked: set[RedFlag], more: RedFlag) -> None:
    assert judge(ticked | {more}) >= judge(ticked)


@pytest.mark.parametrize("flag", RedFlag)
def test_no_tick_is_without_effect(flag: RedFlag) -> None:
    assert judge({flag}) >= Alarm.SAME_DAY
    assert sum(rule.ticked == {flag} for rule in RULES) == 1


@pytest.mark.parametrize("language", Language)
def test_the_signs_of_heatstroke_stay_in_sight_whatever_is_ticked(language: Language) -> None:
    words = SPOKEN[language]
    own = words.entries["sun_rash"].own_emergency
    assert "40 °C" in own
    assert own in words.heed(answers(words)["sun_rash"], [RedFlag.PREGNANCY]).explanation[0].text


@pytest.mark.parametrize("language", Language)
def test_every_question_and_every_reason_has_words_and_sources(language: Language) -> None:
    words = SPOKEN[language]
    assert set(words.red_flags) == set(RedFlag)
    assert set(words.same_day_because) == set(SAME_DAY_ALONE) == set(RedFlag) - EMERGENCY_ALONE
    heeded = words.heed(answers(words)["cherry_angioma"], [RedFlag.CHILD_UNDER_5])
    assert set(words.red_flag_sources) <= set(heeded.sources)
    assert len(set(heeded.sources)) == len(heeded.sources)
