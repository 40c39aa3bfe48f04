"""Who a visitor is, behind proxies: told by those that are trusted, and never by the visitor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app.answers.languages import Language, shipped_words
from app.answers.words import Words
from app.web.deployment import Deployment
from app.web.security.auth import WRONG_PER_MINUTE, Login
from app.web.security.proxies import ROOT_PATH, UNTRUSTED, Proxies
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, running_page

TRUSTING = Deployment.parse(proxies=["127.0.0.1", "10.0.0.0/8", "fd00::/8"], root_path="/red/spots")
HEADERS = st.dictionaries(
    st.sampled_from(["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix", "Forwarded"]),
    st.text(st.characters(max_codepoint=255), max_size=40),
)


def passed(headers: dict[str, str], *, peer: str, path: str = "/", deployment: Deployment = TRUSTING) -> Scope:
    """Return the scope that comes out for a request of a peer."""
    found: list[Scope] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        found.append(scope)

    async def nothing(*args: Any) -> Any:
        return {}

    raw = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "root_path": "",
        "query_string": b"",
        "client": (peer, 5000),
        "server": ("127.0.0.1", 7860),
        "headers": [(b"host", b"inside:7860"), *raw],
    }
    asyncio.run(Proxies(app, deployment=deployment)(scope, nothing, nothing))
    return found[0]


def host(scope: Scope) -> bytes:
    (value,) = [value for name, value in scope["headers"] if name == b"host"]
    return bytes(value)


@given(headers=HEADERS, peer=st.sampled_from(["192.0.2.7", "2001:db8::1", "11.0.0.1", "", "testclient"]))
def test_what_an_untrusted_peer_claims_changes_nothing_and_goes_no_further(headers: dict[str, str], peer: str) -> None:
    scope = passed(headers, peer=peer)
    assert scope["client"] == (peer, 5000)
    assert (scope["scheme"], host(scope), scope[ROOT_PATH]) == ("http", b"inside:7860", "/red/spots")
    assert [name for name, _ in scope["headers"]] == [b"host"]


@given(headers=HEADERS)
def test_whatever_a_trusted_proxy_passes_on_the_address_stays_one_and_the_host_can_stand_in_a_url(
    headers: dict[str, str],
) -> None:
    scope = passed(headers, peer="10.1.2.3")
    client = scope["client"][0]
    assert httpx.URL(f"http://{f'[{client}]' if ':' in client else client}/").host
    assert httpx.URL(f"http://{host(scope).decode('ascii')}/").host
    assert [name for name, _ in scope["headers"]] == [b"host"]


@pytest.mark.parametrize(
    ("told", "address"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("192.0.2.7:4711", "192.0.2.7"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        # The visitor wrote the first, the proxy at the border the second, one inside the third.
        ("203.0.113.9, 192.0.2.7, 10.9.9.9", "192.0.2.7"),
        ("203.0.113.9, 192.0.2.7, fd00::9, 10.9.9.9", "192.0.2.7"),
        ("10.0.0.1", "10.0.0.1"),
        ("unknown", "10.1.2.3"),
        ("192.0.2.7, _hidden", "10.1.2.3"),
        ("", "10.1.2.3"),
    ],
)
def test_the_address_is_the_last_one_that_no_trusted_proxy_has(told: str, address: str) -> None:
    assert passed({"X-Forwarded-For": told}, peer="10.1.2.3")["client"][0] == address


def test_scheme_host_and_path_of_a_trusted_proxy_count() -> None:
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.example:8443, b.example", "X-Forwarded-Prefix": "/x/"}
    scope = passed(told, peer="10.1.2.3")
    assert (scope["scheme"], host(scope), scope[ROOT_PATH]) == ("https", b"a.example:8443", "/x")
    for prefix in ("//evil.example", "/../x", "x", "https://evil.example", "/a b"):
        assert passed({"X-Forwarded-Prefix": prefix}, peer="10.1.2.3")[ROOT_PATH] == "/red/spots"


@pytest.mark.parametrize(
    ("path", "own"),
    [("/", "/"), ("/es/", "/es/"), ("/red/spots/", "/"), ("/red/spots/es/", "/es/"), ("/red/spotsx", "/red/spotsx")],
)
def test_a_proxy_may_leave_the_root_path_or_take_it_away(path: str, own: str) -> None:
    for peer in ("10.1.2.3", "192.0.2.7"):
        assert passed({}, peer=peer, path=path)["path"] == own


@pytest.fixture(scope="module")
def behind(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(
        tiny_model,
        tmp_path_factory.mktemp("behind") / "home",
        login=Login("clinic", "right"),
        deployment=Deployment.parse(proxies=["127.0.0.1"], root_path="/red/spots"),
    ) as page:
        yield page


@pytest.fixture
def open_page(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningPage]:
    # uvicorn's own way to trust a proxy, which nobody who starts `serve` has to know of.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    with running_page(tiny_model, tmp_path / "home", login=Login("clinic", "right")) as page:
        yield page


def wrong(page: RunningPage, address: str, *, password: str = "wrong") -> int:
    return httpx.get(page.url, auth=("clinic", password), headers={"X-Forwarded-For": address}).status_code


def test_wrong_passwords_of_one_visitor_lock_nobody_else_out(behind: RunningPage) -> None:
    assert [wrong(behind, "192.0.2.1") for _ in range(WRONG_PER_MINUTE + 1)] == [401] * WRONG_PER_MINUTE + [429]
    assert wrong(behind, "192.0.2.1", password="right") == 429
    assert wrong(behind, "192.0.2.2", password="right") == 200


def test_a_visitor_who_claims_another_address_each_time_is_still_one(
    open_page: RunningPage, caplog: pytest.LogCaptureFixture
) -> None:
    statuses = [wrong(open_page, f"192.0.2.{number}") for number in range(WRONG_PER_MINUTE + 1)]
    assert statuses == [401] * WRONG_PER_MINUTE + [429]
    # Once, and without anybody's address.
    assert [record.getMessage() for record in caplog.records if record.name == "app.web.security.proxies"] == [
        UNTRUSTED
    ]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("prefix", ["", "/red/spots"])
def test_below_a_path_pages_uploads_and_programs_are_answered_in_their_language(
    behind: RunningPage, prefix: str, language: Language
) -> None:
    words = Words.read(shipped_words(language))
    page = f"{prefix}/" if language is Language.ENGLISH else f"{prefix}/{language}/"
    with httpx.Client(base_url=behind.url, auth=("clinic", "right"), headers={"X-Forwarded-For": "192.0.2.3"}) as web:
        assert f'lang="{language}"' in web.get(page, params={"lang": "en"}).text
        large = web.post(f"{page}gradio_api/upload", files={"files": ("photo.jpg", bytes(16 * 1024 * 1024))})
        assert words.page["too_large"] in large.text
        answer = web.post(
            f"{prefix}/api/v1/answers",
            files={"photo": ("photo.jpg", encoded(skin()))},
            headers={"Accept-Language": language},
        )
        assert answer.status_code == 200
        assert answer.headers["Content-Language"] == language
        assert web.get(f"{prefix}/healthz").status_code == 200
        assert web.get(f"{prefix}/api/v1/openapi.json").json()["servers"] == [{"url": "/red/spots/api/v1"}]


def test_the_path_without_its_slash_leads_to_the_page(behind: RunningPage) -> None:
    for query in ("", "?lang=en"):
        response = httpx.get(f"{behind.url}/red/spots{query}", headers={"X-Forwarded-For": "192.0.2.4"})
        assert (response.status_code, response.headers["location"]) == (307, f"./spots/{query}")


def test_no_header_makes_a_page_name_another_host(behind: RunningPage, open_page: RunningPage) -> None:
    claims = ("X-Forwarded-Host", "X-Gradio-Server", "Host", "Forwarded")
    for page in (behind, open_page):
        for name in claims:
            headers = {name: "host=evil.example" if name == "Forwarded" else "evil.example"}
            for path in ("/?lang=en", "/config"):
                response = httpx.get(f"{page.url}{path}", auth=("clinic", "right"), headers=headers)
                assert response.status_code == 200
                assert "evil.example" not in response.text
                assert '"root":"."' in response.text
