"""Levels in words: the same answer everywhere, never calmer than what is still possible, with the card's figures."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from app.answers.aggregate import most_urgent
from app.answers.answer import Answer, Urgency
from app.answers.languages import Language, shipped_words
from app.answers.levels import short
from app.answers.words import Words
from app.views.html import answer_html
from app.views.markup import text
from app.views.row import row
from app.views.terminal import print_answer
from app.web.api.schemas import AnswerBody
from model.errors import PhotoError, WordsError
from model.prediction import Level, Prediction, Record, Score
from tests.support.words_files import changed_words

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
KINDS = ("bleeding_spots", "cherry_angioma", "sun_rash")
SPOKEN = {language: Words.read(shipped_words(language)) for language in Language}
WORDS = SPOKEN[Language.ENGLISH]
ORDER = list(Urgency)


def said(
    category: str | None = None,
    *,
    could_be: tuple[str, ...] = (),
    because: tuple[str, ...] | None = None,
    record: Record | None = None,
    of: str = "",
) -> Prediction:
    reasons = because if because is not None else () if category else ("low_score",)
    ranked = tuple(Score(kind, 0.3) for kind in (*could_be, *(kind for kind in KINDS if kind not in could_be)))
    return Prediction(
        tuple(Score(output, 0.2) for output in OUTPUTS),
        category,
        0.9 if category else None,
        reasons,
        (),
        "1.0.0",
        members=(category,) if category else (),
        kinds=ranked,
        could_be=could_be,
        record=record,
        record_of=of,
    )


EACH = {
    Level.LOOKS_LIKE: said("purpura"),
    Level.COULD_BE: said(could_be=("bleeding_spots",)),
    Level.NO_MATCH: said(because=("other",)),
    Level.NOT_USABLE: Prediction((), None, None, ("blurred",), (), "1.0.0"),
}


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("level", Level)
def test_every_surface_tells_the_level_alike(level: Level, language: Language) -> None:
    words, prediction = SPOKEN[language], EACH[level]
    answer = words.answer(prediction)
    assert (answer.level, answer.level_name) == (level, words.levels[level])
    assert answer.title and answer.how_soon in answer.to_do
    console = Console(file=io.StringIO(), width=70, record=True)
    print_answer(console, "a.jpg", answer, prediction)
    shown = " ".join(console.export_text().split())
    for part in (answer.level_name, answer.title, answer.how_often):
        assert part in shown
    page = answer_html(answer, words)
    for part in (answer.level_name, answer.title, answer.how_often):
        assert text(part) in page
    cells = row("a.jpg", answer, prediction, outputs=OUTPUTS)
    assert (cells["level"], cells["schema"]) == (level.value, 2)
    body = AnswerBody.of(answer, words)
    assert (body.level, body.title, body.schema_version) == (level, answer.title, 2)


def test_what_is_possible_is_named_with_its_explanation_and_at_most_two_kinds() -> None:
    answer = WORDS.answer(said(could_be=("bleeding_spots", "cherry_angioma")))
    assert answer.headline == "Could be bleeding spots (petechiae or purpura) or cherry angioma"
    whole = " ".join(f"{part.title} {part.text}" for part in answer.explanation)
    for kind in ("bleeding_spots", "cherry_angioma"):
        for section in WORDS.entries[kind].sections:
            assert section.text in whole
        assert set(WORDS.entries[kind].sources) <= set(answer.sources)
    assert answer.not_sure_because == (
        "It fits bleeding spots (petechiae or purpura) best, but not well enough to be sure.",
    )
    cells = row("a.jpg", answer, said(could_be=("bleeding_spots", "cherry_angioma")), outputs=OUTPUTS)
    assert cells["could_be"] == "bleeding_spots | cherry_angioma"
    assert (cells["closest"], cells["closest_probability"]) == ("bleeding_spots", 0.3)
    assert cells["category"] is None


@pytest.mark.parametrize("language", Language)
def test_no_match_never_says_that_it_is_none_of_them(language: Language) -> None:
    answer = SPOKEN[language].answer(EACH[Level.NO_MATCH])
    shown = f"{answer.headline} {answer.title} {answer.meaning}".lower()
    for phrase in ("none of", "ninguno de", "ninguna de", "nenhum d", "nenhuma d"):
        assert phrase not in shown


def test_a_photo_that_is_not_usable_says_what_is_wrong_and_how_to_mend_it() -> None:
    answer = WORDS.answer(EACH[Level.NOT_USABLE])
    assert answer.title == "The photo is blurred"
    assert answer.meaning == "Hold the camera still, let it focus on the spots, and take it again."
    assert answer.fits == () and answer.closest is None
    broken = WORDS.answer_error(PhotoError("damaged", "'a.jpg' is damaged; take it again."))
    assert (broken.level, broken.title) == (Level.NOT_USABLE, broken.headline)


@pytest.mark.parametrize("level", [Level.COULD_BE, Level.NO_MATCH, Level.NOT_USABLE])
@given(possible=st.lists(st.sampled_from(KINDS), max_size=2, unique=True))
def test_a_level_never_makes_an_answer_calmer(level: Level, possible: list[str]) -> None:
    one = said(could_be=tuple(possible)) if level is Level.COULD_BE else EACH[level]
    answer = WORDS.answer(one)
    assert answer.urgency is Urgency.SAME_DAY
    assert answer.urgent_advice.startswith(WORDS.emergency)


@given(category=st.sampled_from(OUTPUTS[:-1]), possible=st.lists(st.sampled_from(KINDS), max_size=2, unique=True))
def test_an_answer_is_as_urgent_as_the_worst_kind_that_is_possible(category: str, possible: list[str]) -> None:
    answer = WORDS.answer(said(category, could_be=tuple(possible)))
    worst = min(ORDER.index(WORDS.entries[kind].urgency) for kind in (category, *possible))
    assert ORDER.index(answer.urgency) == worst
    assert answer.category == category
    if "bleeding_spots" in possible:
        assert answer.urgent_advice.startswith(WORDS.emergency)
        assert answer.how_soon == WORDS.urgencies[Urgency.SAME_DAY] and answer.how_soon in answer.to_do


@pytest.mark.parametrize("language", Language)
def test_the_figure_of_the_card_is_said_in_words(language: Language) -> None:
    words = SPOKEN[language]
    right = words.answer(said("purpura", record=Record(0.5, 0.25, 0.75, 14)))
    assert " 7 " in right.how_often and " 14 " in right.how_often
    assert "25 %" in right.how_often_range and "75 %" in right.how_often_range
    missed = words.answer(said(because=("other",), record=Record(0.7429, 0.6, 0.8, 70), of="bleeding_spots"))
    assert " 52 " in missed.how_often and " 70 " in missed.how_often
    assert short(words.name("bleeding_spots")) in missed.how_often
    assert words.answer(said("purpura")).how_often == words.phrases["right_unknown"]
    nobody = Record(None, None, None, 0)
    assert words.answer(said("purpura", record=nobody)).how_often == words.phrases["right_none"]
    assert words.answer(EACH[Level.NOT_USABLE]).how_often == ""


def test_only_what_is_named_fits_well() -> None:
    named = WORDS.answer(said("purpura"))
    assert named.fits[0].word == WORDS.fits["well"]
    assert all(WORDS.answer(said(could_be=("sun_rash",))).fits[place].word != WORDS.fits["well"] for place in range(4))
    assert {fit.category for fit in named.fits} == {*KINDS, "other"}


def test_of_several_answers_bleeding_that_is_possible_comes_before_no_match_and_unusable_photos() -> None:
    def of(*predictions: Prediction) -> int:
        return most_urgent([WORDS.answer(one) for one in predictions])

    unusable, unmatched, possible = EACH[Level.NOT_USABLE], EACH[Level.NO_MATCH], EACH[Level.COULD_BE]
    assert of(unusable, unmatched, possible) == 2
    assert of(unusable, unmatched) == 1
    assert of(said(could_be=("cherry_angioma",)), possible, EACH[Level.LOOKS_LIKE]) == 2
    assert of(said(could_be=("cherry_angioma",)), possible) == 1


def old_file(folder: Path) -> Path:
    """Return the words as a file from before levels would have them."""
    tables = changed_words(folder, ("levels",), None)
    lines = tables.read_text(encoding="utf-8").splitlines()
    newer = ('"meaning"', '"to_do"', '"treatment"', '"could_be_headline"')
    kept = [line for line in lines if not line.startswith(newer)]
    tables.write_text("\n".join(kept), encoding="utf-8")
    return tables


def test_a_words_file_from_before_levels_opens_and_says_what_stands_in(tmp_path: Path) -> None:
    words = Words.read(old_file(tmp_path))
    assert "levels.looks_like" in words.note or "more" in words.note
    assert "the shipped words stand in" in words.note and str(tmp_path) in words.note
    for prediction in EACH.values():
        mine, shipped = words.answer(prediction), WORDS.answer(prediction)
        assert (mine.level_name, mine.title, mine.to_do, mine.meaning) == (
            shipped.level_name,
            shipped.title,
            shipped.to_do,
            shipped.meaning,
        )
    assert WORDS.note == ""


@pytest.mark.parametrize("language", [Language.SPANISH, Language.PORTUGUESE])
def test_what_stands_in_is_of_the_same_language(tmp_path: Path, language: Language) -> None:
    words = Words.read(changed_words(tmp_path, ("levels",), None, language=language))
    assert words.levels == SPOKEN[language].levels


@pytest.mark.parametrize("key", ["referral", "advice", "urgency", "headline", "name"])
def test_nothing_stands_in_for_what_an_answer_must_say(tmp_path: Path, key: str) -> None:
    with pytest.raises(WordsError, match=key):
        Words.read(changed_words(tmp_path, ("answer", "purpura", key), None))


def test_a_line_on_what_to_do_keeps_how_soon(tmp_path: Path) -> None:
    with pytest.raises(WordsError, match="to_do"):
        Words.read(changed_words(tmp_path, ("answer", "purpura", "to_do"), "Wait and see"))


def test_an_answer_is_an_answer_without_a_level_too() -> None:
    answer = WORDS.answer_error(PhotoError("empty", "'a.jpg' is empty; copy it again."))
    assert isinstance(answer, Answer) and answer.level is Level.NOT_USABLE
