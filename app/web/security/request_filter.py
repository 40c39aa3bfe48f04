"""What stands before Gradio: a list of the routes that the page needs, limits on bodies, headers for the browser.

Whatever is refused behind it is said anew, with the referral.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.security.addresses import client_address
from app.web.security.bodies import body_chunks, check_length
from app.web.security.queue_share import QueueShare
from app.web.security.refusals import MARK, Refusals, refusals_at
from app.web.service_limits import Limits
from model.errors import PhotoError, RequestError

MAX_FILE_BYTES = 15 * 1024 * 1024
"""What Gradio understands by `15mb`."""
UPLOAD = "/gradio_api/upload"
WAITING = "/gradio_api/waiting"
API = "/api/v1/"
_QUEUED = ("/gradio_api/queue/join", "/gradio_api/call/look")
MULTIPART_SLACK = 64 * 1024
_MAX_OTHER_BYTES = 256 * 1024

# Gradio brings routes that fetch addresses, run ffmpeg or change code: what is not listed does not exist here.
_ROUTES: Mapping[str, re.Pattern[str]] = {
    "GET": re.compile(
        r"/|/healthz|/readyz|/config/?|/theme\.css|/robots\.txt|/favicon\.ico|/(static|assets|svelte)/.+"
        r"|/gradio_api/(info/?|app_id/?|login_check/?|startup-events|queue/data|heartbeat/[\w-]+|call/look/\w+)"
        r"|/gradio_api/(theme\.css|file=(/(?!\.{1,2}(/|$))[^/\\]+)+|waiting)"
    ),
    "POST": re.compile(r"/gradio_api/(upload|queue/join|call/look|cancel|reset)/?"),
}
_STREAMS = re.compile(r"/gradio_api/(queue/data|heartbeat/.+|call/look/.+)")
"""What goes on for as long as somebody listens: no HEAD tells anything about it."""
_CODES: Mapping[int, str] = {403: "not_found", 404: "not_found", 405: "method_not_allowed", 413: "file_too_large"}
_CODES_OF_KINDS: Mapping[int, str] = {4: "malformed", 5: "failed"}
"""What is said to a refusal of Gradio or FastAPI, by status or by its first figure."""

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
        queue: QueueShare,
        limits: Limits,
        frame_ancestors: Sequence[str] = (),
    ) -> None:
        """Take what is said by the path of a page, who waits in the `queue` of looks, and how long to wait.

        `frame_ancestors` are the origins of pages that may show this one in a frame.
        """
        self.app = app
        self.headers = _headers(frame_ancestors)
        self.refusals = refusals
        self.queue = queue
        self.limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request here if it is refused, else pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            return  # The page has no websockets; without an answer the server refuses the handshake.
        path, refusals = refusals_at(scope["path"], self.refusals)
        answer = _Answer(scope, path, refusals, send, headers=self.headers)
        turn = ExitStack()
        try:
            refusal = self._refuse(scope, path, refusals)
            if refusal is None and scope["method"] == "POST" and path.startswith(_QUEUED):
                refusal = self._refuse_look(turn, scope, refusals)
            if refusal is None and scope["method"] == "POST" and path != UPLOAD and not _is_of_api(scope):
                receive = await self._read(receive)
            # What answers GET answers HEAD, and `_Answer` leaves out the body.
            inner = {**scope, "method": "GET"} if answer.is_head and not _is_of_api(scope) else scope
            await (refusal or self.app)(inner, receive, answer.send)
        except (PhotoError, RequestError) as error:
            await refusals.respond(error.code)(scope, receive, answer.send)
        except ClientDisconnect:
            pass
        except Exception:
            if not answer.has_begun:
                await refusals.respond("failed")(scope, receive, answer.send)
            raise
        finally:
            turn.close()

    def _refuse_look(self, turn: ExitStack, scope: Scope, refusals: Refusals) -> Response | None:
        """Count a look as one on its way into the queue until the turn is closed, or refuse it."""
        if turn.enter_context(self.queue.entry(client_address(scope))):
            return None
        return refusals.respond("busy", as_json=True, headers={"Retry-After": "60"})

    async def _read(self, receive: Receive) -> Receive:
        """Return what hands on a small body that has come in whole. Raises PhotoError, RequestError."""
        body = b"".join([chunk async for chunk in body_chunks(receive, most=_MAX_OTHER_BYTES, limits=self.limits)])
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive_read() -> Message:
            return messages.pop() if messages else await receive()

        return receive_read

    def _refuse(self, scope: Scope, path: str, refusals: Refusals) -> Response | None:
        if _is_of_api(scope):
            return None  # It refuses in the form that programs expect.
        if path == "/gradio_api/upload_progress":
            return Response(status_code=204)  # Tells the browser to stop asking: a photo is one step.
        method = scope["method"]
        allowed = [known for known, routes in _ROUTES.items() if routes.fullmatch(path)]
        if "GET" in allowed and not _STREAMS.fullmatch(path):
            allowed.append("HEAD")
        if not allowed:
            return refusals.respond("not_found")
        if method not in allowed:
            return refusals.respond("method_not_allowed", headers={"Allow": ", ".join(allowed)})
        cap = MAX_FILE_BYTES + MULTIPART_SLACK if path == UPLOAD else _MAX_OTHER_BYTES
        check_length(Headers(scope=scope).get("content-length"), most=cap)
        return None


class _Answer:
    """A response on its way out: marked with the headers, and said anew where it refuses without the referral."""

    def __init__(self, scope: Scope, path: str, refusals: Refusals, send: Send, *, headers: Mapping[str, str]) -> None:
        self.is_head = scope["method"] == "HEAD"
        self.has_begun = False
        self._scope = scope
        self._is_asset = path.startswith(("/assets/", "/static/", "/svelte/"))
        self._refusals = refusals
        self._send = send
        self._headers = headers
        self._is_replaced = False

    async def send(self, message: Message) -> None:
        """Send a message of the response on."""
        if message["type"] == "http.response.start":
            self.has_begun = True
            if self._lacks_referral(message):
                self._is_replaced = True
                await self._replace(message)
            else:
                await self._start(message)
        elif not self._is_replaced:
            await self._send({**message, "body": b""} if self.is_head else message)

    def _lacks_referral(self, message: Message) -> bool:
        headers = Headers(raw=message.get("headers", []))
        return message["status"] >= 400 and MARK not in headers

    async def _start(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        headers.update(self._headers)
        if not self._is_asset:
            headers["Cache-Control"] = "no-store"
        await self._send(message)

    async def _replace(self, message: Message) -> None:
        status = message["status"]
        code = _CODES.get(status) or _CODES_OF_KINDS[status // 100]
        as_json = Headers(raw=message.get("headers", [])).get("content-type", "").startswith("application/json")
        response = self._refusals.respond(code, status=status, as_json=as_json)
        await self._start({"type": "http.response.start", "status": status, "headers": response.raw_headers})
        await self._send({"type": "http.response.body", "body": b"" if self.is_head else response.body})


def _is_of_api(scope: Scope) -> bool:
    return str(scope["path"]).startswith(API)
