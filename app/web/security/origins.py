"""Which pages of other origins may read answers: those named for the interface for programs, and no others."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.security.request_filter import API


class AllowedOrigins:
    """ASGI middleware that speaks CORS for the interface for programs, and takes it out of every other answer.

    Gradio lets each origin in that asks, with the login that the browser keeps, unless the server is on this machine.
    A page that may use the interface sends a login of its own, if there is one.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str]) -> None:
        """Take the origins, as browsers send them."""
        self.app = app
        self.origins = frozenset(origins)
        self.cors = CORSMiddleware(
            app,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],
            expose_headers=["Retry-After"],
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a preflight request, or pass the request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["path"].startswith(API) and Headers(scope=scope).get("origin") in self.origins:
            await self.cors(scope, receive, send)
            return

        async def send_closed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if not pair[0].lower().startswith(b"access-control-")]
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, send_closed)
