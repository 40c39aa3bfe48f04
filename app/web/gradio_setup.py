"""`gr`: Gradio, imported with everything switched off that would report, download or remember something.

Gradio and huggingface_hub read these variables while they are imported: import `gr` from here, never Gradio itself.
What is relied on beyond Gradio's documentation stands here too, each with a test in
tests/test_app/web/test_gradio_setup.py.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from model.no_telemetry import VARIABLES, keep_caches_out_of_home

SILENCE = {
    **{name: value for name, value in VARIABLES.items() if name.startswith(("GRADIO_", "HF_"))},
    # Sends what the page is asked to wherever the variables of OpenTelemetry say.
    "FASTAPI_OTEL_AUTO_CONFIGURE": "false",
    "GRADIO_RUN_HISTORY": "False",
    "GRADIO_SHARE": "False",
    "GRADIO_SSR_MODE": "False",
    "GRADIO_MCP_SERVER": "False",
    "HF_HUB_OFFLINE": "1",
}
os.environ.update(SILENCE)
# Gradio imports matplotlib where it is installed.
keep_caches_out_of_home()
# A path named here would be served to everyone who can reach the page.
os.environ.pop("GRADIO_ALLOWED_PATHS", None)
TEMP = "GRADIO_TEMP_DIR"
NOWHERE = str(Path(os.devnull) / "gradio")
"""No folder can be made there: outside of `building_in` Gradio must write nothing, least of all into a folder that all
users of the machine share."""
os.environ[TEMP] = NOWHERE

import gradio as gr  # noqa: E402
from fastapi import Request  # noqa: E402
from gradio import component_meta, processing_utils, route_utils, routes, utils  # noqa: E402
from gradio.context import LocalContext  # noqa: E402
from gradio.events import EventListener  # noqa: E402
from gradio.exceptions import InvalidPathError  # noqa: E402

__all__ = ["NOWHERE", "SILENCE", "TEMP", "InvalidPathError", "building_in", "gr", "guard_paths", "queued_requests"]

_building = threading.Lock()
# Without a type for mypy, to which these names are private to their modules.
_routes: Any = routes
_processing: Any = processing_utils
_utils: Any = utils
_folder_of_environment = utils.get_upload_folder


@contextmanager
def building_in(folder: Path) -> Iterator[None]:
    """Let the pages that are built in this block have a folder as Gradio's temp folder, for as long as they live.

    Gradio reads it from the environment, which is the same for all applications of a process: when a page is built,
    which is here, and when a client names a path, which `_folder_of_page` answers.
    """
    with _building:
        os.environ[TEMP] = _routes.DEFAULT_TEMP_DIR = str(folder)
        try:
            yield
        finally:
            os.environ[TEMP] = _routes.DEFAULT_TEMP_DIR = NOWHERE


def guard_paths(page: gr.Blocks) -> None:
    """Let Gradio check the paths that clients name: it does so only on pages that were launched, and none here is."""
    page.has_launched = True


def queued_requests(page: gr.Blocks) -> list[Request]:
    """Return the requests of the calls that wait for their turn on a page."""
    return [event.request for queue in page._queue.event_queue_per_concurrency_id.values() for event in queue.queue]


def _folder_of_page() -> str:
    """Return the temp folder of the page whose request this is."""
    page = LocalContext.blocks.get(None)
    return _folder_of_environment() if page is None else str(page.GRADIO_CACHE)


def _write_no_stub(component_class: type, class_name: str, events: list[str | EventListener]) -> None:
    """Do nothing, where Gradio writes a .pyi file beside every module that subclasses a component: into the package."""


component_meta.create_or_modify_pyi = _write_no_stub
_utils.get_upload_folder = _processing.get_upload_folder = _folder_of_page


def _relative_root(request: object, route_path: str, root_path: str | None) -> str:
    """Return where a page finds its own parts: beside itself, so that a proxy need not tell which address it has.

    Gradio makes an address from the request's headers, which are not what the browser sees behind a proxy.
    """
    return "."


route_utils.get_root_url = _relative_root
