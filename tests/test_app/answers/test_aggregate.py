"""Several photos get one answer: no photo makes another one's answer less urgent."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.answers.aggregate import MOST, most_urgent
from app.answers.answer import Answer, Urgency
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.explanation import Seen
from app.views.html import PhotoResult
from app.views.markup import paragraphs, text
from app.views.several import several_html
from model.errors import PhotoError
from model.photo import Photo
from model.prediction import Evidence, Prediction, Score
from tests.support.drawing import skin

WORDS = Words.read()
OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")


def looked_at(category: str | None, *, prediction_set: tuple[str, ...] = ()) -> PhotoResult:
    prediction = Prediction(
        scores=tuple(Score(output, 1 / len(OUTPUTS)) for output in OUTPUTS),
        category=category,
        probability=0.6 if category else None,
        not_sure_because=() if category else ("low_score",),
        photo_notes=(),
        model_version="1.0.0",
        prediction_set=prediction_set,
        evidence=Evidence(np.ones((5, 4, 4), np.float32), (0.0, 0.0, 1.0, 1.0)),
    )
    return PhotoResult(WORDS.answer(prediction), Seen(Photo(skin(), (320, 240), (), ""), prediction, {}))


NOT_READ = PhotoResult(WORDS.answer_error(PhotoError("damaged", "Broken.")), None)
CHERRY, PETECHIAE, SUN, NOT_SURE = map(looked_at, ("cherry_angioma", "petechiae", "sun_rash", None))
ALL = (CHERRY, PETECHIAE, SUN, NOT_SURE, NOT_READ)


@pytest.mark.parametrize(
    ("photos", "counts"),
    [
        ([CHERRY, PETECHIAE], 1),
        ([NOT_SURE, PETECHIAE], 1),
        ([NOT_READ, NOT_SURE], 1),
        ([CHERRY, NOT_SURE], 1),
        ([CHERRY, NOT_READ], 1),
        ([PETECHIAE, PETECHIAE], 0),
        ([NOT_READ], 0),
    ],
)
def test_the_most_urgent_one_counts_and_among_equals_the_one_that_says_most(
    photos: list[PhotoResult], counts: int
) -> None:
    assert most_urgent([one.answer for one in photos]) == counts


def test_the_likelier_of_two_alike_counts() -> None:
    likelier = replace(PETECHIAE.answer, probability=0.9)
    assert most_urgent([PETECHIAE.answer, likelier]) == 1


@given(some.lists(some.sampled_from([one.answer for one in ALL]), min_size=1, max_size=MOST))
def test_no_photo_makes_the_answer_less_urgent(answers: list[Answer]) -> None:
    order = list(Urgency)
    chosen = answers[most_urgent(answers)]
    assert all(order.index(chosen.urgency) <= order.index(answer.urgency) for answer in answers)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_one_answer_stands_above_the_rule_and_each_photos_own() -> None:
    html = several_html(ALL, WORDS)
    chosen = PETECHIAE.answer
    places = [
        html.index(paragraphs(chosen.urgent_advice)),
        html.index(f"<h2>{text(chosen.title)}</h2>"),
        html.index(paragraphs(chosen.referral)),
        html.index(text(WORDS.page["several_rule"].format(number=2))),
        html.index('class="own"'),
    ]
    assert places == sorted(places)
    assert html.count('<details class="own">') == len(ALL)
    for number, one in enumerate(ALL, 1):
        assert f"Photo {number} {one.answer.headline}" in plain(html)
        assert paragraphs(one.answer.referral) in html
    assert html.count('class="print"') == 1
    assert html.count('class="thumb"') == len(ALL) - 1


def test_what_was_ticked_stands_above_all_photos() -> None:
    html = several_html([CHERRY, SUN], WORDS, red_flags=[RedFlag.SPREADING])
    assert html.startswith('<article class="answer emergency">')
    assert html.index(WORDS.red_flag_headline) < html.index(paragraphs(WORDS.emergency)) < html.index('class="own"')


def test_one_photo_has_no_list() -> None:
    assert 'class="own"' not in several_html([CHERRY], WORDS)


@pytest.mark.parametrize(("marked", "ticks"), [((), 0), (("petechiae", "other"), 2)])
def test_ticks_mark_the_prediction_set_and_are_explained(marked: Any, ticks: int) -> None:
    html = several_html([looked_at("petechiae", prediction_set=marked)], WORDS)
    assert html.count("✓") == ticks
    assert (text(WORDS.page["set_caption"]) in html) == bool(ticks)
    for category in marked:
        assert f"✓</span> {WORDS.name(category)}" in html
