"""What the page relies on of Gradio beyond its documentation: an upgrade that takes it away fails here, by name."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import gradio
import httpx
import pytest
from gradio import component_meta, processing_utils, routes, utils
from gradio.context import LocalContext
from gradio.queueing import Event, EventQueue

from app.web import gradio_setup as private_gradio
from app.web.gradio_setup import NOWHERE, TEMP, building_in, gr, guard_paths, queued_requests
from model.classifier import Classifier
from tests.support.drawing import encoded, skin
from tests.support.page_server import RunningPage, look, running_page, upload

# Gradio's queue uses options that pandas is about to drop.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio.queueing")


@pytest.fixture
def anyio_backend() -> str:
    """Gradio needs asyncio, and a running loop when a page is built."""
    return "asyncio"


@pytest.fixture(scope="module")
def two(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningPage, RunningPage]]:
    """Two applications in one process, each with a folder of its own."""
    home = tmp_path_factory.mktemp("pages")
    classifier = Classifier.load(tiny_model)
    with (
        running_page(tiny_model, home / "one", classifier=classifier) as one,
        running_page(tiny_model, home / "two", classifier=classifier) as other,
    ):
        yield one, other


def test_two_applications_in_one_process_keep_their_photos_apart(two: tuple[RunningPage, RunningPage]) -> None:
    paths = []
    for page in two:
        with httpx.Client(base_url=page.url, timeout=30) as web:
            paths.append(upload(web, encoded(skin())))
            assert Path(paths[-1]).is_relative_to(page.folder)
            assert [event["event"] for event in look(web, paths[-1])] == ["complete"]
            assert web.get(f"/gradio_api/file={paths[-1]}").status_code == 200
    for page, foreign in zip(two, reversed(paths), strict=True):
        with httpx.Client(base_url=page.url, timeout=30) as web:
            assert [event["event"] for event in look(web, foreign)] == ["error"]
            assert web.get(f"/gradio_api/file={foreign}").status_code == 403


@pytest.mark.anyio
async def test_a_page_keeps_the_folder_that_it_was_built_in(tmp_path: Path) -> None:
    with building_in(tmp_path):
        page = gr.Blocks(analytics_enabled=False)
        assert routes.DEFAULT_TEMP_DIR == os.environ[TEMP] == str(tmp_path)
    assert str(tmp_path) == page.GRADIO_CACHE
    assert routes.DEFAULT_TEMP_DIR == os.environ[TEMP] == NOWHERE


@pytest.mark.anyio
async def test_gradio_asks_for_the_folder_where_it_is_answered(tmp_path: Path) -> None:
    assert "utils.get_upload_folder()" in inspect.getsource(processing_utils._check_allowed)
    assert "get_upload_folder()" in inspect.getsource(processing_utils.check_all_files_in_cache)
    with building_in(tmp_path):
        page = gr.Blocks(analytics_enabled=False)
    assert utils.get_upload_folder() == NOWHERE
    token = LocalContext.blocks.set(page)
    try:
        assert utils.get_upload_folder() == processing_utils.get_upload_folder() == str(tmp_path)
    finally:
        LocalContext.blocks.reset(token)


def test_a_call_knows_its_page() -> None:
    assert "LocalContext.blocks.set(self)" in inspect.getsource(gr.Blocks.process_api)


def test_nothing_can_be_written_outside_of_an_application() -> None:
    with pytest.raises(OSError):
        Path(NOWHERE).mkdir(parents=True)


@pytest.mark.anyio
async def test_gradio_checks_paths_on_pages_that_were_launched_alone(tmp_path: Path) -> None:
    assert "not blocks.has_launched" in inspect.getsource(processing_utils._check_allowed)
    with building_in(tmp_path):
        page = gr.Blocks(analytics_enabled=False)
    assert page.has_launched is False
    guard_paths(page)
    assert page.has_launched is True


@pytest.mark.anyio
async def test_who_waits_in_the_queue_is_known(tmp_path: Path) -> None:
    with building_in(tmp_path), gr.Blocks(analytics_enabled=False) as page:
        page.queue(max_size=3)
    assert queued_requests(page) == []
    event = SimpleNamespace(request=object())
    page._queue.event_queue_per_concurrency_id["look"] = EventQueue("look", 1)
    page._queue.event_queue_per_concurrency_id["look"].queue.append(event)
    assert queued_requests(page) == [event.request] and len(page._queue) == 1
    assert "request" in inspect.signature(Event).parameters


def test_gradio_would_write_stubs_where_it_is_kept_from_it() -> None:
    source = inspect.getsource(component_meta)
    assert "create_or_modify_pyi(component_class" in source
    assert component_meta.create_or_modify_pyi is private_gradio._write_no_stub


def test_gradio_draws_a_subclass_as_its_parent() -> None:
    assert "is_template" in (Path(gradio.__file__).parent / "blocks.py").read_text(encoding="utf-8")


def test_the_folder_of_gradios_routes_is_read_when_a_page_is_mounted() -> None:
    assert "Path(DEFAULT_TEMP_DIR)" in inspect.getsource(routes.App.create_app)
