"""What a page runs when it loads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.answers.words import Words
from app.web.page import gradio_texts

SCRIPT = Path(__file__).parent / "static" / "page.js"
CROP = Path(__file__).parent / "static" / "crop.js"
TOOLS = Path(__file__).parent / "static" / "photo_tools.js"
WAITING = Path(__file__).parent / "static" / "waiting.js"
WORDS = ("looking",)
NUMBERS = {
    **dict.fromkeys(("US", "CA", "MX", "AR", "PE", "EC", "UY", "PY", "CR", "PA", "DO", "GT"), "911"),
    **{"GB": "999", "IE": "999", "CO": "123", "CL": "131", "BR": "192", "AU": "000", "NZ": "111"},
}
"""Emergency number by region, for an ambulance; anywhere else 112."""
CROP_WORDS = (
    "crop_title",
    "crop_hint",
    "crop_frame",
    "crop_upper_left",
    "crop_upper_right",
    "crop_lower_left",
    "crop_lower_right",
    "crop_size",
    "crop_use",
    "crop_whole",
    "crop_cancel",
)
TOOLS_WORDS = ("use_camera", "paste", "no_camera", "no_clipboard", "sending", "sent", "on_its_way")
_SCRIPTS = ((SCRIPT, WORDS), (CROP, CROP_WORDS), (TOOLS, TOOLS_WORDS), (WAITING, ("waiting_in_line",)))


def page_script(words: Words) -> str:
    """Return one function that starts all scripts of a page with the page's words."""
    own = [
        _started(script, {key: words.page[key] for key in keys} | ({"numbers": NUMBERS} if script == SCRIPT else {}))
        for script, keys in _SCRIPTS
    ]
    return f"() => {{ ({gradio_texts.script(words)})(); {' '.join(own)} }}"


def _started(script: Path, words: Mapping[str, object]) -> str:
    return f"({script.read_text(encoding='utf-8').strip()})({json.dumps(words)});"
