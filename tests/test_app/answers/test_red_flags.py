"""Red flags: every combination of what can be told, with every answer, in every language, is as urgent as the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import combinations, product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from app.answers.answer import Answer, Urgency
from app.answers.heeding import heed
from app.answers.languages import Language, shipped_words
from app.answers.red_flags import BOXES, QUESTIONS, REASONS, RULES, Alarm, RedFlag, calmer, judge, telling
from app.answers.words import Words
from model.errors import PhotoError
from model.prediction import Prediction, Score
from tests.support.words_files import changed_words

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
SPOKEN = {language: Words.read(shipped_words(language)) for language in Language}
ORDER = [Urgency.ROUTINE, Urgency.SOON, Urgency.SAME_DAY, Urgency.EMERGENCY]
URGENCIES = {
    Alarm.SOON: Urgency.SOON,
    Alarm.SAME_DAY: Urgency.SAME_DAY,
    Alarm.NOW: Urgency.EMERGENCY,
    Alarm.EMERGENCY: Urgency.EMERGENCY,
}
UNTOLD = None
ANSWERS = [(UNTOLD, *answers) for answers in QUESTIONS.values()]


@cache
def every_combination() -> tuple[list[frozenset[RedFlag]], Mapping[RedFlag, NDArray[np.bool_]], NDArray[np.int64]]:
    """Return all that can be told on the page, a column per red flag, and how urgent each is by the rules."""
    ticks = [frozenset(some) for size in range(len(BOXES) + 1) for some in combinations(BOXES, size)]
    told = [ticked | {one for one in answers if one} for answers in product(*ANSWERS) for ticked in ticks]
    columns = {flag: np.array([flag in one for one in told]) for flag in RedFlag}
    return told, columns, np.array([judge(one) for one in told])


def test_every_combination_is_as_urgent_as_the_table_of_the_review_says() -> None:
    told, c, judged = every_combination()
    F = RedFlag
    baby, crawls_not = c[F.UNDER_3_MONTHS], c[F.UNDER_3_MONTHS] | c[F.NOT_MOVING]
    under_5 = crawls_not | c[F.CHILD_UNDER_5]
    not_seen_to_fade = ~c[F.FADES]
    # Very ill, bleeding elsewhere, a blow or pressure on the neck, spreading within hours: whatever else is told.
    emergency = c[F.VERY_UNWELL] | c[F.BLEEDING] | c[F.HEAD_OR_NECK] | c[F.SPREADING]
    # A fever: with spots that do not fade, not tried or not told; in a young baby, a weak immune system, after travel.
    emergency |= c[F.FEVER] & (not_seen_to_fade | baby | c[F.WEAK_IMMUNE_SYSTEM] | c[F.TRAVEL_OR_MEDICINE])
    # A child under 5 whose spots do not fade, or of whom nobody tried.
    emergency |= under_5 & (c[F.NO_FADE] | c[F.NOT_TRIED])
    now = c[F.CHILD_5_TO_15] & (c[F.NO_FADE] | c[F.NOT_TRIED])
    today = c[F.FEVER] | c[F.NO_FADE] | under_5 | c[F.BLOOD_THINNERS] | c[F.PREGNANCY] | c[F.WEAK_IMMUNE_SYSTEM]
    today |= c[F.TRAVEL_OR_MEDICINE] | c[F.TIRED_OR_PALE] | c[F.CAME_DAYS]
    expected = np.select(
        [emergency, now, today, c[F.CAME_WEEKS]], [Alarm.EMERGENCY, Alarm.NOW, Alarm.SAME_DAY, Alarm.SOON], Alarm.NONE
    )
    wrong = np.flatnonzero(expected != judged)
    assert wrong.size == 0, (sorted(told[wrong[0]]), expected[wrong[0]], judged[wrong[0]])
    assert len(told) == 2 ** len(BOXES) * 4 * 6 * 5


def test_one_tick_more_never_makes_it_less_urgent() -> None:
    _, columns, judged = every_combination()
    # Rows with and without a box stand in the same order.
    keys = np.zeros(len(judged), np.int64)
    for place, flag in enumerate(RedFlag):
        keys |= columns[flag].astype(np.int64) << place
    for place, flag in enumerate(RedFlag):
        if flag in BOXES:
            without = np.flatnonzero(~columns[flag])
            places = np.argsort(keys)
            partner = places[np.searchsorted(keys[places], keys[without] | (1 << place))]
            assert (judged[partner] >= judged[without]).all(), flag


def test_no_answer_is_good_news_but_that_the_spots_fade_and_that_never_takes_a_tick_back() -> None:
    for size in (0, 1, 2):
        for ticked in map(frozenset, combinations(BOXES, size)):
            for answer in RedFlag:
                if answer in BOXES:
                    continue
                told = judge(ticked | {answer})
                if answer is RedFlag.FADES and RedFlag.FEVER in ticked:
                    assert told >= max(judge(ticked - {RedFlag.FEVER}), Alarm.SAME_DAY)
                else:
                    assert told >= judge(ticked), (ticked, answer)
            # Told both ways, it counts as the worse.
            for worse in (RedFlag.NO_FADE, RedFlag.NOT_TRIED):
                assert judge(ticked | {RedFlag.FADES, worse}) == judge(ticked | {worse})


def test_the_table_can_be_read_by_a_person() -> None:
    assert len(BOXES) <= 10
    assert set(BOXES) | {flag for answers in QUESTIONS.values() for flag in answers} == set(RedFlag)
    assert all(rule.why for rule in RULES)
    assert all(judge({flag}) >= Alarm.SAME_DAY for flag in BOXES)
    for language in Language:
        assert set(SPOKEN[language].red_flags) == set(RedFlag)
        assert set(SPOKEN[language].because) == set(REASONS)
    assert set(telling(RedFlag.CHILD_UNDER_5)) == {
        RedFlag.UNDER_3_MONTHS,
        RedFlag.NOT_MOVING,
        RedFlag.CHILD_UNDER_5,
    }


@pytest.mark.parametrize("before", ["unwell", "stiff_neck_or_confusion", "breathing_or_colour"])
def test_programs_may_go_on_with_the_names_of_before(before: str) -> None:
    assert RedFlag(before) is RedFlag.VERY_UNWELL
    assert judge([RedFlag(before)]) is Alarm.EMERGENCY
    assert judge([RedFlag("no_fade"), RedFlag("child_under_5")]) is Alarm.EMERGENCY


def answers(words: Words) -> dict[str, Answer]:
    """Return an answer for each category, for the parent, for each reason of not being sure, and for an error."""
    scores = tuple(Score(output, 0.2) for output in OUTPUTS)
    named = {
        category: Prediction(scores, category, 0.6, (), (), "1.0.0") for category in (*OUTPUTS[:-1], "bleeding_spots")
    }
    unsure = {reason: Prediction(scores, None, None, (reason,), (), "1.0.0") for reason in words.reasons}
    error = PhotoError("damaged", "'a.jpg' is damaged; copy it again.")
    return {**{name: words.answer(one) for name, one in (named | unsure).items()}, "error": words.answer_error(error)}


def pairs() -> Iterator[frozenset[RedFlag]]:
    """Yield nothing, everything, each red flag, and any two: rules ask for no more than two."""
    assert max(len(rule.told) for rule in RULES) == 2
    yield from (frozenset(), frozenset(RedFlag))
    yield from (frozenset(two) for size in (1, 2) for two in combinations(RedFlag, size))


@pytest.mark.parametrize("language", Language)
def test_what_is_told_heads_every_answer_and_takes_nothing_from_it(language: Language) -> None:
    words = SPOKEN[language]
    every = answers(words)
    for name, answer in every.items():
        for told in pairs() if name in {"petechiae", "sun_rash", "cherry_angioma", "error"} else [{RedFlag.FEVER}]:
            heeded, alarm = heed(words, answer, told), judge(told)
            assert ORDER.index(heeded.urgency) >= ORDER.index(answer.urgency), (name, told)
            assert (heeded.referral, heeded.limits) == (answer.referral, answer.limits)
            assert (heeded.category, heeded.probability) == (answer.category, answer.probability)
            assert heeded.how_soon == words.urgencies[heeded.urgency]
            if alarm is Alarm.NONE or (alarm is Alarm.SOON and answer.urgency is not Urgency.ROUTINE):
                assert heeded is answer
                continue
            assert heeded.urgency is URGENCIES[alarm]
            assert words.emergency in heeded.urgent_advice
            assert answer.headline not in heeded.headline
            assert heeded.explanation[0].title == words.red_flag_photo
            assert heeded.explanation[0].text.startswith(answer.headline)
            assert heeded.explanation[1:] == answer.explanation
            first = words.red_flag_advice if alarm is Alarm.EMERGENCY else words.emergency
            assert heeded.urgent_advice.startswith(first)
            # What led to it is said again.
            assert words.phrases["you_told"] in heeded.urgent_advice
            assert set(words.red_flag_sources) <= set(heeded.sources)
            assert len(set(heeded.sources)) == len(heeded.sources)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: "+".join(sorted(rule.told)))
def test_each_rule_says_what_was_told_and_why_it_counts(rule: Any, language: Language) -> None:
    words = SPOKEN[language]
    heeded = heed(words, answers(words)["cherry_angioma"], rule.told)
    if rule.because and judge(rule.told) is rule.alarm:
        assert words.because[rule.because] in heeded.urgent_advice
    for flag in rule.told if judge(rule.told) is rule.alarm else ():
        assert words.red_flags[flag].partition("\n")[0] in heeded.urgent_advice


@pytest.mark.parametrize("language", Language)
def test_the_signs_of_heatstroke_stay_in_sight_whatever_is_ticked(language: Language) -> None:
    words = SPOKEN[language]
    own = words.entries["sun_rash"].own_emergency
    assert "40 °C" in own
    assert own in heed(words, answers(words)["sun_rash"], [RedFlag.PREGNANCY]).explanation[0].text


def test_nothing_told_makes_a_shipped_answer_calmer_and_a_clinicians_word_only_one_that_names_nothing(
    tmp_path: Path,
) -> None:
    """`by_signs` is for a clinician to decide: off in what ships, and never from a photo."""
    patient = frozenset({RedFlag.CAME_MONTHS, RedFlag.ADULT})
    assert all(words.by_signs_agreed_by == "" for words in SPOKEN.values())
    agreed = Words.read(changed_words(tmp_path, ("by_signs_agreed_by",), "Dr A. Example, register 1, 2026-11-28"))
    unsure, named = answers(agreed)["low_score"], answers(agreed)["petechiae"]
    assert heed(agreed, unsure, ()).how_soon == agreed.phrases["by_signs"]
    assert heed(agreed, unsure, ()).urgency is Urgency.SAME_DAY
    assert heed(agreed, unsure, patient).urgency is Urgency.ROUTINE
    assert heed(agreed, unsure, {RedFlag.CAME_WEEKS, RedFlag.ADULT}).urgency is Urgency.SOON
    assert agreed.emergency in heed(agreed, unsure, patient).urgent_advice
    assert heed(agreed, named, patient) == named
    bleeding = replace(unsure, could_be=("bleeding_spots",))
    assert heed(agreed, bleeding, patient) == bleeding
    for words in SPOKEN.values():
        assert heed(words, answers(words)["low_score"], patient) == answers(words)["low_score"]
    told, _, judged = every_combination()
    for one, alarm in zip(told, judged, strict=True):
        if (wait := calmer(one)) is not None:
            assert one - {RedFlag.FADES, RedFlag.NOT_TRIED} in (patient, {RedFlag.CAME_WEEKS, RedFlag.ADULT})
            assert wait >= alarm


def test_a_words_file_with_the_questions_of_before_asks_those_of_today(tmp_path: Path) -> None:
    old = changed_words(tmp_path, ("red_flags",), {"unwell": "A fever, or feeling very ill"})
    words = Words.read(old)
    assert words.red_flags == SPOKEN[Language.ENGLISH].red_flags
    assert words.because == SPOKEN[Language.ENGLISH].because
    assert ("red_flags", "fever") in words.filled
    assert "red_flags" in words.note or "because" in words.note
