"""Protection of the labelling page: foreign names, pages of other origins, long bodies, headers for the browser.

The photos belong to somebody. A page of another origin must neither read them nor label, even where its name leads to
this machine for a moment (DNS rebinding).
"""

from __future__ import annotations

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.security.refusals import Refusals
from app.web.security.request_filter import HEADERS

MOST_BYTES = 16 * 1024
"""Of a body: an act has a few hundred."""

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class Protection:
    """ASGI middleware that refuses what no page of this server asks, and marks every response."""

    def __init__(self, app: ASGIApp, *, refusals: Refusals, hosts: Collection[str]) -> None:
        """Take what is said to a refusal, and the `hosts` by which the server may be called; any if empty."""
        self.app = app
        self.refusals = refusals
        self.hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                headers["Content-Security-Policy"] = _POLICY
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                headers["Cache-Control"] = "no-store"
            await send(message)

        await (self._refuse(scope) or self.app)(scope, receive, send_marked)

    def _refuse(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if self.hosts and (urlsplit(f"//{host}").hostname or "") not in self.hosts:
            return self.refusals.respond("not_found")
        if scope["method"] in ("GET", "HEAD"):
            return None
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host:
            return self.refusals.respond("not_found")
        length = headers.get("content-length", "")
        if not length.isascii() or not length.isdigit() or int(length[:10]) > MOST_BYTES:
            return self.refusals.respond("malformed")
        return None


def hosts_of(host: str) -> frozenset[str]:
    """Return the names by which a server that listens there may be called; empty for any, where others reach it."""
    try:
        is_loopback = ip_address(host).is_loopback
    except ValueError:
        is_loopback = host == "localhost"
    return frozenset({"127.0.0.1", "localhost", "::1", host}) if is_loopback else frozenset()
