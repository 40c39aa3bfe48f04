"""Words are complete, plain and careful, and an answer cannot be built without what matters in it."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from datetime import date
from html import escape
from pathlib import Path

import pytest

from app.answers.entries import ALWAYS_URGENT
from app.answers.fallback import may_lack
from app.answers.words import Answer, Section, Urgency, Words
from app.answers.words_file import is_blank
from app.views.html import answer_html
from app.views.markup import sources
from model.errors import PhotoError, WordsError
from model.prediction import Prediction, Score
from tests.support.words_files import Key, changed_words, shipped_tables, text_keys, write_words

CATEGORIES = ("petechiae", "purpura", "cherry_angioma", "sun_rash")
OUTPUTS = (*CATEGORIES, "other")
REASONS = (
    "low_score",
    "other",
    "unfamiliar",
    "no_skin",
    "grey",
    "one_hue",
    "cast",
    "too_dark",
    "too_bright",
    "blurred",
    "noisy",
    "drawn",
    "too_small",
    "flat",
    "no_finite_scores",
)
NOTES = ("first_frame", "transparency", "header_fault", "sixteen_bit", "dim", "soft", "small")
TABLES = shipped_tables()
TEXT_KEYS = list(text_keys(TABLES))
WORDS = Words.read()
EVEN = tuple(Score(output, 0.2) for output in OUTPUTS)

OPTIONAL: set[Key] = {
    ("answer", "cherry_angioma", "emergency"),
    ("answer", "sun_rash", "emergency"),
    *(key for key in TEXT_KEYS if key[0] == "sources" and key[-1] == "language"),
    *(key for key in TEXT_KEYS if key[:2] in {("answer", "not_sure"), ("answer", "could_not_read")} and len(key) == 4),
}
"""Texts without which the shared emergency paragraph stands, or one section less."""

STOOD_IN_FOR = {key for key in TEXT_KEYS if may_lack(key)} - OPTIONAL
"""Texts for which the shipped ones stand in."""


def committed(category: str, *, probability: float = 0.9) -> Prediction:
    """Return a prediction that names a category."""
    rest = (1 - probability) / (len(OUTPUTS) - 1)
    scores = tuple(Score(output, probability if output == category else rest) for output in OUTPUTS)
    return Prediction(scores, category, probability, (), (), "1.0.0")


def unsure(*reasons: str, scores: tuple[Score, ...] = EVEN) -> Prediction:
    """Return a prediction that commits to nothing."""
    return Prediction(scores, None, None, reasons, (), "1.0.0")


@pytest.fixture(scope="module")
def words() -> Words:
    """The words that ship."""
    return Words.read()


def test_the_shipped_words_have_every_category_parent_and_code(words: Words) -> None:
    words.require(CATEGORIES, ["bleeding_spots"])
    assert set(words.reasons) == set(REASONS)
    assert set(words.notes) == set(NOTES)
    assert set(words.urgencies) == set(Urgency)
    assert words.name("other") == "something else"


@pytest.mark.parametrize("category", CATEGORIES)
def test_an_answer_explains_its_category_and_names_its_sources(words: Words, category: str) -> None:
    answer = words.answer(committed(category))
    titles = shipped_tables()["titles"]
    assert [section.title for section in answer.explanation[:-1]] == list(titles.values())
    looks = answer.explanation[1].text
    assert all(re.search(tone, looks) for tone in ("[Ll]ight skin", "brown and black skin"))
    assert answer.explanation[-1] == words.glass_test
    assert answer.sources
    when = r".+, '.+' \((checked \d{4}-\d\d-\d\d|not checked yet)\)"
    assert all(re.fullmatch(when, source.text) for source in answer.sources)


def test_a_headline_has_no_number_and_the_probability_is_a_field_of_its_own(words: Words) -> None:
    answer = words.answer(committed("petechiae", probability=0.82))
    assert answer.headline == "Most like pinpoint bleeding spots (petechiae)"
    assert answer.probability == 0.82
    everything = [answer.urgent_advice, answer.referral, answer.limits, *(part.text for part in answer.explanation)]
    assert not any("82" in text for text in everything)
    assert not any(character.isnumeric() for entry in words.entries.values() for character in entry.headline)


def test_shares_are_ranked_and_a_parent_stands_with_its_sum(words: Words) -> None:
    scores = tuple(map(Score, OUTPUTS, (0.4, 0.45, 0.03, 0.02, 0.1)))
    answer = words.answer(Prediction(scores, "bleeding_spots", 0.85, (), (), "1.0.0"))
    assert [share.name for share in answer.shares[:3]] == [
        words.name(id_) for id_ in ("bleeding_spots", "purpura", "petechiae")
    ]
    assert answer.shares[0].probability == 0.85


@pytest.mark.parametrize("reason", REASONS)
def test_an_unfit_photo_has_no_shares_to_be_misread(words: Words, reason: str) -> None:
    answer = words.answer(unsure(reason))
    assert answer.not_sure_because == (words.reasons[reason],)
    assert bool(answer.shares) == (reason in {"low_score", "other"})


def test_urgency_follows_the_category(words: Words) -> None:
    urgencies = {category: words.answer(committed(category)).urgency for category in CATEGORIES}
    assert urgencies == {
        "petechiae": Urgency.SAME_DAY,
        "purpura": Urgency.SAME_DAY,
        "cherry_angioma": Urgency.ROUTINE,
        "sun_rash": Urgency.SOON,
    }
    assert "heatstroke" in words.answer(committed("sun_rash")).urgent_advice


def test_limits_say_what_the_program_is_not_and_what_a_photo_cannot_show(words: Words) -> None:
    for part in ("not a medical device", "No clinician has reviewed", "fades when you press", "how big it is"):
        assert part in words.limits
    for part in ("Research and education", "no regulator", "four categories"):
        assert part.lower() in words.intended_use.lower()


def test_only_a_cherry_angioma_is_called_usually_harmless() -> None:
    texts = {key for key in TEXT_KEYS if "harmless" in _text(key)}
    assert {key[:2] for key in texts} == {("answer", "cherry_angioma")}


@pytest.mark.parametrize("key", TEXT_KEYS, ids=".".join)
def test_a_file_that_lacks_a_text_is_refused_by_key(tmp_path: Path, key: Key) -> None:
    path = changed_words(tmp_path, key, None)
    if key in OPTIONAL:
        assert not is_blank(Words.read(path).answer(committed("sun_rash")).urgent_advice)
        return
    if key in STOOD_IN_FOR:
        words = Words.read(path)
        assert words.filled == {key}
        assert repr(".".join(key)) in words.note
        assert words.answer(committed("sun_rash")).referral == WORDS.answer(committed("sun_rash")).referral
        return
    with pytest.raises(WordsError, match=key[-1]) as caught:
        Words.read(path)
    assert caught.value.code == "missing_entry"
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("key", TEXT_KEYS, ids=".".join)
def test_a_blank_text_is_refused_anywhere(tmp_path: Path, key: Key) -> None:
    with pytest.raises(WordsError, match=re.escape(".".join(key))) as caught:
        Words.read(changed_words(tmp_path, key, " \n\t"))
    assert caught.value.code == "empty_text"


@pytest.mark.parametrize("blank", ["", " ", "\n", "...", "-", "\u200b", "\u2060\ufeff", "\u00a0"])
def test_invisible_characters_and_dots_are_no_referral(tmp_path: Path, blank: str) -> None:
    with pytest.raises(WordsError) as caught:
        Words.read(changed_words(tmp_path, ("answer", "petechiae", "referral"), blank))
    assert caught.value.code == "empty_text"


@pytest.mark.parametrize("id_", sorted(ALWAYS_URGENT))
@pytest.mark.parametrize(
    ("key", "value"), [("urgency", "routine"), ("emergency", "Take it easy."), ("urgency", "never")]
)
def test_no_file_plays_bleeding_down(tmp_path: Path, id_: str, key: str, value: str) -> None:
    with pytest.raises(WordsError, match=f"answer.{id_}.{key}"):
        Words.read(changed_words(tmp_path, ("answer", id_, key), value))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (("answer", "sun_rash", "referral"), 7),
        (("answer", "sun_rash", "headline"), "90 % sun rash"),
        (("answer", "sun_rash", "sources"), []),
        (("answer", "sun_rash", "sources"), "nhs_sunburn"),
        (("answer", "sun_rash", "sections"), "all fine"),
        (("sources", "nhs_sepsis", "checked"), "yesterday"),
        (("red_flags",), "none"),
        (("red_flags", "cough"), "A cough"),
        (("answer", "sun_rash", "urgency"), "emergency"),
        (("language",), "English, please"),
        (("phrases", "source"), "{page}"),
        (("sources", "nhs_sepsis", "url"), "javascript:alert(1)"),
        (("sources", "nhs_sepsis", "url"), "http://www.nhs.uk/"),
        (("sources", "nhs_sepsis", "url"), 'https://www.nhs.uk/" onclick="alert(1)'),
        (("page", "share"), "{chance} %"),
        (("page", "share"), "{percent"),
    ],
)
def test_a_value_of_another_kind_is_refused(tmp_path: Path, key: Key, value: object) -> None:
    with pytest.raises(WordsError, match=key[-1]) as caught:
        Words.read(changed_words(tmp_path, key, value))
    assert caught.value.code == "unreadable_words"


def test_unknown_sources_and_sections_are_refused(tmp_path: Path) -> None:
    for key, value in ((("answer", "purpura", "sources"), ["hearsay"]), (("answer", "purpura", "sections", "x"), "y")):
        with pytest.raises(WordsError) as caught:
            Words.read(changed_words(tmp_path, key, value))
        assert caught.value.code == "missing_entry"


def test_sources_without_an_address_as_in_older_files_are_shown_without_a_link(tmp_path: Path) -> None:
    old = {"page": "NHS, 'Sepsis'", "checked": date(2026, 11, 23)}
    words = Words.read(changed_words(tmp_path, ("sources", "nhs_sepsis"), old))
    answer = words.answer(committed("petechiae"))
    (source,) = [one for one in answer.sources if "Sepsis" in one.title]
    assert (source.publisher, source.url) == ("", "")
    assert source.line == source.text == "NHS, 'Sepsis' (checked 2026-11-23)"
    assert f"<li>{escape(source.text)}</li>" in sources(answer.sources)


def test_a_source_is_a_link_that_gives_nothing_away(words: Words) -> None:
    answer = words.answer(committed("sun_rash"))
    html = answer_html(answer, words)
    assert html.count("<a ") == len(answer.sources) + 1, "and the one that calls for help"
    for source in answer.sources:
        link = f'<a href="{source.url}" hreflang="en" target="_blank" rel="noreferrer">'
        assert f"{link}{escape(source.text)}</a>" in html


def test_missing_and_broken_files_are_told_apart(tmp_path: Path) -> None:
    broken, binary = tmp_path / "broken.toml", tmp_path / "binary.toml"
    broken.write_text("[answer", encoding="utf-8")
    binary.write_bytes(b"\xff\xfe\x00")
    for path, code in ((tmp_path / "none.toml", "missing_words"), *((p, "unreadable_words") for p in (broken, binary))):
        with pytest.raises(WordsError, match=re.escape(str(path))) as caught:
            Words.read(path)
        assert caught.value.code == code
    with pytest.raises(WordsError) as caught:
        Words.read(tmp_path)
    assert caught.value.code == "unreadable_words"


def test_a_category_without_words_is_refused_with_the_fix(words: Words) -> None:
    for call in (
        lambda: words.require([*CATEGORIES, "spider_angioma"]),
        lambda: words.name("spider_angioma"),
        lambda: words.answer(committed("spider_angioma")),
    ):
        with pytest.raises(WordsError, match=r"spider_angioma.*--words") as caught:
            call()
        assert caught.value.code == "missing_entry"
    with pytest.raises(WordsError, match="new_code"):
        words.answer(unsure("new_code"))


def test_a_category_of_ones_own_gets_the_emergency_paragraph_unless_it_says_more(tmp_path: Path) -> None:
    tables = shipped_tables()
    own = {**tables["answer"]["sun_rash"], "name": "spider angioma", "headline": "Most like a spider angioma"}
    del own["emergency"]
    tables["answer"]["spider_angioma"] = own
    words = Words.read(write_words(tmp_path / "own.toml", tables))
    words.require(["spider_angioma"])
    answer = words.answer(Prediction((), "spider_angioma", 0.7, (), (), "2.0.0"))
    assert answer.headline == "Most like a spider angioma"
    assert words.emergency in answer.urgent_advice


@pytest.mark.parametrize("field", ["headline", "how_soon", "urgent_advice", "referral", "limits"])
@pytest.mark.parametrize("blank", ["", " ", "\n", "\u200b", None])
def test_an_answer_cannot_lose_what_matters(words: Words, field: str, blank: str | None) -> None:
    answer = words.answer_error(PhotoError("empty", "'a.jpg' is empty; copy it again."))
    with pytest.raises(WordsError) as caught:
        replace(answer, **{field: blank})  # type: ignore[arg-type]
    assert caught.value.code == "empty_text"


def test_an_answer_is_frozen_and_its_probability_is_one(words: Words) -> None:
    answer = words.answer(committed("purpura"))
    with pytest.raises(AttributeError):
        answer.referral = "none"  # type: ignore[misc]
    for probability in (math.nan, math.inf, -0.1, 1.1, None):
        with pytest.raises(ValueError, match="probabilit"):
            replace(answer, probability=probability)


def test_an_answer_cannot_be_built_directly_without_a_referral() -> None:
    with pytest.raises(WordsError, match="referral"):
        Answer(
            headline="Not sure",
            category=None,
            probability=None,
            urgency=Urgency.ROUTINE,
            how_soon="Have it looked at",
            urgent_advice="Ask a doctor.",
            referral=" ",
            explanation=(Section("a", "b"),),
            not_sure_because=(),
            photo_notes=(),
            limits="For research.",
            sources=(),
            model_version="",
        )


def _text(key: Key) -> str:
    value = TABLES
    for name in key[:-1]:
        value = value[name]
    return str(value[key[-1]])
