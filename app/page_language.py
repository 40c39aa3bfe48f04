"""The language of a page in its HTML: for screen readers, and for the few words that Gradio says itself."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MARK = b'lang="en"'
_HEAD = b"<head>"


class PageLanguage:
    """ASGI middleware that marks each page with its language.

    Gradio takes the browser's language for its own words, which is not the page's where somebody chose another by hand,
    and calls every page English. It reads the language before it runs any script that it can be given.
    """

    def __init__(self, app: ASGIApp, *, languages: Mapping[str, str]) -> None:
        """Take the language of each page by its path."""
        self.app = app
        self.languages = languages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and mark the page that comes back."""
        language = self.languages.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if language is None:
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
                marked = _marked(body, language)
                MutableHeaders(scope=start)["Content-Length"] = str(len(marked))
                await send(start)
                await send({"type": "http.response.body", "body": marked})

        # A compressed page could not be marked.
        headers = [(name, value) for name, value in scope["headers"] if name != b"accept-encoding"]
        await self.app({**scope, "headers": headers}, receive, send_marked)


def _marked(page: bytes, language: str) -> bytes:
    script = f'<script>Object.defineProperty(navigator,"language",{{get:()=>"{language}"}})</script>'
    page = page.replace(_MARK, f'lang="{language}"'.encode(), 1)
    return page.replace(_HEAD, _HEAD + script.encode(), 1)
