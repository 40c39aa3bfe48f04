"""The safety contract: whatever happens to a photo, every surface shows the referral and the urgent advice in full.

So it does in every language, and with how soon to get help and the intended use. A surface is one function in
`SURFACES`: from a case, a language and a stage to the text that a person or a program gets.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pyarrow.parquet
import pytest
from gradio_client import Client, handle_file
from rich.console import Console
from typer.testing import CliRunner

from app.answers.heeding import heed
from app.answers.languages import Language, shipped_words
from app.answers.own_words import own_name, words_paths
from app.answers.red_flags import RedFlag, judge
from app.answers.words import Answer, Words
from app.batch.journal import Entry, Journal
from app.batch.report import report_entry, write_report
from app.batch.tables import TableWriter, parquet_part
from app.cli import _referring
from app.cli import app as command_line
from app.views.html import answer_html
from app.views.notebook import PhotoAnswer
from app.views.row import row
from app.views.terminal import print_answer
from app.web.security.request_filter import MAX_FILE_BYTES
from model.batch import Outcome
from model.card import ModelCard, sha256_of
from model.classifier import Classifier
from model.errors import RedspotsError, WordsError
from model.photo import Photo
from model.prediction import Prediction, Score
from tests.conftest import write_tiny_model
from tests.support.drawing import encoded, skin
from tests.support.own_words import ADVICE, OWN, REFERRAL, own_words
from tests.support.page_server import RunningPage, look, running_page
from tests.support.words_files import changed_words, shipped_tables, write_words

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

OUTPUTS = ("petechiae", "purpura", "cherry_angioma", "sun_rash", "other")
PARENTS = ("bleeding_spots",)
MAY_BLEED = {"petechiae", "purpura", "bleeding_spots", None}
"""Categories, and none, whose answers carry the emergency paragraph."""
SPOKEN = {language: Words.read(shipped_words(language)) for language in Language}
WORDS = SPOKEN[Language.ENGLISH]
PREFIXES = {language: "" if language is Language.ENGLISH else f"/{language}" for language in Language}


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that can become of a photo."""

    name: str
    prediction: Prediction | None = None
    error: RedspotsError | None = None

    def answer(self, language: Language) -> Answer:
        """Return the answer that the surfaces show."""
        if self.prediction is not None:
            return SPOKEN[language].answer(self.prediction)
        assert self.error is not None
        return SPOKEN[language].answer_error(self.error, model_version="1.0.0")


class Scripted(Classifier):
    """The tiny network, whose statement about a photo is put in place of its own: it would not say everything."""

    said: Prediction | RedspotsError

    def classify(self, photos: Sequence[Photo], *, evidence: bool = False) -> list[Prediction]:
        (own,) = super().classify(photos, evidence=evidence)
        if isinstance(self.said, RedspotsError):
            raise self.said
        return [replace(self.said, evidence=own.evidence)]


@dataclass(frozen=True, slots=True)
class Served:
    """A running page with its scripted network, and a program at the door of each language."""

    page: RunningPage
    network: Scripted
    clients: Mapping[Language, Client]
    photo: Path


@dataclass(frozen=True, slots=True)
class Stage:
    """What a surface may use."""

    folder: Path
    served: Served


@pytest.fixture(scope="module")
def served(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("contract")
    (home / "photo.jpg").write_bytes(encoded(skin()))
    network = Scripted.load(tiny_model)
    assert isinstance(network, Scripted)
    with running_page(tiny_model, home / "pages", classifier=network) as page:
        clients = {language: client_of(f"{page.url}{prefix}/") for language, prefix in PREFIXES.items()}
        yield Served(page, network, clients, home / "photo.jpg")
        for client in clients.values():
            client.close()


def client_of(url: str) -> Client:
    return Client(url, verbose=False, download_files=False)


@pytest.fixture
def stage(tmp_path: Path, served: Served) -> Stage:
    return Stage(tmp_path, served)


def _predicted(
    category: str | None, *, because: tuple[str, ...] = (), notes: tuple[str, ...] = (), scored: bool = True
) -> Prediction:
    scores = tuple(Score(output, 1 / len(OUTPUTS)) for output in OUTPUTS) if scored else ()
    return Prediction(scores, category, None if category is None else 0.6, because, notes, "1.0.0")


def _errors(kind: type[RedspotsError]) -> Iterator[RedspotsError]:
    yield from (kind(code, f"'a.jpg' ({code}) cannot be used; choose another.") for code in sorted(kind.codes))
    for narrower in kind.__subclasses__():
        yield from _errors(narrower)


def _cases() -> Iterator[Case]:
    for category in (*OUTPUTS[:-1], *PARENTS):
        yield Case(category, _predicted(category))
        yield Case(f"{category}, with all notes", _predicted(category, notes=tuple(WORDS.notes)))
    for reason in WORDS.reasons:
        yield Case(f"not sure: {reason}", _predicted(None, because=(reason,), scored=reason != "no_finite_scores"))
    yield Case("not sure: everything", _predicted(None, because=tuple(WORDS.reasons), notes=tuple(WORDS.notes)))
    for error in _errors(RedspotsError):
        yield Case(f"{type(error).__name__}: {error.code}", error=error)


CASES = list(_cases())


def terminal(case: Case, language: Language, stage: Stage) -> str:
    """Text on a terminal of 80 columns."""
    return _terminal(case, language, width=80)


def narrow_terminal(case: Case, language: Language, stage: Stage) -> str:
    """Text on a terminal of 40 columns."""
    return _terminal(case, language, width=40)


def csv_table(case: Case, language: Language, stage: Stage) -> str:
    """The cells of a CSV table."""
    with _table(case, language, stage.folder / "table.csv").open(encoding="utf-8", newline="") as file:
        (cells,) = csv.DictReader(file)
    return "\n".join(cells.values())


def jsonl_table(case: Case, language: Language, stage: Stage) -> str:
    """The values of a JSONL table."""
    values = json.loads(_table(case, language, stage.folder / "table.jsonl").read_text(encoding="utf-8"))
    return "\n".join(map(str, values.values()))


def parquet_table(case: Case, language: Language, stage: Stage) -> str:
    """The values of a Parquet table."""
    (values,) = pyarrow.parquet.read_table(_table(case, language, stage.folder / "table.parquet")).to_pylist()
    return "\n".join(map(str, values.values()))


def cluster_part(case: Case, language: Language, stage: Stage) -> str:
    """The values of one part of a table that a cluster makes."""
    cells = row("a.jpg", case.answer(language), case.prediction, outputs=OUTPUTS)
    data = parquet_part([cells], outputs=OUTPUTS, name="part-0")
    (values,) = pyarrow.parquet.read_table(io.BytesIO(data)).to_pylist()
    return "\n".join(map(str, values.values()))


def report(case: Case, language: Language, stage: Stage) -> str:
    """The text of an HTML report of one photo."""
    answer = case.answer(language)
    outcome = Outcome(Path("a.jpg"), case.prediction, case.error)
    with Journal.open(stage.folder / "journal", run={}, resume=False) as journal:
        cells = row("a.jpg", answer, case.prediction, outputs=OUTPUTS)
        journal.append(Entry(cells, report_entry(outcome, answer)))
        write_report(stage.folder / "report.html", journal, SPOKEN[language])
    return _text_of((stage.folder / "report.html").read_text(encoding="utf-8"))


def page(case: Case, language: Language, stage: Stage) -> str:
    """The text of the page's answer, read from its HTML as a browser would."""
    return _text_of(answer_html(case.answer(language), SPOKEN[language]))


def http_api(case: Case, language: Language, stage: Stage) -> str:
    """What a program gets that uploads a photo over HTTP."""
    said = case.prediction or case.error
    assert said is not None
    stage.served.network.said = said
    return _text_of(stage.served.clients[language].predict(handle_file(stage.served.photo), [], api_name="/look"))


def notebook(case: Case, language: Language, stage: Stage) -> str:
    """The text of the card that a notebook shows."""
    return _text_of(_answered(case, language)._repr_html_())


def python_prompt(case: Case, language: Language, stage: Stage) -> str:
    """What Python shows of an answer, alone or in a list."""
    return repr([_answered(case, language)])


SURFACES: list[Callable[[Case, Language, Stage], str]] = [
    terminal,
    narrow_terminal,
    csv_table,
    jsonl_table,
    parquet_table,
    cluster_part,
    report,
    page,
    http_api,
    notebook,
    python_prompt,
]
TABLES = {csv_table, jsonl_table, parquet_table, cluster_part}
"""Surfaces for programs: they tell the urgency by its code."""


def _in_all_languages(
    surface: Callable[[Case, Language, Stage], str], case: Case, stage: Stage
) -> Mapping[Language, str]:
    """Return what a surface shows in each language; over HTTP, everybody asks at once."""
    for language in Language:
        (stage.folder / language).mkdir()
    stages = [replace(stage, folder=stage.folder / language) for language in Language]
    with ThreadPoolExecutor(len(Language) if surface is http_api else 1) as pool:
        return dict(zip(Language, pool.map(partial(surface, case), Language, stages), strict=True))


@pytest.mark.parametrize("surface", SURFACES, ids=lambda surface: surface.__name__)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_surface_shows_referral_urgency_and_intended_use_in_full(
    surface: Callable[[Case, Language, Stage], str], case: Case, stage: Stage
) -> None:
    for language, told in _in_all_languages(surface, case, stage).items():
        words, answer = SPOKEN[language], case.answer(language)
        shown = _flat(told)
        assert _flat(answer.referral) in shown, language
        assert _flat(answer.urgent_advice) in shown, language
        assert _flat(words.intended_use) in shown, language
        assert _flat(answer.limits) in shown, language
        assert answer.headline in shown, language
        if surface in TABLES:
            assert answer.urgency.value in told.splitlines(), language
        else:
            assert answer.how_soon in shown, language
        if answer.category in MAY_BLEED:
            assert _flat(words.emergency) in shown, language
        for sentence in (*answer.not_sure_because, *answer.photo_notes):
            assert _flat(sentence) in shown, language


@pytest.mark.parametrize("case", [case for case in CASES if case.error], ids=lambda case: case.name)
def test_an_error_that_ends_the_command_carries_them_too(case: Case) -> None:
    for language in Language:
        words, answer, error = SPOKEN[language], case.answer(language), case.error
        assert error is not None
        stderr = io.StringIO()
        with redirect_stderr(stderr), pytest.raises(SystemExit) as ended, _referring(language):
            raise error
        shown = _flat(stderr.getvalue())
        assert ended.value.code == error.exit_status
        for part in (answer.how_soon, answer.urgent_advice, answer.referral, answer.limits, words.sentence(error)):
            assert _flat(part) in shown, language


@pytest.mark.parametrize("flag", [flag for flag in RedFlag if judge([flag])])
def test_red_flags_over_http_come_before_the_category(served: Served, flag: RedFlag) -> None:
    served.network.said = said = _predicted("cherry_angioma")

    def look(language: Language) -> str:
        return str(served.clients[language].predict(handle_file(served.photo), [flag.value], api_name="/look"))

    with ThreadPoolExecutor() as pool:
        told = dict(zip(Language, pool.map(look, Language), strict=True))
    for language, html in told.items():
        words = SPOKEN[language]
        answer = words.answer(said)
        shown, heeded = _flat(_text_of(html)), heed(words, answer, [flag])
        places = [shown.index(_flat(part)) for part in (heeded.headline, heeded.urgent_advice, answer.headline)]
        assert places == sorted(places), language
        for part in (answer.referral, words.intended_use, heeded.how_soon):
            assert _flat(part) in shown, language


Refused = Callable[[httpx.Client, str], str]


def too_large(web: httpx.Client, prefix: str) -> str:
    """A file over the cap."""
    response = web.post(f"{prefix}/gradio_api/upload", files={"files": ("photo.jpg", bytes(MAX_FILE_BYTES + 1))})
    assert response.status_code == 413
    return response.text


def no_photo(web: httpx.Client, prefix: str) -> str:
    """Nothing to look at."""
    (event,) = look(web, None, prefix=prefix)
    return _text_of(json.loads(event["data"])[0])


def no_photo_but_a_red_flag(web: httpx.Client, prefix: str) -> str:
    """Nothing to look at, and a sign of an emergency."""
    (event,) = look(web, None, "bleeding", prefix=prefix)
    return _text_of(json.loads(event["data"])[0])


def not_uploaded(web: httpx.Client, prefix: str) -> str:
    """A path that the page did not give out."""
    (event,) = look(web, "/etc/hostname", prefix=prefix)
    assert event["event"] == "error"
    return str(json.loads(event["data"]))


def unforeseen(web: httpx.Client, prefix: str) -> str:
    """What is no photo at all, and nothing that the page foresees."""
    (event,) = look(web, ["a", "b"], prefix=prefix)
    assert event["event"] == "error"
    return str(json.loads(event["data"]))


def unknown_red_flag(web: httpx.Client, prefix: str) -> str:
    """A box that is not there."""
    (event,) = look(web, None, "no_referral_please", prefix=prefix)
    assert event["event"] == "error"
    return str(json.loads(event["data"]))


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    "refused",
    [too_large, no_photo, no_photo_but_a_red_flag, not_uploaded, unknown_red_flag, unforeseen],
    ids=lambda refused: refused.__name__,
)
def test_what_is_refused_over_http_carries_them_too(served: Served, language: Language, refused: Refused) -> None:
    words = SPOKEN[language]
    with httpx.Client(base_url=served.page.url, timeout=30) as web:
        shown = _flat(refused(web, PREFIXES[language]))
    entry = words.entries["could_not_read"]
    soon = words.red_flag_headline if refused is no_photo_but_a_red_flag else words.urgencies[entry.urgency]
    for part in (entry.referral, words.intended_use, soon):
        assert _flat(part) in shown


class _NoScript(HTMLParser):
    """Collects the text that a browser without scripts shows: all but scripts, styles and the head."""

    SILENT = frozenset({"head", "script", "style", "template"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.SILENT:
            self.silent.append(tag)
        elif tag == "li":
            self.found.append("-")

    def handle_endtag(self, tag: str) -> None:
        if self.silent and tag == self.silent[-1]:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.found.append(data)


@pytest.mark.parametrize("language", Language)
def test_a_page_without_scripts_carries_them_too(served: Served, language: Language) -> None:
    words = SPOKEN[language]
    entry = words.entries["could_not_read"]
    response = httpx.get(f"{served.page.url}{PREFIXES[language]}/", params={"lang": language})
    reader = _NoScript()
    reader.feed(response.raise_for_status().text)
    shown = _flat(" ".join(reader.found))
    for part in (
        words.page["no_script"],
        words.emergency,
        words.urgencies[entry.urgency],
        entry.urgent_advice,
        entry.referral,
        words.limits,
        words.intended_use,
    ):
        assert _flat(part) in shown
    assert response.text.count("<noscript>") == 1


@pytest.mark.parametrize("language", Language)
def test_a_full_queue_carries_them_too(served: Served, language: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.security.queue_share.QUEUE", 0)
    words = SPOKEN[language]
    with httpx.Client(base_url=served.page.url, timeout=30) as web:
        response = web.post(f"{PREFIXES[language]}/gradio_api/call/look", json={"data": [None, []]})
    assert response.status_code == 503
    shown = _flat(response.json()["detail"])
    for part in (words.page["busy"], words.entries["could_not_read"].referral, words.intended_use):
        assert _flat(part) in shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_an_answer_that_may_be_bleeding_begins_with_the_emergency_paragraph(case: Case) -> None:
    # The others have one of their own, which asks and calls in the same words.
    begins = {
        Language.ENGLISH: (
            "Do you, or the person you care for, have one of these?",
            "Get emergency help now. Call 999, 112, 911",
        ),
        Language.SPANISH: (
            "¿Usted o la persona a la que cuida tiene alguno de estos signos?",
            "Pida ayuda de emergencia ahora. Llame",
        ),
        Language.PORTUGUESE: (
            "Você ou a pessoa de quem você cuida tem algum destes sinais?",
            "Peça ajuda de emergência agora. Ligue",
        ),
    }
    for language in Language:
        words, answer = SPOKEN[language], case.answer(language)
        assert answer.urgent_advice.startswith(words.emergency) == (answer.category in MAY_BLEED), language
        assert answer.urgent_advice.startswith(" ".join(begins[language])), language
        assert words.glass_test in answer.explanation, language


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("id_", sorted(WORDS.entries))
@pytest.mark.parametrize("key", ["referral", "advice"])
def test_no_words_file_takes_the_referral_away(tmp_path: Path, language: Language, id_: str, key: str) -> None:
    for value in (None, "", " \n ", "\u200b"):
        with pytest.raises(WordsError, match=key):
            Words.read(changed_words(tmp_path, ("answer", id_, key), value, language=language))


def _empty(folder: Path) -> Path:
    return write_words(folder / "words.toml", {})


def _without_answers(folder: Path) -> Path:
    tables = shipped_tables()
    del tables["answer"]
    return write_words(folder / "words.toml", tables)


def _without_one_category(folder: Path) -> Path:
    return changed_words(folder, ("answer", "purpura"), None)


def _without_referral(folder: Path) -> Path:
    return changed_words(folder, ("answer", "cherry_angioma", "referral"), None)


def _without_intended_use(folder: Path) -> Path:
    return changed_words(folder, ("intended_use",), " ")


def _without_emergency(folder: Path) -> Path:
    return changed_words(folder, ("emergency",), "...")


def _less_urgent(folder: Path) -> Path:
    return changed_words(folder, ("answer", "petechiae", "urgency"), "routine")


def _spanish_without_a_red_flag(folder: Path) -> Path:
    return changed_words(folder, ("red_flags", "no_fade"), None, language=Language.SPANISH)


def _portuguese_without_an_emergency(folder: Path) -> Path:
    return changed_words(folder, ("emergency",), " ", language=Language.PORTUGUESE)


@pytest.mark.parametrize(
    ("words_file", "named"),
    [
        (_empty, "answer.not_sure"),
        (_without_answers, "answer"),
        (_without_one_category, "purpura"),
        (_without_referral, "referral"),
        (_without_intended_use, "intended_use"),
        (_without_emergency, "emergency"),
        (_less_urgent, "urgency"),
        (_spanish_without_a_red_flag, "no_fade"),
        (_portuguese_without_an_emergency, "emergency"),
    ],
)
def test_the_command_refuses_words_that_would_lose_it_and_says_it_all_the_same(
    tmp_path: Path, tiny_model: Path, served: Served, words_file: Callable[[Path], Path], named: str
) -> None:
    words = str(words_file(tmp_path))
    result = CliRunner().invoke(
        command_line, ["score", str(served.photo), "--model", str(tiny_model), "--words", words]
    )
    shown = _flat(result.output)
    assert result.exit_code == 3
    assert shown.startswith("Error (")
    assert named in shown.partition(WORDS.emergency[:40])[0]
    assert _flat(WORDS.entries["could_not_read"].referral) in shown
    assert _flat(WORDS.intended_use) in shown


@pytest.mark.parametrize(
    "options",
    [["--no-referral"], ["--silent"], ["--lang", "none"], ["--words", ""], ["--lang", "es", "--words", "words.toml"]],
    ids=" ".join,
)
def test_no_option_takes_it_away(tiny_model: Path, served: Served, options: list[str]) -> None:
    result = CliRunner().invoke(command_line, ["score", str(served.photo), "--model", str(tiny_model), *options])
    assert result.exit_code in {2, 3}
    assert WORDS.answer(_predicted("petechiae")).headline not in result.output
    assert options[0] in result.output or "words" in result.output


def test_quiet_silences_no_answer(tiny_model: Path, served: Served) -> None:
    result = CliRunner().invoke(command_line, ["score", str(served.photo), "--model", str(tiny_model), "--quiet"])
    shown = _flat(result.output)
    assert result.exit_code == 0
    assert _flat(WORDS.intended_use) in shown
    (entry,) = [entry for entry in WORDS.entries.values() if entry.headline in shown]
    for part in (entry.referral, entry.urgent_advice, WORDS.urgencies[entry.urgency]):
        assert _flat(part) in shown


@pytest.fixture(scope="module")
def own_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a category of its own, and the words for it."""
    place = tmp_path_factory.mktemp("own")
    folder = write_tiny_model(place / "model", outputs=("petechiae", "purpura", "cherry_angioma", OWN, "other"))
    card = ModelCard.read(folder)
    names = []
    for language in Language:
        names.append(own_name(language))
        own_words(place, language=language).rename(folder / names[-1])
    replace(card, files={**card.files, **{name: sha256_of(folder / name) for name in names}}).write(folder)
    return folder


@pytest.fixture
def own_spoken(own_model: Path, monkeypatch: pytest.MonkeyPatch) -> Words:
    """The model's own words, in the place of the shipped ones."""
    path = words_paths(own_model, ModelCard.read(own_model), words=None, language=Language.ENGLISH)[0]
    monkeypatch.setitem(SPOKEN, Language.ENGLISH, Words.read(path))
    return SPOKEN[Language.ENGLISH]


@pytest.mark.parametrize(
    "surface", [surface for surface in SURFACES if surface is not http_api], ids=lambda surface: surface.__name__
)
def test_a_category_of_ones_own_carries_them_on_every_surface(
    own_spoken: Words, surface: Callable[[Case, Language, Stage], str], stage: Stage
) -> None:
    answer = Case(OWN, _predicted(OWN)).answer(Language.ENGLISH)
    assert (answer.category, answer.referral) == (OWN, REFERRAL)
    shown = _flat(surface(Case(OWN, _predicted(OWN)), Language.ENGLISH, stage))
    for part in (answer.referral, answer.urgent_advice, own_spoken.emergency, own_spoken.intended_use, answer.headline):
        assert _flat(part) in shown


def test_the_page_of_a_model_with_a_category_of_ones_own_carries_them(
    own_model: Path, served: Served, tmp_path: Path
) -> None:
    network = Scripted.load(own_model)
    assert isinstance(network, Scripted)
    network.said = replace(_predicted(OWN), scores=tuple(Score(output, 0.2) for output in network.card.outputs))
    spoken = [Words.read(path) for path in words_paths(own_model, network.card, words=None, language=None)]
    with running_page(own_model, tmp_path / "pages", classifier=network, words=spoken) as running:
        client = client_of(f"{running.url}/")
        shown = _flat(_text_of(client.predict(handle_file(served.photo), [], api_name="/look")))
        client.close()
    for part in (REFERRAL, ADVICE, spoken[0].emergency, spoken[0].intended_use):
        assert _flat(part) in shown


def test_the_command_line_speaks_for_such_a_model_without_an_option(own_model: Path, served: Served) -> None:
    result = CliRunner().invoke(command_line, ["score", str(served.photo), "--model", str(own_model)])
    shown = _flat(result.output)
    assert result.exit_code == 0
    assert _flat(WORDS.intended_use) in shown
    assert any(_flat(entry.referral) in shown for entry in Words.read(own_model / own_name("en")).entries.values())


@pytest.mark.parametrize("key", ["referral", "advice", "urgency"])
def test_words_of_ones_own_that_would_lose_it_close_the_model(own_model: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(WordsError, match=key):
        Words.read(own_words(tmp_path, leave=key))


class _Text(HTMLParser):
    """Collects the text of an HTML fragment."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # The words write a list item as a line that begins with a dash.
        if tag == "li":
            self.found.append("-")

    def handle_data(self, data: str) -> None:
        self.found.append(data)


def _text_of(html: str) -> str:
    reader = _Text()
    reader.feed(html)
    return " ".join(reader.found)


def _terminal(case: Case, language: Language, *, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, record=True)
    print_answer(console, "a.jpg", case.answer(language), case.prediction)
    return console.export_text()


def _answered(case: Case, language: Language) -> PhotoAnswer:
    return PhotoAnswer.of(case.answer(language), SPOKEN[language], file="a.jpg", prediction=case.prediction)


def _table(case: Case, language: Language, path: Path) -> Path:
    with TableWriter.open(path, outputs=OUTPUTS) as table:
        table.write(row("a.jpg", case.answer(language), case.prediction, outputs=OUTPUTS))
    return path


def _flat(text: str) -> str:
    """Return a text without line breaks and runs of spaces: surfaces wrap it as they must."""
    return " ".join(text.split())
