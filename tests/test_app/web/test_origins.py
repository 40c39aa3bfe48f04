"""Scripts of foreign pages read nothing of the page, and of the interface for programs only where they were named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.deployment import Deployment
from app.web.problems import Problem
from app.web.security.auth import Login
from app.web.security.request_filter import HEADERS
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page, upload

NAMED, FOREIGN = "https://clinic.example", "https://evil.example"
AUTH = ("clinic", "right")
# As a server that others reach: Gradio lets every origin in then.
HOST = {"Host": "redspots.example"}


@pytest.fixture(scope="module")
def closed(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("closed") / "home", login=Login(*AUTH)) as page:
        yield page


@pytest.fixture(scope="module")
def opened(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    deployment = Deployment.parse(origins=[NAMED], frame_ancestors=["self", NAMED])
    home = tmp_path_factory.mktemp("opened") / "home"
    with running_page(tiny_model, home, login=Login(*AUTH), deployment=deployment) as page:
        yield page


def allowed(response: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in response.headers.items() if name.startswith("access-control-")}


def preflight(page: RunningPage, origin: str, path: str = "/api/v1/answers") -> httpx.Response:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    return httpx.options(f"{page.url}{path}", headers={**HOST, **asked, "Origin": origin})


@pytest.mark.parametrize("origin", [NAMED, FOREIGN, "null", "http://localhost"])
def test_by_default_no_origin_may_read_anything(closed: RunningPage, origin: str) -> None:
    with httpx.Client(base_url=closed.url, auth=AUTH, headers={**HOST, "Origin": origin}) as web:
        answered = [
            web.get("/", params={"lang": "en"}),
            web.get("/config"),
            web.post("/gradio_api/upload", files={"files": ("photo.jpg", encoded(skin()))}),
            web.post("/gradio_api/call/look", json={"data": [None, [], None, None, None, None, None]}),
            web.post("/api/v1/answers", files={"photo": ("photo.jpg", encoded(skin()))}),
            web.get("/nothing"),
        ]
    assert [response.status_code for response in answered] == [200, 200, 200, 200, 200, 404]
    assert [allowed(response) for response in (*answered, preflight(closed, origin))] == [{}] * 7


def test_a_named_origin_may_use_the_interface_for_programs_alone(opened: RunningPage) -> None:
    asked = preflight(opened, NAMED)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == NAMED
    assert "POST" in asked.headers["access-control-allow-methods"]
    assert "authorization" in asked.headers["access-control-allow-headers"].lower()
    with httpx.Client(base_url=opened.url, auth=AUTH, headers={**HOST, "Origin": NAMED}) as web:
        answer = web.post("/api/v1/answers", files={"photo": ("photo.jpg", encoded(skin()))})
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == NAMED
        # The login that the browser keeps for the page is no foreign script's to use.
        assert "access-control-allow-credentials" not in answer.headers
        assert allowed(web.get("/", params={"lang": "en"})) == {}
        assert allowed(web.get("/config")) == {}
        upload(web, encoded(skin()))


@pytest.mark.parametrize(
    "origin",
    [FOREIGN, "null", f"{NAMED}.evil.example", f"{NAMED}:8443", "http://clinic.example", "https://CLINIC.example"],
)
def test_other_origins_stay_out(opened: RunningPage, origin: str) -> None:
    assert allowed(preflight(opened, origin)) == {}
    refused = preflight(opened, origin)
    assert refused.status_code == 401
    assert refused.json()["referral"]
    with httpx.Client(base_url=opened.url, auth=AUTH, headers={**HOST, "Origin": origin}) as web:
        answer = web.post("/api/v1/answers", files={"photo": ("photo.jpg", encoded(skin()))})
        assert (answer.status_code, allowed(answer)) == (200, {})


def test_a_wrong_login_of_a_named_origin_can_be_read_with_its_referral(opened: RunningPage) -> None:
    answer = httpx.post(f"{opened.url}/api/v1/answers", headers={**HOST, "Origin": NAMED})
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (401, NAMED)
    assert answer.json()["referral"]


def test_frames_are_closed_by_default_and_open_for_named_origins(closed: RunningPage, opened: RunningPage) -> None:
    shut, framed = (httpx.get(f"{page.url}/?lang=en", auth=AUTH).headers for page in (closed, opened))
    assert "frame-ancestors 'none'" in shut["Content-Security-Policy"]
    assert shut["X-Frame-Options"] == "DENY"
    assert f"frame-ancestors 'self' {NAMED}" in framed["Content-Security-Policy"]
    assert "X-Frame-Options" not in framed
    for name in HEADERS.keys() - {"Content-Security-Policy", "X-Frame-Options"}:
        assert framed[name] == shut[name] == HEADERS[name]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"Access-Control-Request-Method": "DELETE"}, 405, "method_not_allowed"),
        ({"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-other"}, 400, "malformed"),
        (
            {"Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": ",\t,"},
            405,
            "method_not_allowed",
        ),
    ],
    ids=["method", "header", "both"],
)
def test_a_preflight_that_a_named_origin_gets_wrong_carries_the_referral(
    opened: RunningPage, language: Language, asked: dict[str, str], status: int, code: str
) -> None:
    headers = {**HOST, **asked, "Origin": NAMED, "Accept-Language": language}
    response = httpx.options(f"{opened.url}/api/v1/answers", headers=headers)
    words = Words.read(shipped_words(language))
    told = Problem.model_validate(response.json())
    assert (response.status_code, told.status, told.code) == (status, status, code)
    assert (told.referral, told.intended_use) == (words.entries["could_not_read"].referral, words.intended_use)
    assert response.headers["content-language"] == language
    assert response.headers["access-control-allow-origin"] == NAMED, "its script may read why"
