"""What stands before Gradio: a list of the routes that the page needs, a size cap, and headers for the browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.refusals import Refusals, refusals_at

MAX_FILE_BYTES = 15 * 1024 * 1024
"""What Gradio understands by `15mb`."""
UPLOAD = "/gradio_api/upload"
API = "/api/v1/"
_QUEUED = ("/gradio_api/queue/join", "/gradio_api/call/look")
MULTIPART_SLACK = 64 * 1024
_MAX_OTHER_BYTES = 256 * 1024

# Gradio brings routes that fetch addresses, run ffmpeg or change code: what is not listed does not exist here.
_ROUTES: Mapping[str, re.Pattern[str]] = {
    "GET": re.compile(
        r"/|/healthz|/readyz|/config/?|/theme\.css|/robots\.txt|/favicon\.ico|/(static|assets|svelte)/.+"
        r"|/gradio_api/(info/?|app_id/?|login_check/?|startup-events|queue/data|heartbeat/[\w-]+|call/look/\w+)"
        r"|/gradio_api/(theme\.css|file=/.+)"
    ),
    "POST": re.compile(r"/gradio_api/(upload|queue/join|call/look|cancel|reset)/?"),
}

# Gradio's page needs inline scripts, and its HTML component builds its template with `new Function`.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "worker-src 'self' blob:",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def _headers(frame_ancestors: Sequence[str]) -> Mapping[str, str]:
    if not frame_ancestors:
        return HEADERS
    policy = _POLICY.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(frame_ancestors)}")
    # X-Frame-Options cannot name an origin.
    others = {name: value for name, value in HEADERS.items() if name != "X-Frame-Options"}
    return others | {"Content-Security-Policy": policy}


class Guard:
    """ASGI middleware that lets through the requests that the page makes, and marks every response."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        refusals: Mapping[str, Refusals],
        is_busy: Callable[[], bool],
        frame_ancestors: Sequence[str] = (),
    ) -> None:
        """Take what to say to a body over the cap, and when `is_busy` says that the queue is full, by page prefix.

        `frame_ancestors` are the origins of pages that may show this one in a frame.
        """
        self.app = app
        self.headers = _headers(frame_ancestors)
        self.refusals = refusals
        self.is_busy = is_busy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request here if it is refused, else pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # The page has no websockets; without an answer the server refuses the handshake.

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self.headers)
                if not refusals_at(scope["path"], self.refusals)[0].startswith(("/assets/", "/static/", "/svelte/")):
                    headers["Cache-Control"] = "no-store"
            await send(message)

        refusal = self._refuse(scope)
        await (refusal or self.app)(scope, receive, send_marked)

    def _refuse(self, scope: Scope) -> Response | None:
        if scope["path"].startswith(API):
            return None  # It refuses in the form that programs expect.
        method = scope["method"]
        path, refusals = refusals_at(scope["path"], self.refusals)
        if path == "/gradio_api/upload_progress":
            return Response(status_code=204)  # Tells the browser to stop asking: a photo is one step.
        routes = _ROUTES.get("GET" if method == "HEAD" else method)
        if routes is None or not routes.fullmatch(path):
            return PlainTextResponse("Not found", status_code=404)
        headers = Headers(scope=scope)
        if "transfer-encoding" in headers:
            return PlainTextResponse("Send a Content-Length", status_code=411)
        length = headers.get("content-length", "0")
        cap = MAX_FILE_BYTES + MULTIPART_SLACK if path == UPLOAD else _MAX_OTHER_BYTES
        if not length.isascii() or not length.isdigit() or int(length) > cap:
            return PlainTextResponse(refusals.too_large, status_code=413)
        if method == "POST" and path.startswith(_QUEUED) and self.is_busy():
            return JSONResponse({"detail": refusals.busy}, status_code=503)
        return None
