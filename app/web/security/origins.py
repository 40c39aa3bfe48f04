"""Which pages of other origins may read answers: those named for the interface for programs, and no others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.answers.languages import preferred
from app.answers.words import Words
from app.web.problems import problem, request_error
from app.web.security.request_filter import API


class _Cors(CORSMiddleware):
    """Starlette's CORS, whose refusals carry the referral in the form that programs expect."""

    spoken: Mapping[str, Words]

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return what may be asked, or why not."""
        response = super().preflight_response(request_headers)
        if response.status_code < 400:
            return response
        words = self.spoken[preferred(request_headers.get("accept-language", ""), list(self.spoken))]
        has_method = request_headers["access-control-request-method"] in self.allow_methods
        error = request_error("malformed" if has_method else "method_not_allowed", words)
        kept = ("access-control-", "vary")
        return problem(
            error, words, headers={name: value for name, value in response.headers.items() if name.startswith(kept)}
        )


class AllowedOrigins:
    """ASGI middleware that speaks CORS for the interface for programs, and takes it out of every other answer.

    Gradio lets each origin in that asks, with the login that the browser keeps, unless the server is on this machine.
    A page that may use the interface sends a login of its own, if there is one.
    """

    def __init__(self, app: ASGIApp, *, origins: Sequence[str], spoken: Sequence[Words]) -> None:
        """Take the origins, as browsers send them, and the words for a preflight that is refused."""
        self.app = app
        self.origins = frozenset(origins)
        self.cors = _Cors(
            app,
            allow_origins=list(origins),
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization"],
            expose_headers=["Retry-After"],
        )
        self.cors.spoken = {words.language: words for words in spoken}

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
