"""What Gradio leaves out of a page's HTML: its language, its icon, and what it says where no script runs."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.answers.words import Words
from app.web.page.no_script import no_script_html

_MARK = b'lang="en"'
_HEAD = b"<head>"
_APP = b"<gradio-app"
# Relative: a browser looks for it at the root of the host, where another page may be.
_ICON = '<link rel="icon" href="favicon.ico">'


class PageLanguage:
    """ASGI middleware that marks each page with its language, for screen readers and for Gradio's own words.

    Gradio takes the browser's language for its own words, which is not the page's where somebody chose another by hand,
    and calls every page English. It reads the language before it runs any script that it can be given.
    """

    def __init__(self, app: ASGIApp, *, pages: Mapping[str, Words]) -> None:
        """Take the words of each page by its path."""
        self.app = app
        self.pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and mark the page that comes back."""
        words = self.pages.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if words is None:
            await self.app(scope, receive, send)
            return
        start: Message = {}
        body = b""

        async def send_marked(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start":
                start = message
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                marked = _marked(body, words)
                MutableHeaders(scope=start)["Content-Length"] = str(len(marked))
                await send(start)
                await send({"type": "http.response.body", "body": marked})

        # A compressed page could not be marked.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": headers}, receive, send_marked)


def _marked(page: bytes, words: Words) -> bytes:
    language = words.language
    script = f'<script>Object.defineProperty(navigator,"language",{{get:()=>"{language}"}})</script>'
    page = page.replace(_MARK, f'lang="{language}"'.encode(), 1)
    page = page.replace(_HEAD, _HEAD + f"{_ICON}{script}".encode(), 1)
    # The last one: the texts of the page stand before it, as JSON.
    before, element, after = page.rpartition(_APP)
    return before + no_script_html(words).encode() + element + after
