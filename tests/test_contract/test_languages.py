"""Every language says the same: the same keys, the same emergency content, plain words, and nothing unsafe."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import textstat
from hypothesis import example, given
from hypothesis import strategies as some

from app.answers.languages import Language, preferred, shipped_words
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from model.errors import ClusterError, InputError, ModelError, OutputError, PhotoError, RedspotsError, WordsError
from tests.support.never_said import NEVER_SAID
from tests.support.words_files import Key, shipped_tables, text_keys

TABLES = {language: shipped_tables(language) for language in Language}
ENGLISH = TABLES[Language.ENGLISH]
OTHERS = [language for language in Language if language is not Language.ENGLISH]
NO_PROSE = {"sources", "language", "language_name"}
TEXTS = [key for key in text_keys(ENGLISH) if key[0] not in NO_PROSE and key[-1] != "urgency"]

EMERGENCY_NUMBERS = {
    Language.ENGLISH: {"999", "112", "911"},
    Language.SPANISH: {"112", "911", "123", "131"},
    Language.PORTUGUESE: {"192", "112"},
}
HELPLINES = {Language.ENGLISH: {"111"}}
"""Numbers of medical helplines, which not every country has."""

SIGNS = [
    (
        "and a fever, shivering or feeling very ill",
        "con fiebre, escalofríos o mucho malestar",
        "com febre, calafrios ou muito",
    ),
    (
        "new spots that do not fade under a glass",
        "manchas nuevas que no desaparecen al apretarlas",
        "manchas novas que não somem",
    ),
    ("in a child under 5, even if", "en un menor de 5 años, aunque", "em uma criança com menos de 5 anos, mesmo"),
    (
        "spread or join up within hours",
        "se extienden o se juntan en pocas horas",
        "se espalham ou se juntam em poucas horas",
    ),
    (
        "turn black, blister or hurt badly",
        "se ponen negros, hacen ampollas o duelen",
        "ficam pretos, fazem bolhas ou doem",
    ),
    ("confused", "confusión", "confusão"),
    ("slurred speech", "dificultad para hablar", "dificuldade para falar"),
    ("a fit", "convulsiones", "convulsão"),
    ("fainting", "desmayo", "desmaio"),
    ("floppy", "cuerpo flojo", "corpo mole"),
    ("hard to wake", "cuesta despertar", "difícil de acordar"),
    ("trouble breathing", "dificultad para respirar", "dificuldade para respirar"),
    ("very fast breathing", "respiración muy rápida", "respiração muito rápida"),
    (
        "swollen lips, face, tongue or throat",
        "labios, cara, lengua o garganta hinchados",
        "lábios, rosto, língua ou garganta inchados",
    ),
    (
        "skin all over, lips or tongue that look",
        "la piel de todo el cuerpo, los labios o la lengua",
        "a pele do corpo todo, os lábios ou a língua",
    ),
    (
        "blue, grey, very pale or marbled",
        "azulados, grises, muy pálidos o con aspecto de mármol",
        "azulados, cinzentos, muito pálidos ou com aspecto de mármore",
    ),
    ("very cold hands and feet", "manos y pies muy fríos", "mãos e pés muito frios"),
    (
        "bad pain in arms, legs, joints or muscles",
        "dolor fuerte en brazos, piernas, articulaciones",
        "dor forte nos braços, pernas, juntas",
    ),
    ("stiff neck", "cuello rígido", "pescoço duro"),
    ("very bad headache", "dolor de cabeza muy fuerte", "dor de cabeça muito forte"),
    ("light that hurts", "molestia con la luz", "incômodo com a luz"),
    ("bleeding that does not stop", "sangrado que no para", "sangramento que não para"),
    ("vomiting blood", "vómito con sangre", "vômito com sangue"),
    ("black poo", "heces negras", "fezes pretas"),
    ("gums", "encías", "gengiva"),
    ("nose", "nariz", "nariz"),
    ("urine", "orina", "urina"),
    ("blistering or peeling skin", "ampollas o piel que se pela", "bolhas ou pele que descasca"),
    ("under 3 months with 38 °C", "menos de 3 meses con 38 °C", "menos de 3 meses e 38 °C"),
    ("bulging soft spot", "mollera abultada", "moleira alta"),
    ("strange cry", "llanto raro", "choro estranho"),
    ("will not feed", "no quiere comer", "não quer mamar"),
    ("cancer treatment", "tratamiento contra el cáncer", "tratamento de um câncer"),
    ("transplant", "trasplante", "transplante"),
    ("without a spleen", "sin bazo", "sem baço"),
    ("a blow to the head", "golpe en la cabeza", "pancada na cabeça"),
    ("blood thinners", "anticoagulantes", "anticoagulantes"),
    ("pressure on the neck", "presión en el cuello", "pressão no pescoço"),
    ("birth in the last 6 weeks", "parto en las últimas 6 semanas", "parto nas últimas 6 semanas"),
    ("trouble seeing", "problemas de visión", "problemas de visão"),
    ("under the ribs", "bajo las costillas", "embaixo das costelas"),
    ("sudden swelling", "hinchazón repentina", "inchaço de repente"),
    ("older child or teenager", "niño mayor o un adolescente", "criança maior ou um adolescente"),
    ("do not wait for an appointment", "no espere a tener cita", "não espere por uma consulta"),
    ("no urine for a day", "un día sin orinar", "um dia sem urinar"),
    ("vomiting all the time", "vómitos todo el tiempo", "vômitos o tempo todo"),
    (
        "go to the nearest emergency department",
        "vaya a urgencias (emergencias, guardia)",
        "vá ao pronto-socorro mais próximo",
    ),
    ("Do not wait for spots", "No espere a que salgan manchas", "Não espere as manchas aparecerem"),
    ("Trust your feeling", "Confíe en su intuición", "Confie no que você sente"),
    ("normal temperature does not", "temperatura normal no basta", "temperatura normal não basta"),
    ("palms", "palmas", "palmas"),
    ("soles", "plantas", "plantas"),
    ("eyelids", "párpados", "pálpebras"),
    ("roof of the mouth", "paladar", "céu da boca"),
]
"""Signs of an emergency, and words around them, in the order of `Language`."""

NAMES = re.compile(
    r"\b(?:petechiae|purpura|ecchymosis|angiomas?|meningococcal disease|sepsis|(IgA )?vasculitis|leukaemia|amyloidosis"
    r"|von Willebrand disease|polymorphic light eruption|pyogenic granuloma|melanoma|porphyria|lupus|heatstroke"
    r"|paracetamol|acetaminophen|ibuprofen|aspirin|chemotherapy|ITP|SPF|GP"
    r"|petequias|púrpura|equimosis|enfermedad meningocócica|vasculitis( por IgA)?|leucemia|amiloidosis"
    r"|enfermedad de von Willebrand|erupción polimorfa|granuloma piógeno|porfiria|acetaminofén|ibuprofeno|aspirina"
    r"|quimioterapia|PTI|FPS"
    r"|thrombocytopenia|rheumatoid arthritis|Henoch-Schönlein purpura|haemophilia|radiotherapy|naproxen|TTP|DIC|HSP"
    r"|warfarin|apixaban|rivaroxaban|heparin|clopidogrel|doxycycline|thiazides|amiodarone|ketoprofen|methotrexate"
    r"|isotretinoin|St John's wort"
    r"|trombocitopenia|artritis reumatoide|púrpura de Schönlein-Henoch|hemofilia|radioterapia|naproxeno|PTT|CID"
    r"|warfarina|acenocumarol|apixabán|rivaroxabán|heparina|doxiciclina|tiazidas|amiodarona|ketoprofeno|metotrexato"
    r"|isotretinoína|hierba de San Juan|angioma en cereza|punto rubí"
    r"|petéquias|doença meningocócica|sepse|vasculite( por IgA)?|leucemia|amiloidose|doença de von Willebrand"
    r"|erupção polimorfa à luz|granuloma piogênico|porfiria|acetaminofeno|quimioterapia|CIVD|artrite reumatoide"
    r"|púrpura de Henoch-Schönlein|varfarina|apixabana|rivaroxabana|cetoprofeno|erva-de-são-joão|AAS|UPA|SAMU)\b",
    re.IGNORECASE,
)
"""Names of illnesses and medicines: nothing simpler says the same."""

MUST_SAY = {
    Language.ENGLISH: (
        ("petechiae", "now", "do not take aspirin, ibuprofen or naproxen"),
        ("purpura", "now", "do not take aspirin, ibuprofen or naproxen"),
        ("bleeding_spots", "now", "do not take aspirin, ibuprofen or naproxen"),
        ("not_sure", "now", "do not take aspirin, ibuprofen or naproxen"),
        ("could_not_read", "now", "do not take aspirin, ibuprofen or naproxen"),
        ("petechiae", "who", "A baby who cannot roll or crawl yet"),
        ("purpura", "who", "A baby who cannot roll or crawl yet"),
        ("bleeding_spots", "who", "A baby who cannot roll or crawl yet"),
        ("petechiae", "causes", "someone hurting you"),
        ("petechiae", "causes", "above the nipples only"),
        ("petechiae", "causes", "dengue"),
        ("petechiae", "causes", "vitamin B12 or folate"),
        ("purpura", "causes", "A viral infection"),
        ("purpura", "causes", "Henoch-Schönlein purpura"),
        ("purpura", "emergency", "swollen scrotum"),
        ("petechiae", "treatment", "The spots themselves are not treated"),
        ("purpura", "treatment", "The spots themselves are not treated"),
        ("bleeding_spots", "treatment", "The spots themselves are not treated"),
        ("cherry_angioma", "treatment", "Only a clinician should do it"),
        ("cherry_angioma", "now", "Never freeze, cut or burn it yourself"),
        ("sun_rash", "treatment", "steroid cream"),
        ("sun_rash", "now", "shade, clothes and sunscreen"),
        ("sun_rash", "now", "Not ibuprofen if any spot does not fade"),
        ("sun_rash", "what", "stays where light reached the skin"),
    ),
    Language.SPANISH: (
        ("petechiae", "now", "no tome aspirina, ibuprofeno ni naproxeno"),
        ("purpura", "now", "no tome aspirina, ibuprofeno ni naproxeno"),
        ("bleeding_spots", "now", "no tome aspirina, ibuprofeno ni naproxeno"),
        ("not_sure", "now", "no tome aspirina, ibuprofeno ni naproxeno"),
        ("could_not_read", "now", "no tome aspirina, ibuprofeno ni naproxeno"),
        ("petechiae", "who", "Un bebé que aún no se da la vuelta ni gatea"),
        ("petechiae", "causes", "alguien que le hace daño"),
        ("petechiae", "causes", "dengue"),
        ("petechiae", "now", "cuando baja la fiebre"),
        ("purpura", "causes", "púrpura de Schönlein-Henoch"),
        ("purpura", "emergency", "escroto hinchado"),
        ("petechiae", "treatment", "Las manchas no se tratan"),
        ("cherry_angioma", "treatment", "Solo debe hacerlo un profesional médico"),
        ("cherry_angioma", "what", "punto rubí"),
        ("sun_rash", "now", "sombra, ropa y protector solar"),
        ("sun_rash", "what", "erupción polimorfa lumínica (alergia al sol)"),
    ),
    Language.PORTUGUESE: (
        ("petechiae", "now", "não tome AAS (aspirina), ibuprofeno nem naproxeno"),
        ("purpura", "now", "não tome AAS (aspirina), ibuprofeno nem naproxeno"),
        ("bleeding_spots", "now", "não tome AAS (aspirina), ibuprofeno nem naproxeno"),
        ("not_sure", "now", "não tome AAS (aspirina), ibuprofeno nem naproxeno"),
        ("could_not_read", "now", "não tome AAS (aspirina), ibuprofeno nem naproxeno"),
        ("petechiae", "who", "Um bebê que ainda não rola nem engatinha"),
        ("petechiae", "causes", "alguém que machuca você"),
        ("petechiae", "causes", "dengue"),
        ("petechiae", "now", "quando a febre baixa"),
        ("purpura", "causes", "púrpura de Henoch-Schönlein"),
        ("purpura", "emergency", "saco escrotal inchado"),
        ("petechiae", "treatment", "As manchas não são tratadas"),
        ("cherry_angioma", "treatment", "Só um médico deve fazer isso"),
        ("sun_rash", "now", "sombra, roupa e protetor solar"),
    ),
}
"""Warnings and treatments by answer and section, which nobody may lose in an edit."""


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
    """Return the numbers of a text but for those to call, in order of size; 1,329 is 1329."""
    found = re.findall(r"\d+(?:[.,]\d+)*", text)
    to_call = EMERGENCY_NUMBERS[language] | HELPLINES.get(language, set())
    return sorted({number.replace(",", "") for number in found} - to_call)


def measure(text: str, language: Language) -> float:
    """Return how hard a text is by the measure of its language, as far above its limit; 0 or less is plain enough."""
    textstat.set_lang({Language.ENGLISH: "en_US"}.get(language, language.value))
    if language is Language.ENGLISH:
        return textstat.flesch_kincaid_grade(text) - 8
    if language is Language.SPANISH:
        # Fernández Huerta (1959): from 60 on it is for everyone, above 70 easy. Flesch and Kincaid measured English.
        return 65 - textstat.fernandez_huerta(text)
    # Martins, Ghiraldelo, Nunes and Oliveira (1996) for Brazil: 50 to 75 is easy, what eight years of school read.
    words = textstat.lexicon_count(text)
    length, syllables = words / textstat.sentence_count(text), textstat.syllable_count(text) / words
    return 65 - (248.835 - 1.015 * length - 84.6 * syllables)


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


@pytest.mark.parametrize("language", OTHERS)
def test_every_language_has_the_same_keys(language: Language) -> None:
    own = {key for key in leaves(TABLES[language]) if key[0] not in {"errors", "sources"}}
    assert own == {key for key in leaves(ENGLISH) if key[0] != "sources"}
    assert {key for key in leaves(TABLES[language]) if key[0] == "errors"}


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("key", TEXTS, ids=".".join)
def test_a_translation_has_the_same_paragraphs_items_and_numbers(key: Key, language: Language) -> None:
    english, other = value(ENGLISH, key), value(TABLES[language], key)
    assert english != other or (key[0] == "page" and key[-1] in {"share", "title"})
    assert len(english.strip().split("\n\n")) == len(other.strip().split("\n\n"))
    assert english.count("\n- ") == other.count("\n- ")
    assert numbers(english, Language.ENGLISH) == numbers(other, language)
    assert calls(english, Language.ENGLISH) == calls(other, language)


def calls(text: str, language: Language) -> bool:
    """Return whether a text gives a number of the emergency services."""
    return any(re.search(rf"\b{number}\b", text) for number in EMERGENCY_NUMBERS[language])


@pytest.mark.parametrize("language", OTHERS)
def test_lists_that_are_not_texts_are_the_same(language: Language) -> None:
    other = TABLES[language]
    for key in {key for key in leaves(ENGLISH) if key[0] != "sources"} - set(text_keys(ENGLISH)):
        # A language may add pages that its readers can read.
        assert set(value(ENGLISH, key)) <= set(value(other, key)), key
        assert all(name.startswith(f"{language}_") for name in set(value(other, key)) - set(value(ENGLISH, key))), key
    for id_ in ENGLISH["answer"]:
        assert ENGLISH["answer"][id_]["urgency"] == other["answer"][id_]["urgency"]
    assert {name: source for name, source in other["sources"].items() if name in ENGLISH["sources"]} == ENGLISH[
        "sources"
    ]


@pytest.mark.parametrize("language", Language)
def test_every_source_is_named_by_an_answer_and_leads_to_its_page(language: Language) -> None:
    words = Words.read(shipped_words(language))
    named = {source for entry in words.entries.values() for source in entry.sources} | set(words.red_flag_sources)
    assert len(named) == len(TABLES[language]["sources"])
    for source in named:
        assert source.url.startswith("https://")
        assert source.publisher
        assert source.language in {"en", language.value}
        assert source.line.endswith(source.url)


def test_the_emergency_paragraph_names_every_sign_in_every_language() -> None:
    for place, language in enumerate(Language):
        words = Words.read(shipped_words(language))
        for sign in SIGNS:
            assert sign[place] in words.emergency
        for text in (words.emergency, words.red_flag_advice):
            assert all(number in text for number in EMERGENCY_NUMBERS[language])
        assert text_of_a_box(words, "breathing_or_colour", SIGNS[15][place])


def text_of_a_box(words: Words, flag: str, sign: str) -> bool:
    return sign in " ".join(words.red_flags[RedFlag(flag)].split())


@pytest.mark.parametrize(
    ("language", "name", "text"),
    [(language, *part) for language in Language for part in measured(language)],
    ids=lambda part: str(part)[:50],
)
def test_every_text_is_plain(language: Language, name: str, text: str) -> None:
    assert measure(text, language) <= 0, (name, text)


@pytest.mark.parametrize("language", Language)
def test_sentences_are_short(language: Language) -> None:
    for key in TEXTS:
        for sentence in re.split(r"[.!?:;]\s+|\n- |\n\n", value(TABLES[language], key)):
            assert len(sentence.split()) <= 30, (key, sentence)


@pytest.mark.parametrize(
    ("language", "phrase"), [(language, phrase) for language, phrases in NEVER_SAID.items() for phrase in phrases]
)
def test_no_text_reassures_or_repeats_a_known_mistake(language: Language, phrase: str) -> None:
    texts = " ".join(" ".join(value(TABLES[language], key).split()) for key in TEXTS)
    found = re.search(phrase, texts, re.IGNORECASE)
    assert found is None, found


@pytest.mark.parametrize("language", Language)
def test_what_must_be_said_is_said(language: Language) -> None:
    words = Words.read(shipped_words(language))
    for place, (id_, section, said) in enumerate(MUST_SAY[language]):
        titles = list(TABLES[language]["titles"])
        written = [key for key in titles if key in TABLES[language]["answer"][id_]["sections"]]
        text = words.entries[id_].sections[written.index(section)].text
        assert said in text, (place, id_, section, said)


@pytest.mark.parametrize("language", Language)
def test_no_clinician_has_reviewed_it_and_every_answer_says_so(language: Language) -> None:
    words = Words.read(shipped_words(language))
    said = {
        Language.ENGLISH: "No clinician has reviewed this text",
        Language.SPANISH: "Ningún médico ha revisado este texto",
        Language.PORTUGUESE: "Nenhum profissional de saúde revisou este texto",
    }
    assert said[language] in words.limits


@pytest.mark.parametrize("language", OTHERS)
def test_every_error_of_scoring_and_of_the_page_is_translated_and_still_names_the_file(language: Language) -> None:
    words = Words.read(shipped_words(language))
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
        ("pt-BR,pt;q=0.9,en;q=0.8", "pt"),
        ("pt", "pt"),
        ("pt-PT", "pt"),
        ("en;q=0.4, pt-br;q=0.9, es;q=0.8", "pt"),
    ],
)
def test_the_browsers_order_counts(header: str, language: str) -> None:
    assert preferred(header, list(Language)) == language


@given(some.text())
@example("es;q=nan")
@example("es;q=1e999")
def test_any_header_gets_a_language(header: str) -> None:
    assert preferred(header, list(Language)) in set(Language)
