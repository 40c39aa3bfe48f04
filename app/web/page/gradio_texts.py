"""The few words that Gradio says in English, or by id, whatever the language of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from app.answers.red_flags import BOXES
from app.answers.words import Words

SCRIPT = Path(__file__).parent / "static" / "gradio_texts.js"

BY_KEY: Mapping[str, str] = {
    "file_upload": "File upload",
    "drop_photo": "Drop an image file here to upload",
    "upload_file": "Upload file",
    "use_camera": "Capture from camera",
    "start_camera": "Click to Access Webcam",
    "take_photo": "capture photo",
    "paste": "Paste from clipboard",
    "paste_prompt": "Paste from Clipboard",
    "uploading": "Uploading 1*",
    "remove_photo": "Remove Image",
    "error": "Error",
    "too_large": "File(s) exceed the maximum allowed size*",
    "connection_lost": "Connection Lost",
    "reconnecting": "Connection to the server was lost. Attempting reconnection...",
    "connection_failed": "Connection errored out.*",
}
"""Gradio's words by the key of the page's; an asterisk stands for the rest."""


def script(words: Words) -> str:
    """Return the script that puts the page's words in their place when the page loads."""
    replaced = {english: words.page[key] for key, english in BY_KEY.items()}
    # The boxes have their ids for a tooltip.
    replaced |= {flag.value: words.red_flags[flag] for flag in BOXES}
    return f"() => ({SCRIPT.read_text(encoding='utf-8').strip()})({json.dumps(replaced)})"
