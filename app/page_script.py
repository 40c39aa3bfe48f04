"""What a page runs when it loads."""

from __future__ import annotations

import json
from pathlib import Path

from app import gradio_texts
from app.wording import Words

SCRIPT = Path(__file__).with_name("page.js")
WORDS = ("looking",)


def page_script(words: Words) -> str:
    """Return one function that starts all scripts of a page with the page's words."""
    own = json.dumps({key: words.page[key] for key in WORDS})
    return f"() => {{ ({gradio_texts.script(words)})(); ({SCRIPT.read_text(encoding='utf-8').strip()})({own}); }}"
