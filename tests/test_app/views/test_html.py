"""The answer as HTML: what to do first, the referral always, numbers last, and nothing unescaped."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.views.explanation import Seen
from app.views.html import answer_html, red_flags_html, trouble_html
from app.views.markup import paragraphs, text
from model.errors import InputError, PhotoError
from model.photo import Photo
from model.prediction import Evidence, Prediction, Score
from tests.support.drawing import skin

WORDS = Words.read()
OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
PARENTS = {"bleeding_spots": ("petechiae", "purpura")}
PHOTO = Photo(skin(), (320, 240), (), "")


def prediction_of(
    category: str | None, probabilities: tuple[float, ...], *, because: tuple[str, ...] = (), positive: bool = True
) -> Prediction:
    scores = tuple(Score(name, share) for name, share in zip(OUTPUTS, probabilities, strict=True))
    shares = dict(zip(OUTPUTS, probabilities, strict=True)) | {"bleeding_spots": sum(probabilities[:2])}
    maps = np.ones((5, 4, 4), np.float32) * (1 if positive else -1)
    return Prediction(
        scores=scores,
        category=category,
        probability=shares[category] if category else None,
        not_sure_because=because,
        photo_notes=("dim",),
        model_version="0.0.1",
        evidence=Evidence(maps, (0.125, 0.0, 0.875, 1.0)),
    )


def shown(prediction: Prediction, *, red_flags: Collection[RedFlag] = ()) -> str:
    seen = Seen(PHOTO, prediction, PARENTS)
    return answer_html(WORDS.answer(prediction), WORDS, seen=seen, red_flags=red_flags)


def plain(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


CASES = {
    "petechiae": prediction_of("petechiae", (0.7, 0.1, 0.1, 0.05, 0.05)),
    "purpura": prediction_of("purpura", (0.1, 0.7, 0.1, 0.05, 0.05)),
    "cherry angioma": prediction_of("cherry_angioma", (0.1, 0.1, 0.7, 0.05, 0.05)),
    "sun rash": prediction_of("sun_rash", (0.1, 0.1, 0.05, 0.7, 0.05)),
    "bleeding spots": prediction_of("bleeding_spots", (0.32, 0.31, 0.33, 0.02, 0.02)),
    "not sure": prediction_of(None, (0.2, 0.2, 0.2, 0.2, 0.2), because=("low_score",)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_order_is_alarm_level_what_to_do_referral_folds_and_numbers_last(name: str) -> None:
    html = shown(CASES[name])
    answer = WORDS.answer(CASES[name])
    places = [
        html.index(text(WORDS.page["alarm"])),
        html.index('href="tel:112"'),
        html.index('<details class="advice">'),
        html.index(f'<p class="level">{text(answer.level_name)}'),
        html.index(f"<h2>{text(answer.title)}</h2>"),
        html.index(text(answer.to_do)),
        html.index(paragraphs(answer.referral)),
        html.index(text(WORDS.glass_test.title)),
        html.index('class="notes"'),
        html.index('class="seen"'),
        html.index('class="bars"'),
        html.index('class="layers"'),
    ]
    assert places == sorted(places)
    assert plain(html).index(plain(paragraphs(answer.urgent_advice)).strip()[:60]) < plain(html).index("%")


def test_explanations_and_numbers_are_folded() -> None:
    html = shown(CASES["petechiae"])
    assert html.count("<details>") >= 5
    assert "<details open" not in html
    assert html.index('<details class="seen"') < html.index('class="bars"')


def test_a_parent_shows_the_map_of_its_likelier_member_though_another_category_is_likelier_alone() -> None:
    assert f"made the program think of “{WORDS.name('petechiae')}”" in plain(shown(CASES["bleeding spots"]))


def test_an_unfit_photo_shows_no_numbers() -> None:
    html = shown(prediction_of(None, (0.9, 0.1, 0.0, 0.0, 0.0), because=("too_dark",)))
    assert "%" not in plain(html)
    assert "<figure" not in html or "layers" not in html
    assert WORDS.reasons["too_dark"] in plain(html)


def test_no_photo_gives_certainty() -> None:
    html = plain(shown(prediction_of("petechiae", (1.0, 0.0, 0.0, 0.0, 0.0))))
    assert "100 %" not in html
    assert WORDS.page["large_share"] in html
    assert html.count(WORDS.page["small_share"]) == 4


def test_no_positive_evidence_is_said_and_no_picture_shown() -> None:
    html = shown(
        replace(CASES["petechiae"], evidence=prediction_of("petechiae", (1, 0, 0, 0, 0), positive=False).evidence)
    )
    assert "<figure" not in html or "layers" not in html
    assert plain(WORDS.page["evidence_none"].format(category=WORDS.name("petechiae"))) in plain(html)


@pytest.mark.parametrize("name", CASES)
def test_a_red_flag_puts_the_emergency_before_everything(name: str) -> None:
    html = shown(CASES[name], red_flags=[RedFlag.SPREADING])
    headline = WORDS.answer(CASES[name]).headline
    assert html.startswith('<article class="answer emergency">')
    assert html.index(WORDS.red_flag_headline) < html.index(paragraphs(WORDS.emergency)) < html.index(text(headline))


def test_what_the_photo_looks_like_is_not_folded_away_below_a_red_flag() -> None:
    html = shown(CASES["sun rash"], red_flags=[RedFlag.PREGNANCY])
    assert html.startswith('<article class="answer same_day">')
    places = [html.index(part) for part in (text(WORDS.same_day_headline), 'class="photo"', "heatstroke", "<details>")]
    assert places == sorted(places)


@pytest.mark.parametrize("error", [PhotoError("damaged", "Broken."), InputError("nothing_found", "No photo.")])
def test_an_error_looks_like_an_answer_and_carries_advice_and_referral(error: PhotoError | InputError) -> None:
    html = answer_html(WORDS.answer_error(error), WORDS)
    assert paragraphs(WORDS.answer_error(error).referral) in html
    assert paragraphs(WORDS.emergency) in html
    assert text(str(error)) in html


@given(some.text())
def test_nothing_that_is_not_from_the_words_can_become_markup_or_a_template(hostile: str) -> None:
    evil = f"{hostile}<script>alert(1)</script>{{{{value}}}}${{value}}\"' onerror=x"
    html = answer_html(WORDS.answer_error(PhotoError("damaged", evil), model_version=evil), WORDS)
    assert "<script" not in html
    assert "{" not in html
    assert "$" not in html
    assert "\"' onerror" not in html


def test_texts_keep_their_paragraphs_and_lists() -> None:
    assert paragraphs("Call if:\n- fever\n- a <b>\n\nDo not wait.") == (
        "<p>Call if:</p><ul><li>fever</li><li>a &lt;b&gt;</li></ul><p>Do not wait.</p>"
    )


def test_what_stands_beside_foreign_error_messages_carries_the_referral() -> None:
    referral = WORDS.answer_error(InputError("nothing_found", "No photo.")).referral
    assert paragraphs(referral) in trouble_html(WORDS)
    assert paragraphs(WORDS.emergency) in red_flags_html(WORDS, [RedFlag.BREATHING_OR_COLOUR])
    assert red_flags_html(WORDS, []) == ""
