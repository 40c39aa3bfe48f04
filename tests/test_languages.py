"""Every language says the same: the same keys, the same emergency content, plain words, and nothing unsafe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import textstat
from hypothesis import example, given
from hypothesis import strategies as some
from words_files import Key, shipped_tables, text_keys

from app.languages import Language, preferred, shipped_words
from app.wording import Words
from model.errors import ClusterError, InputError, ModelError, OutputError, PhotoError, RedspotsError, WordsError

ENGLISH, SPANISH = shipped_tables(), shipped_tables(Language.SPANISH)
TABLES = {Language.ENGLISH: ENGLISH, Language.SPANISH: SPANISH}
NO_PROSE = {"sources", "language", "language_name"}
TEXTS = [key for key in text_keys(ENGLISH) if key[0] not in NO_PROSE and key[-1] != "urgency"]

EMERGENCY_NUMBERS = {Language.ENGLISH: {"999", "112", "911"}, Language.SPANISH: {"112", "911", "061", "999"}}

SIGNS = {
    "fever": "fiebre",
    "feeling very unwell": "sentirse muy mal",
    "do not fade under a glass": "no desaparecen bajo un vaso",
    "confusion": "confusión",
    "slurred speech": "dificultad para hablar",
    "blue, grey, pale or blotchy skin, lips or tongue": "piel, labios o lengua azulados, grises, pálidos o con manchas",
    "trouble breathing": "dificultad para respirar",
    "hard to wake": "cuesta despertar",
    "stiff neck": "cuello rígido",
    "severe headache": "dolor de cabeza muy fuerte",
    "bright light": "luz intensa",
    "spread fast": "se extienden rápido",
    "bleeding that does not stop": "hemorragia que no para",
    "gums": "encías",
    "nose": "nariz",
    "bowel": "intestino",
    "urine": "orina",
    "Do not wait for a rash": "No espere a que aparezcan manchas",
    "palms": "palmas",
    "soles": "plantas",
    "eyelids": "párpados",
    "roof of the mouth": "paladar",
}
"""Signs of an emergency, and words around them, in English and in Spanish."""

NAMES = re.compile(
    r"petechiae|purpura|ecchymosis|angiomas?|meningococcal disease|sepsis|(IgA )?vasculitis|leukaemia|amyloidosis"
    r"|von Willebrand disease|polymorphic light eruption|pyogenic granuloma|melanoma|porphyria|lupus|heatstroke"
    r"|paracetamol|acetaminophen|ibuprofen|aspirin|chemotherapy|ITP|SPF|GP"
    r"|petequias|púrpura|equimosis|enfermedad meningocócica|vasculitis( por IgA)?|leucemia|amiloidosis"
    r"|enfermedad de von Willebrand|erupción polimorfa|granuloma piógeno|porfiria|acetaminofén|ibuprofeno|aspirina"
    r"|quimioterapia|PTI|FPS",
    re.IGNORECASE,
)
"""Names of illnesses and medicines: nothing simpler says the same."""

UNSAFE_IN_SPANISH = (
    *(
        r"\b(a)?normal",
        r"\bno es grave",
        r"\bsin riesgo",
        r"\b(es|son) segur[oa]s?\b",
        r"\bignor",
        r"\bbenign",
        r"inocu",
    ),
    *(r"no (hace|hay) (falta|que) (ir|acudir|ver|consultar)", r"no se preocupe", r"no hay (de )?qué preocuparse"),
    *(r"(?<!Por lo general es )inofensiv", r"desaparecerá", r"no es necesario (ir|acudir|ver|consultar)", r"tranquil"),
    *(r"no (son )?mortal", r"causa más frecuente", r"señal (clara|inequívoca)", r"nitrógeno líquido", r"superar"),
    *(
        r"mancha grande y plana",
        r"infecci[oó]n[^.]*\bcoágulo",
        r"(en|sobre todo en) (los )?(pies|tobillos)",
        r"\bhierro\b",
    ),
    *(r"\bgrasa\b", r"hemorragia interna", r"hemofilia", r"gran ayuda"),
)
"""What no text may say, as `UNSAFE` of test_wording.py for English."""


def value(tables: dict[str, Any], key: Key) -> Any:
    for name in key:
        tables = tables[name]
    return tables


def leaves(tables: dict[str, Any], above: Key = ()) -> Iterator[Key]:
    for name, inner in tables.items():
        if isinstance(inner, dict):
            yield from leaves(inner, (*above, name))
        else:
            yield (*above, name)


def numbers(text: str, language: Language) -> list[str]:
    """Return the numbers of a text but for the emergency ones, in order of size; 1,329 is 1329."""
    found = re.findall(r"\d+(?:[.,]\d+)*", text)
    return sorted({number.replace(",", "") for number in found} - EMERGENCY_NUMBERS[language])


def prose(text: str) -> str:
    """Return a text as sentences for a measure of readability: list items end like sentences, names are one word."""
    items = [f"{line}." if line[:2] == "- " and line[-1] not in ".?!" else line for line in _lines(text)]
    return NAMES.sub("it", " ".join(item.removeprefix("- ") for item in items)).replace(":", ".")


def _lines(text: str) -> list[str]:
    lines: list[str] = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        if line.startswith("- ") or not lines:
            lines.append(line)
        else:
            lines[-1] += f" {line}"
    return lines


def measured(language: Language) -> Iterator[tuple[str, str]]:
    """Yield every text of some length by its key, and the short ones of a table together: a label alone says little."""
    short: dict[str, list[str]] = {}
    for key in TEXTS:
        text = prose(value(TABLES[language], key))
        if len(text.split()) >= 20:
            yield ".".join(key), text
        else:
            short.setdefault(key[0], []).append(text.rstrip(".") + ".")
    for table, texts in short.items():
        if len(" ".join(texts).split()) >= 20:
            yield f"short texts of {table}", " ".join(texts)


def test_every_language_has_the_same_keys() -> None:
    assert set(leaves(SPANISH)) - {key for key in leaves(SPANISH) if key[0] == "errors"} == set(leaves(ENGLISH))


@pytest.mark.parametrize("key", TEXTS, ids=".".join)
def test_a_translation_has_the_same_paragraphs_items_and_numbers(key: Key) -> None:
    english, spanish = value(ENGLISH, key), value(SPANISH, key)
    assert english != spanish or key[0] == "page" and key[-1] in {"share", "title"}
    assert len(english.strip().split("\n\n")) == len(spanish.strip().split("\n\n"))
    assert english.count("\n- ") == spanish.count("\n- ")
    assert numbers(english, Language.ENGLISH) == numbers(spanish, Language.SPANISH)
    calls = [any(number in text for number in ("112", "911")) for text in (english, spanish)]
    assert calls[0] == calls[1]


def test_lists_that_are_not_texts_are_the_same() -> None:
    for key in set(leaves(ENGLISH)) - set(text_keys(ENGLISH)):
        assert value(ENGLISH, key) == value(SPANISH, key), key
    for id_ in ENGLISH["answer"]:
        assert ENGLISH["answer"][id_]["urgency"] == SPANISH["answer"][id_]["urgency"]
    assert ENGLISH["sources"] == SPANISH["sources"]


def test_the_emergency_paragraph_names_every_sign_in_every_language() -> None:
    spoken = {language: Words.read(shipped_words(language)) for language in Language}
    for english, spanish in SIGNS.items():
        assert english in spoken[Language.ENGLISH].emergency
        assert spanish in spoken[Language.SPANISH].emergency
    for language, words in spoken.items():
        for text in (words.emergency, words.red_flag_advice):
            assert all(number in text for number in EMERGENCY_NUMBERS[language])


@pytest.mark.parametrize(("name", "text"), list(measured(Language.ENGLISH)), ids=lambda part: part[:50])
def test_english_is_plain(name: str, text: str) -> None:
    textstat.set_lang("en_US")
    assert textstat.flesch_kincaid_grade(text) <= 8, text


@pytest.mark.parametrize(("name", "text"), list(measured(Language.SPANISH)), ids=lambda part: part[:50])
def test_spanish_is_plain(name: str, text: str) -> None:
    # Fernández Huerta (1959): from 60 on it is for everyone, above 70 easy. Flesch and Kincaid measured English.
    textstat.set_lang("es")
    assert textstat.fernandez_huerta(text) >= 65, text


@pytest.mark.parametrize("phrase", UNSAFE_IN_SPANISH)
def test_no_spanish_text_reassures_or_repeats_a_known_mistake(phrase: str) -> None:
    texts = " ".join(" ".join(value(SPANISH, key).split()) for key in TEXTS)
    found = re.search(phrase, texts, re.IGNORECASE)
    assert found is None, found


def test_every_error_of_scoring_and_of_the_page_speaks_spanish_and_still_names_the_file() -> None:
    words = Words.read(shipped_words(Language.SPANISH))
    kinds: tuple[type[RedspotsError], ...]
    kinds = (PhotoError, InputError, ModelError, WordsError, OutputError, ClusterError)
    for kind in kinds:
        for code in kind.codes:
            sentence = words.sentence(kind(code, "'it\\'s a photo.jpg' cannot be used; choose another."))
            assert words.errors[code] in sentence
            assert "'it\\'s a photo.jpg'" in sentence
    assert set(words.errors) == {code for kind in kinds for code in kind.codes}


def test_what_the_page_says_itself_is_not_translated_again() -> None:
    words = Words.read(shipped_words(Language.SPANISH))
    assert words.sentence(PhotoError("missing", words.page["expired"])) == words.page["expired"]
    assert words.sentence(PhotoError("damaged", "The photo is damaged.")) == words.errors["damaged"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("es", "es"),
        ("es-MX,es;q=0.9,en;q=0.8", "es"),
        ("en-GB,en;q=0.9,es;q=0.8", "en"),
        ("fr-FR,fr;q=0.9,es;q=0.5", "es"),
        ("fr", "en"),
        ("en;q=0.3, ES-419;q=0.7", "es"),
        ("es;q=0", "en"),
        ("es;q=high", "en"),
        ("*", "en"),
        ("estonian", "en"),
    ],
)
def test_the_browsers_order_counts(header: str, language: str) -> None:
    assert preferred(header, ["en", "es"]) == language


@given(some.text())
@example("es;q=nan")
@example("es;q=1e999")
def test_any_header_gets_a_language(header: str) -> None:
    assert preferred(header, ["en", "es"]) in {"en", "es"}
