"""Every route of the application, by every method: what is refused carries the referral, in the page's language."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.routing import Mount

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.problems import Problem
from app.web.security.auth import Login
from app.web.security.request_filter import HEADERS, MAX_FILE_BYTES
from app.web.service_limits import Limits
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

METHODS = ("GET", "HEAD", "POST", "DELETE", "OPTIONS", "BREW")
NOWHERE = ("/nowhere", "/es/nowhere", "/api/v1/nowhere", "/gradio_api/file=/etc/passwd", "/es//x")
SPANISH = Words.read(shipped_words(Language.SPANISH))
OTHERS = {f"/{language}/": Words.read(shipped_words(language)) for language in Language if language != "en"}
LOGIN = Login("zoe", "secret")


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
        yield running


@pytest.fixture(scope="module")
def locked(page: RunningPage, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    home = tmp_path_factory.mktemp("locked") / "home"
    with running_page(tiny_model, home, classifier=page.classifier, login=LOGIN) as running:
        yield running


def paths_of(routes: Any, prefix: str = "") -> Iterator[str]:
    """Yield the path of every route, mounted applications included, with something in place of each parameter."""
    for route in routes:
        if isinstance(route, Mount):
            yield from paths_of(route.routes, prefix + route.path)
        elif (included := getattr(route, "original_router", None)) is not None:
            # FastAPI's included routers; the prefix of each is one of Gradio's.
            yield from paths_of(included.routes, prefix)
            yield from paths_of(included.routes, f"{prefix}/gradio_api")
        elif hasattr(route, "path"):
            yield prefix + route.path.replace("{", "").replace(":path}", "").replace("}", "")


def assert_refers(response: httpx.Response, words: Words, text: str) -> None:
    where = f"{response.request.method} {response.request.url.path}: {response.status_code} {text[:200]}"
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS), where
    assert response.headers["content-language"] == words.language, where
    if response.request.method != "HEAD":
        assert words.entries["could_not_read"].referral in text, where
        assert words.intended_use in text, where


def ask(web: httpx.Client, method: str, path: str, **options: Any) -> tuple[httpx.Response, str]:
    """Return a response and its text; of one that is no refusal, the beginning alone, since some never end."""
    with web.stream(method, path, **options) as response:
        if response.status_code < 400:
            return response, ""
        response.read()
        text = response.text
        return response, " ".join(response.json().values()) if text.startswith("{") and "detail" in text[:12] else text


@pytest.mark.parametrize("method", METHODS)
def test_every_refusal_on_every_route_carries_the_referral(page: RunningPage, method: str) -> None:
    paths = sorted(set(paths_of(page.app.routes)))
    assert {
        "/healthz",
        "/gradio_api/upload",
        "/es/gradio_api/upload",
        "/api/v1/answers",
        "/gradio_api/queue/join",
    } <= set(paths)
    refused = 0
    with httpx.Client(base_url=page.url, timeout=30, headers={"Accept-Language": "en"}) as web:
        for path in [*paths, *NOWHERE]:
            response, text = ask(web, method, path, content=b"{" if method == "POST" else None)
            if response.status_code < 400:
                continue
            refused += 1
            words = next((one for prefix, one in OTHERS.items() if f"{path}/".startswith(prefix)), page.words)
            if path.startswith("/api/v1/") and method != "HEAD":
                problem = Problem.model_validate(response.json() if "code" in response.text else {})
                assert problem.referral == words.entries["could_not_read"].referral
            else:
                assert_refers(response, words, text)
            assert "passwd" not in text
    assert refused


@pytest.mark.parametrize("prefix", ["", "/es"])
@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (400, {"files": {"other": b"a"}}),
        (400, {"content": b"a"}),
        (400, {"files": [("files", b"a"), ("files", b"b")]}),
        (413, {"files": {"files": bytes(MAX_FILE_BYTES + 1)}}),
        (413, {"files": {"files": bytes(MAX_FILE_BYTES + 1_000_000)}}),
        (413, {"headers": {"Content-Type": "multipart/form-data; boundary=x"}}),
    ],
    ids=["no file", "no form", "two files", "large", "larger", "large in chunks"],
)
def test_every_refusal_of_an_upload_carries_the_referral(
    page: RunningPage, prefix: str, status: int, request_: dict[str, Any]
) -> None:
    if "headers" in request_:
        begin = b"--x\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\n"
        request_ = {**request_, "content": iter([begin, *[bytes(1_000_000)] * 17])}
    with httpx.Client(base_url=page.url, timeout=30) as web:
        response = web.post(f"{prefix}/gradio_api/upload", **request_)
    assert response.status_code == status
    assert_refers(response, SPANISH if prefix else page.words, response.text)


@pytest.mark.parametrize("prefix", ["", "/es"])
def test_a_login_that_is_missing_or_guessed_too_often_carries_the_referral(locked: RunningPage, prefix: str) -> None:
    words = SPANISH if prefix else locked.words
    statuses = set()
    with httpx.Client(base_url=locked.url, timeout=30) as web:
        for auth in [None, *[("zoe", "wrong")] * 11]:
            response = web.get(f"{prefix}/config", auth=auth)
            statuses.add(response.status_code)
            assert_refers(response, words, response.text)
    assert statuses <= {401, 429}
    assert 429 in statuses


@pytest.mark.parametrize("path", ["/", "/es/", "/healthz", "/readyz", "/config", "/es/config", "/favicon.ico"])
def test_head_is_answered_like_get_without_a_body(page: RunningPage, path: str) -> None:
    with httpx.Client(base_url=page.url, timeout=30) as web:
        head, get = web.head(path), web.get(path)
    assert head.status_code == get.status_code
    assert head.content == b""
    for name in ("content-type", "content-length", "cache-control"):
        assert head.headers.get(name) == get.headers.get(name)


def test_a_service_that_is_not_ready_says_whom_to_see_meanwhile(
    page: RunningPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.web.security.queue_share.QUEUE", 0)
    response = httpx.get(f"{page.url}/readyz")
    assert (response.status_code, response.json()["status"]) == (503, "busy")
    assert_refers(response, page.words, response.json()["detail"])


def test_an_upload_that_waits_too_long_is_told_so(page: RunningPage, tiny_model: Path, tmp_path: Path) -> None:
    limits = Limits(open_forms=0, wait=0.2)
    with running_page(tiny_model, tmp_path / "home", classifier=page.classifier, limits=limits) as full:
        for prefix, words in (("", full.words), ("/es", SPANISH)):
            response = httpx.post(f"{full.url}{prefix}/gradio_api/upload", files={"files": encoded(skin())})
            assert (response.status_code, response.headers["retry-after"]) == (503, "60")
            assert_refers(response, words, response.text)
            assert words.page["busy"] in response.text
