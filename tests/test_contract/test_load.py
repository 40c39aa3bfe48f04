"""Many people at once: each gets an answer, or a clear "busy, try again" with the referral; nothing breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from app.answers.languages import shipped_words
from app.answers.words import Words
from app.web.api.schemas import AnswerBody
from app.web.problems import Problem
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, look, running_page

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")

MANY = 50


@pytest.fixture(scope="module")
def page(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPage]:
    with running_page(tiny_model, tmp_path_factory.mktemp("pages") / "home") as running:
        yield running


def photo(seed: int) -> bytes:
    return encoded(skin(seed=seed))


def test_many_photos_at_once_on_the_page(page: RunningPage) -> None:
    busy = page.words.refuse(page.words.page["busy"])

    def visit(seed: int) -> str:
        with httpx.Client(base_url=page.url, timeout=120) as web:
            uploaded = web.post("/gradio_api/upload", files={"files": photo(seed)})
            if uploaded.status_code == 503:
                return uploaded.text
            (path,) = uploaded.raise_for_status().json()
            (event,) = look(web, path)
            assert event["event"] == "complete"
            (html,) = json.loads(event["data"])
            return str(html)

    with ThreadPoolExecutor(MANY) as pool:
        told = list(pool.map(visit, range(MANY)))
    answered = [text for text in told if text != busy]
    assert len(answered) >= MANY // 3
    assert all('class="referral"' in text for text in answered)
    assert page_is_ready(page)


def test_many_photos_at_once_from_programs(page: RunningPage) -> None:
    def ask(seed: int) -> httpx.Response:
        with httpx.Client(base_url=page.url, timeout=120) as web:
            return web.post("/api/v1/answers", files={"photo": photo(seed)})

    with ThreadPoolExecutor(MANY) as pool:
        responses = list(pool.map(ask, range(MANY)))
    answered = [response for response in responses if response.status_code == 200]
    assert len(answered) >= MANY // 3
    for response in answered:
        assert AnswerBody.model_validate(response.json()).referral
    for response in responses:
        if response not in answered:
            assert Problem.model_validate(response.json()).code == "busy"
            assert response.headers["retry-after"] == "60"
    assert page_is_ready(page)


def page_is_ready(page: RunningPage) -> bool:
    return httpx.get(f"{page.url}/readyz").json() == {"status": "ready"}


def test_a_full_queue_is_not_ready(page: RunningPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.security.queue_share.QUEUE", 0)
    assert_not_ready(page, "busy")


def test_a_folder_that_cannot_be_made_anew_is_not_ready(tiny_model: Path, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    with running_page(tiny_model, home) as running:
        home.rename(elsewhere)
        home.write_bytes(b"A file in place of the folder.")
        assert_not_ready(running, "cannot write")
        home.unlink()
        assert page_is_ready(running), "made anew"
        assert running.folder.stat().st_mode & 0o777 == 0o700


def assert_not_ready(page: RunningPage, status: str) -> None:
    response = httpx.get(f"{page.url}/readyz")
    assert (response.status_code, response.json()["status"]) == (503, status)
    referral = Words.read(shipped_words()).entries["could_not_read"].referral
    assert referral in response.json()["detail"]
