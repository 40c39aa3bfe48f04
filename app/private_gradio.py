"""`gr`: Gradio, imported with everything switched off that would report, download or remember something.

Gradio and huggingface_hub read these variables while they are imported: import `gr` from here, never Gradio itself.
"""

from __future__ import annotations

import os

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

import gradio as gr  # noqa: E402
from gradio import component_meta, route_utils  # noqa: E402
from gradio.events import EventListener  # noqa: E402
from gradio.exceptions import InvalidPathError  # noqa: E402

__all__ = ["SILENCE", "InvalidPathError", "gr"]


def _write_no_stub(component_class: type, class_name: str, events: list[str | EventListener]) -> None:
    """Do nothing, where Gradio writes a .pyi file beside every module that subclasses a component: into the package."""


component_meta.create_or_modify_pyi = _write_no_stub


def _relative_root(request: object, route_path: str, root_path: str | None) -> str:
    """Return where a page finds its own parts: beside itself, so that a proxy need not tell which address it has.

    Gradio makes an address from the request's headers, which are not what the browser sees behind a proxy.
    """
    return "."


route_utils.get_root_url = _relative_root
