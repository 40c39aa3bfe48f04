"""What else a photo may show: ids for programs, a sentence for people, and what to do where bleeding is among it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from app.answers.words import Words
from app.views.html import answer_html
from app.views.row import row
from app.views.terminal import print_answer
from model.errors import WordsError
from model.prediction import Prediction, Score
from tests.support.words_files import changed_words

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
WORDS = Words.read()
BLEEDING = WORDS.phrases["bleeding_possible"]


def prediction(category: str | None, *inside: str, members: tuple[str, ...] = ()) -> Prediction:
    scores = tuple(Score(output, 0.2) for output in OUTPUTS)
    because = () if category else ("low_score",)
    return Prediction(scores, category, 0.5 if category else None, because, (), "1.0.0", inside, members)


def told(category: str | None, *inside: str, members: tuple[str, ...] = ()) -> str:
    return WORDS.answer(prediction(category, *inside, members=members)).could_also_be


def test_what_was_named_is_left_out() -> None:
    assert told("purpura", "purpura", "other", "sun_rash", members=("purpura",)) == (
        "From this photo, it could also be: sun-related rash, something else."
    )
    assert told("purpura", "purpura", members=("purpura",)) == ""
    assert told("bleeding_spots", "purpura", "petechiae", members=("petechiae", "purpura")) == ""
    assert "something else" in told("bleeding_spots", "purpura", "other", members=("petechiae", "purpura"))


def test_without_an_answer_the_whole_set_is_told() -> None:
    assert (
        told(None, "purpura", "other")
        == "From this photo, it could be: larger bleeding spots (purpura), something else."
    )
    assert told(None) == told(None, "other") == ""


def test_an_answer_that_is_less_urgent_says_what_to_do_about_possible_bleeding() -> None:
    assert told("cherry_angioma", "cherry_angioma", "petechiae").endswith(BLEEDING)
    assert BLEEDING not in told("cherry_angioma", "cherry_angioma", "other")
    # Their own advice is for bleeding.
    assert BLEEDING not in told("petechiae", "petechiae", "purpura")
    assert BLEEDING not in told(None, "petechiae")


@given(st.sampled_from([*OUTPUTS[:-1], None]), st.permutations(OUTPUTS), st.integers(0, 5))
def test_bleeding_in_a_set_is_never_left_without_its_advice(category: str | None, order: list[str], size: int) -> None:
    answer = WORDS.answer(prediction(category, *order[:size], members=(category,) if category else ()))
    assert answer.prediction_set == tuple(order[:size])
    if {"petechiae", "purpura"} & set(answer.prediction_set):
        assert answer.urgent_advice.startswith(WORDS.emergency) or answer.could_also_be.endswith(BLEEDING)
    assert answer.referral


def test_every_surface_tells_it(tmp_path: Path) -> None:
    one = prediction("cherry_angioma", "cherry_angioma", "petechiae", "other")
    answer = WORDS.answer(one)
    console = Console(file=io.StringIO(), width=60, record=True)
    print_answer(console, "a.jpg", answer, one)
    assert answer.could_also_be in " ".join(console.export_text().split())
    page = answer_html(answer, WORDS)
    assert answer.could_also_be in page
    assert page.index(answer.referral) < page.index(answer.could_also_be)
    assert row("a.jpg", answer, one, outputs=OUTPUTS)["prediction_set"] == "cherry_angioma | petechiae | other"
    nothing = WORDS.answer(prediction("purpura"))
    assert WORDS.page["could_be_title"] not in answer_html(nothing, WORDS)
    assert row("a.jpg", nothing, prediction("purpura"), outputs=OUTPUTS)["prediction_set"] is None


def test_an_unfamiliar_photo_is_said_to_be_one() -> None:
    scores = tuple(Score(output, 0.2) for output in OUTPUTS)
    answer = WORDS.answer(Prediction(scores, None, None, ("other", "unfamiliar"), (), "1.0.0"))
    assert answer.not_sure_because == (WORDS.reasons["other"], WORDS.reasons["unfamiliar"])
    assert answer.shares == ()


@pytest.mark.parametrize("key", ["could_also_be", "could_be"])
def test_a_phrase_that_lost_its_names_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(WordsError, match=key):
        Words.read(changed_words(tmp_path, ("phrases", key), "It could be many things."))
