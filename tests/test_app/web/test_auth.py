"""Who may use the page: others than this machine only with a login, or on purpose without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.cli import app as command_line
from app.web.problems import Problem
from app.web.security.auth import VARIABLE, WRONG_PER_MINUTE, Login, read_login, require_login
from app.web.security.request_filter import HEADERS
from model.errors import InputError
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

SPANISH = Words.read(shipped_words(Language.SPANISH))
LOGIN = Login("zoe", "pass:word")


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home", login=LOGIN) as running:
        yield running


@pytest.fixture
def web(page: RunningPage) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=page.url, timeout=30) as web:
        yield web


@pytest.mark.parametrize("path", ["/", "/es/", "/config", "/gradio_api/info", "/api/v1/openapi.json", "/assets/a.js"])
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Basic !"},
        {"Authorization": "Basic Ym9i"},
        {"Authorization": "Bearer em9lOnBhc3M6d29yZA=="},
        {"Authorization": "Basic em9lOndyb25n"},
    ],
)
def test_without_the_login_there_is_nothing_but_the_referral(
    page: RunningPage, web: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    response = web.get(path, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Basic realm="redspots"'
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)
    words = SPANISH if path.startswith("/es/") else page.words
    assert words.entries["could_not_read"].referral in (
        Problem.model_validate(response.json()).referral if path.startswith("/api/") else response.text
    )
    assert response.headers["content-language"] == words.language


def test_without_the_login_a_program_is_answered_in_its_language(web: httpx.Client) -> None:
    response = web.post("/api/v1/answers", headers={"Accept-Language": "es"})
    assert response.status_code == 401
    assert Problem.model_validate(response.json()).referral == SPANISH.entries["could_not_read"].referral


def test_nothing_can_be_uploaded_without_it(page: RunningPage, web: httpx.Client) -> None:
    for path, field in (("/gradio_api/upload", "files"), ("/api/v1/answers", "photo")):
        assert web.post(path, files={field: encoded(skin())}).status_code == 401
    assert not list(page.folder.rglob("*.png"))


def test_with_it_everything_is_there(page: RunningPage, web: httpx.Client) -> None:
    auth = httpx.BasicAuth(LOGIN.user, LOGIN.password)
    assert page.words.page["tagline"] in web.get("/", auth=auth).text
    assert web.post("/api/v1/answers", files={"photo": encoded(skin())}, auth=auth).status_code == 200


def test_guessing_is_slowed_down_for_the_guesser(tiny_model: Path, tmp_path: Path) -> None:
    with (
        running_page(tiny_model, tmp_path / "home", login=LOGIN) as page,
        httpx.Client(base_url=page.url, timeout=30) as web,
    ):
        for _ in range(3 * WRONG_PER_MINUTE):
            assert web.get("/").status_code == 401, "without a login nobody guesses"
        wrong = [web.get("/", auth=("zoe", str(number))).status_code for number in range(WRONG_PER_MINUTE + 1)]
        assert wrong == [401] * WRONG_PER_MINUTE + [429]
        for path in ("/", "/api/v1/openapi.json"):
            late = web.get(path, auth=(LOGIN.user, LOGIN.password))
            assert (late.status_code, late.headers["retry-after"]) == (429, "60")
            assert page.words.entries["could_not_read"].referral in (
                late.text if path == "/" else late.json()["referral"]
            )
        assert web.get("/healthz").status_code == 200


def test_who_watches_the_server_needs_none(web: httpx.Client) -> None:
    assert [web.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_login_is_read_from_a_file_or_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "login"
    file.write_text("zoe:pass:word\n", encoding="utf-8")
    assert read_login(file, {VARIABLE: "other:one"}) == Login("zoe", "pass:word")
    assert read_login(None, {VARIABLE: "other:one"}) == Login("other", "one")
    assert read_login(None, {}) is None
    assert "pass" not in repr(read_login(file, {}))


@pytest.mark.parametrize("content", ["", "zoe", "zoe:", ":secret", "zoë:secret", "zoe:secret\nmore", b"\xff\xfe"])
def test_what_is_no_login_is_refused_without_telling_it(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "login"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InputError, match="login") as caught:
        read_login(file, {})
    assert caught.value.code == "bad_option"
    assert "secret" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--auth-file"):
        read_login(tmp_path / "nothing", {})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_alone_needs_none(host: str) -> None:
    assert require_login(host, None, is_open=False) == ""


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "example.org", ""])
def test_others_need_one_and_there_is_a_warning_either_way(host: str) -> None:
    with pytest.raises(InputError, match="--auth-file FILE.*--no-auth"):
        require_login(host, None, is_open=False)
    assert "TLS" in require_login(host, LOGIN, is_open=False)
    assert "Everyone" in require_login(host, None, is_open=True)
    with pytest.raises(InputError, match="exclude each other"):
        require_login(host, LOGIN, is_open=True)


def test_what_a_proxy_stands_before_needs_one_wherever_it_listens() -> None:
    with pytest.raises(InputError, match="by its proxy: give --auth-file FILE.*--no-auth"):
        require_login("127.0.0.1", None, is_open=False, has_proxy=True)
    assert require_login("127.0.0.1", LOGIN, is_open=False, has_proxy=True) == ""
    assert "Everyone" in require_login("127.0.0.1", None, is_open=True, has_proxy=True)
    for is_open in (False, True):
        login = None if is_open else LOGIN
        assert "--trusted-proxy" in require_login("0.0.0.0", login, is_open=is_open)
        assert "--trusted-proxy" not in require_login("0.0.0.0", login, is_open=is_open, has_proxy=True)


def test_the_command_refuses_to_open_the_page_to_everybody_by_accident(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    result = CliRunner().invoke(command_line, ["serve", "--host", "0.0.0.0", "--model", str(tiny_model)])
    assert result.exit_code == 2
    told = " ".join(result.output.split())
    assert "give --auth-file FILE" in told
    assert "No answer does not mean you are fine" in told
