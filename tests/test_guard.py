"""The guard answers what the page never asks, caps sizes, and marks every response."""

from __future__ import annotations

import httpx
import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from app.guard import HEADERS, MAX_FILE_BYTES, Guard
from app.refusals import Refusals

REFUSALS = {
    "": Refusals(too_large="too large: see a doctor", busy="busy: see a doctor"),
    "/es": Refusals(too_large="pesa demasiado: vaya al médico", busy="ocupada: vaya al médico"),
}


async def behind(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("behind")(scope, receive, send)


async def ask(method: str, path: str, *, busy: bool = False, **headers: str) -> httpx.Response:
    guard = Guard(behind, refusals=REFUSALS, is_busy=lambda: busy)
    transport = httpx.ASGITransport(guard)
    async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "path", ["/", "/config", "/healthz", "/theme.css", "/assets/a.js", "/gradio_api/file=/a.png", "/es/", "/es/config"]
)
async def test_what_the_page_asks_goes_through_and_is_marked(path: str) -> None:
    response = await ask("GET", path)
    assert response.text == "behind"
    assert {name: response.headers[name] for name in HEADERS} == dict(HEADERS)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/docs"),
        ("GET", "/monitoring"),
        ("GET", "/monitoring/summary"),
        ("GET", "/gradio_api/runs"),
        ("GET", "/gradio_api/run-history/records"),
        ("GET", "/gradio_api/file=http://example.org/a.png"),
        ("GET", "/gradio_api/file=relative.png"),
        ("GET", "/gradio_api/proxy=http://example.org/a.png"),
        ("GET", "/gradio_api/dev/reload"),
        ("POST", "/gradio_api/run/look"),
        ("POST", "/gradio_api/api/look"),
        ("POST", "/gradio_api/component_server"),
        ("POST", "/gradio_api/process_recording"),
        ("POST", "/gradio_api/vibe-edit"),
        ("POST", "/login"),
        ("GET", "/es/monitoring"),
        ("GET", "/fr/"),
        ("GET", "/estonia"),
        ("DELETE", "/"),
        ("OPTIONS", "/gradio_api/upload"),
    ],
)
async def test_what_the_page_never_asks_does_not_exist(method: str, path: str) -> None:
    response = await ask(method, path)
    assert response.status_code == 404
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("path", "length", "status"),
    [
        ("/gradio_api/upload", str(MAX_FILE_BYTES), 200),
        ("/gradio_api/upload", str(MAX_FILE_BYTES + 100_000), 413),
        ("/gradio_api/upload", "-1", 413),
        ("/gradio_api/upload", "²", 413),
        ("/gradio_api/queue/join", "1000", 200),
        ("/gradio_api/queue/join", "1000000", 413),
        ("/es/gradio_api/upload", str(MAX_FILE_BYTES + 100_000), 413),
    ],
)
async def test_bodies_are_capped_before_they_are_read(path: str, length: str, status: int) -> None:
    guard = Guard(behind, refusals=REFUSALS, is_busy=lambda: False)
    sent: list[dict[str, object]] = []
    scope = {"type": "http", "method": "POST", "path": path, "headers": [(b"content-length", length.encode("latin-1"))]}

    async def receive() -> dict[str, object]:
        raise AssertionError("the body was read")

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    await guard(scope, receive, send)
    assert sent[0]["status"] == status
    said = REFUSALS["/es" if path.startswith("/es/") else ""].too_large
    assert status != 413 or sent[1]["body"] == said.encode()


@pytest.mark.anyio
async def test_a_body_of_unknown_length_is_refused() -> None:
    response = await ask("POST", "/gradio_api/upload", **{"transfer-encoding": "chunked"})
    assert response.status_code == 411


@pytest.mark.anyio
async def test_a_full_queue_says_so_with_the_referral() -> None:
    response = await ask("POST", "/gradio_api/queue/join", busy=True)
    assert response.status_code == 503
    assert response.json() == {"detail": "busy: see a doctor"}
    assert (await ask("GET", "/", busy=True)).status_code == 200
