"""From the first page to the page of the language that the browser prefers, unless a person chose by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import URL, Headers, QueryParams
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from app.answers.languages import preferred
from app.answers.words import Words

BY_HAND = "lang"
"""Query parameter of a link that somebody followed by hand."""


def links(prefix: str, by_prefix: Mapping[str, Words]) -> dict[str, Words]:
    """Return the words of the other pages by their address, relative to the page at one prefix."""
    up = "../" if prefix else "./"
    return {
        f"{up}{other[1:]}/" if other else f"{up}?{BY_HAND}={words.language}": words
        for other, words in by_prefix.items()
        if other != prefix
    }


class LanguageChoice:
    """ASGI middleware over the pages `/` and `/<language>/`."""

    def __init__(self, app: ASGIApp, *, spoken: Sequence[str], by_browser: bool) -> None:
        """Take the languages, that of `/` first, and whether the browser may choose."""
        self.app = app
        self.spoken = spoken
        self.by_browser = by_browser

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Redirect, or pass the request on."""
        language = self._elsewhere(scope)
        if language is None:
            await self.app(scope, receive, send)
            return
        # Relative, so that it holds behind a proxy that serves the pages below a path of its own.
        address = URL(path=f"./{language}/", query=scope["query_string"].decode("latin-1"))
        await RedirectResponse(address, headers={"Vary": "Accept-Language"})(scope, receive, send)

    def _elsewhere(self, scope: Scope) -> str | None:
        """Return the language to go to; None where the request may stay."""
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"}:
            return None
        if scope["path"] != "/":
            return next((language for language in self.spoken[1:] if scope["path"] == f"/{language}"), None)
        if not self.by_browser or BY_HAND in QueryParams(scope["query_string"]):
            return None
        language = preferred(Headers(scope=scope).get("accept-language", ""), self.spoken)
        return None if language == self.spoken[0] else language
