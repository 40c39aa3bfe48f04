"""The interface for programs over a real server: every field of an answer, every problem with its referral."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import positive_data_acceptance

from app.answers.answer import Answer
from app.answers.languages import Language, shipped_words
from app.answers.red_flags import RedFlag
from app.answers.words import Words
from app.web.api.schemas import AnswerBody
from app.web.problems import STATUS, UNUSABLE, Problem, documented
from app.web.security.request_filter import HEADERS, MAX_FILE_BYTES
from app.web.service_limits import Limits
from model.errors import PhotoError, RequestError
from tests.support.drawing import bad_files, encoded, exif_with_place, skin
from tests.support.page_server import RunningPage, running_page

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

ROOT = Path(__file__).parents[3]
ANSWERS = "/api/v1/answers"
PHOTO = encoded(skin())
BAD_FILES = bad_files()


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.web.api.routes.PER_MINUTE", 100_000)
        with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
            yield running


@pytest.fixture
def web(page: RunningPage) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, timeout=30) as web:
        yield web


def send(web: httpx.Client, data: bytes = PHOTO, *, headers: dict[str, str] | None = None, **form: Any) -> Any:
    return web.post(ANSWERS, files={"photo": ("photo.jpg", data)}, data=form, headers=headers)


def assert_problem(response: httpx.Response, code: str, words: Words) -> Problem:
    """Return the problem after checking that it has everything that a problem must have."""
    assert response.headers["content-type"] == "application/problem+json"
    problem = Problem.model_validate(response.json())
    assert problem.code == code
    assert problem.type == f"urn:redspots:problem:{code}"
    assert response.status_code == problem.status == STATUS.get(code, UNUSABLE)
    entry = words.entries["could_not_read"]
    assert (problem.referral, problem.intended_use) == (entry.referral, words.intended_use)
    assert problem.language == words.language == response.headers["content-language"]
    assert problem.detail
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
    return problem


def test_a_photo_gets_the_answer_of_every_other_surface(page: RunningPage, web: httpx.Client) -> None:
    response = send(web).raise_for_status()
    (prediction,) = page.classifier.classify([page.classifier.read(PHOTO)])
    assert response.json() == AnswerBody.of(page.words.answer(prediction), page.words).model_dump(mode="json")
    references = response.json()["references"]
    assert [source.text for source in page.words.answer(prediction).sources] == response.json()["sources"]
    assert all(reference["url"].startswith("https://") and "checked" in reference for reference in references)
    assert response.headers["cache-control"] == "no-store"
    assert response.json()["referral"]


def test_the_body_has_every_field_of_an_answer() -> None:
    # An error is a problem, never an answer.
    own = {field.name for field in fields(Answer)} - {"error"}
    assert set(AnswerBody.model_fields) == own | {"language", "intended_use", "references", "schema_version"}


def test_a_red_flag_comes_first(page: RunningPage, web: httpx.Client) -> None:
    answer = send(web, red_flags=[RedFlag.PREGNANCY, RedFlag.SPREADING]).raise_for_status().json()
    assert (answer["headline"], answer["urgency"]) == (page.words.red_flag_headline, "emergency")
    assert answer["urgent_advice"].startswith(page.words.red_flag_advice)


def test_a_red_flag_counts_though_the_photo_cannot_be_read(page: RunningPage, web: httpx.Client) -> None:
    problem = assert_problem(send(web, b"text", red_flags=[RedFlag.UNWELL]), "not_an_image", page.words)
    assert (problem.title, problem.urgency) == (page.words.red_flag_headline, "emergency")


@pytest.mark.parametrize(
    ("form", "accepted", "language"),
    [
        ({}, "es-MX", "es"),
        ({"language": "es"}, "en", "es"),
        ({"language": "en"}, "es", "en"),
        ({}, "fr", "en"),
        ({}, "pt-BR", "pt"),
        ({"language": "pt"}, "en", "pt"),
    ],
)
def test_the_language_is_the_one_that_was_asked_for(
    web: httpx.Client, form: dict[str, str], accepted: str, language: str
) -> None:
    response = send(web, headers={"Accept-Language": accepted}, **form).raise_for_status()
    assert response.json()["language"] == response.headers["content-language"] == language


@pytest.mark.parametrize("name", BAD_FILES)
def test_every_bad_file_is_a_problem_of_its_own_code(page: RunningPage, web: httpx.Client, name: str) -> None:
    data, code = BAD_FILES[name]
    assert_problem(send(web, data), code, page.words)


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("code", "request_"),
    [
        ("no_photo", {"files": {"other": b"a"}}),
        ("no_photo", {"data": {"photo": "a"}, "files": {"other": b"a"}}),
        ("too_many_photos", {"files": [("photo", b"a"), ("photo", b"b")]}),
        ("unknown_red_flag", {"files": {"photo": PHOTO}, "data": {"red_flags": "no_referral"}}),
        ("unknown_language", {"files": {"photo": PHOTO}, "data": {"language": "fr"}}),
        ("not_a_form", {"content": b"a"}),
        ("not_a_form", {"content": b"a", "headers": {"content-type": "multipart/form-data; boundary=x"}}),
        ("file_too_large", {"files": {"photo": bytes(MAX_FILE_BYTES + 1)}}),
        ("file_too_large", {"files": {"photo": bytes(MAX_FILE_BYTES + 1_000_000)}}),
    ],
)
def test_what_was_sent_wrongly_is_a_problem_in_the_language_of_the_program(
    web: httpx.Client, language: Language, code: str, request_: dict[str, Any]
) -> None:
    headers = {**request_.get("headers", {}), "Accept-Language": language}
    response = web.post(ANSWERS, **{**request_, "headers": headers})
    words = Words.read(shipped_words(language))
    problem = assert_problem(response, code, words)
    key = "too_large" if code == "file_too_large" else f"request_{code}"
    assert problem.detail.startswith(words.page[key].partition("{")[0])


def chunked(data: bytes) -> dict[str, Any]:
    """Return what sends a form with a photo in chunks, without saying how long it is."""
    request = httpx.Request("POST", "http://page", files={"photo": data})
    body = request.read()
    pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
    return {"content": pieces, "headers": {"Content-Type": request.headers["Content-Type"]}}


def test_a_photo_in_chunks_is_answered_up_to_the_cap(page: RunningPage, web: httpx.Client) -> None:
    answer = web.post(ANSWERS, **chunked(PHOTO)).raise_for_status().json()
    assert answer["model_version"] == page.classifier.card.version
    assert_problem(web.post(ANSWERS, **chunked(bytes(MAX_FILE_BYTES + 1_000_000))), "file_too_large", page.words)


def test_addresses_and_methods_that_do_not_exist_are_problems(page: RunningPage, web: httpx.Client) -> None:
    assert_problem(web.get("/api/v1/nothing"), "not_found", page.words)
    for method in ("GET", "PUT", "DELETE"):
        response = web.request(method, ANSWERS)
        assert_problem(response, "method_not_allowed", page.words)
        assert response.headers["allow"] == "POST"


def test_too_many_at_a_time_are_told_to_wait(page: RunningPage, tiny_model: Path, tmp_path: Path) -> None:
    none = Limits(open_forms=0, wait=0.1)
    with (
        running_page(tiny_model, tmp_path / "home", classifier=page.classifier, limits=none) as full,
        httpx.Client(base_url=full.url, timeout=30) as web,
    ):
        response = send(web)
    assert_problem(response, "busy", page.words)
    assert response.headers["retry-after"] == "60"


def test_what_nobody_foresaw_is_a_problem_too(
    page: RunningPage, web: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.web.inference.Looker.answer", broken)
    assert_problem(send(web), "failed", page.words)


def test_one_address_may_send_so_many_photos_in_a_minute(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.api.routes.PER_MINUTE", 2)
    with running_page(tiny_model, tmp_path / "home") as page, httpx.Client(base_url=page.url, timeout=30) as web:
        assert [send(web).status_code for _ in range(2)] == [200, 200]
        response = send(web)
        assert "2 photos" in assert_problem(response, "too_many_requests", page.words).detail
        assert response.headers["retry-after"] == "60"
        assert web.get("/healthz").status_code == 200


def test_a_photo_of_a_program_never_touches_the_disk_and_is_not_logged(
    page: RunningPage, web: httpx.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    before = set(page.folder.rglob("*"))
    answer = send(web, encoded(skin(), exif=exif_with_place()), red_flags=[RedFlag.PREGNANCY]).raise_for_status()
    assert set(page.folder.rglob("*")) == before
    assert "SECRET-MAKER" not in answer.text
    told = capfd.readouterr()
    assert told.out + told.err == ""


def test_every_code_is_documented_and_no_other(page: RunningPage, web: httpx.Client) -> None:
    told = {code for response in documented().values() for code in str(response["description"])[9:].split(", ")}
    assert told == PhotoError.codes | RequestError.codes
    schema = web.get("/api/v1/openapi.json").raise_for_status().json()
    operation = schema["paths"]["/answers"]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]["properties"]
    assert form["red_flags"]["items"]["enum"] == list(RedFlag)
    assert form["language"]["enum"] == list(Language)
    assert schema["servers"] == [{"url": "/api/v1"}]
    assert "Not a medical device" in schema["info"]["description"]


def test_schemathesis_finds_nothing(page: RunningPage) -> None:
    schema = schemathesis.openapi.from_url(f"{page.url}/api/v1/openapi.json")
    operation = schema["/answers"]["POST"]
    # No schema can say which bytes are a photo: most of what fits it is refused, and rightly.
    excluded: list[CheckFunction] = [positive_data_acceptance]

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy())
    def call(case: schemathesis.Case) -> None:
        case.call_and_validate(excluded_checks=excluded)

    call()


def test_the_curl_example_of_the_readme_works(page: RunningPage, tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (told,) = re.findall(r"```sh\n(curl .*?)```", readme, re.DOTALL)
    command = told.replace("http://127.0.0.1:7860", page.url)
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    answer = json.loads(done.stdout)
    assert AnswerBody.model_validate(answer).referral == answer["referral"]
