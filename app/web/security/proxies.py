"""Where a request really comes from: what trusted proxies tell of it, and nothing that anybody else claims."""

from __future__ import annotations

import logging
import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from starlette.datastructures import URL, Headers
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.web.deployment import Deployment, is_path

ROOT_PATH = "redspots.root_path"
"""Key of the scope: what comes before the path for visitors."""
_PEER = "redspots.peer"
_HOST = re.compile(r"([A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
UNTRUSTED = (
    "Requests came through a proxy that is not trusted: all of its visitors count as one address. "
    "If you run it, name it with --trusted-proxy."
)


class Proxies:
    """ASGI middleware that stands before all others: inside, address, scheme, host and path are the visitor's.

    Reads X-Forwarded-For, -Proto, -Host and -Prefix of trusted peers. `Forwarded` of RFC 7239 is not read: the usual
    proxies pass on what a visitor wrote there.
    """

    def __init__(self, app: ASGIApp, *, deployment: Deployment) -> None:
        """Take whom to trust, and the path that the page is served below."""
        self.app = app
        self.deployment = deployment
        trusted = [str(network) for network in deployment.proxies]
        self.addressed = ProxyHeadersMiddleware(self._told, trusted)  # type: ignore[arg-type]
        self.has_warned = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on as the visitor sent it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
        elif self._is_trusted(scope):
            await self.addressed({**scope, _PEER: scope["client"]}, receive, send)  # type: ignore[arg-type]
        else:
            self._warn_once(scope)
            await self._pass_on(scope, receive, send, root_path=self.deployment.root_path)

    def _is_trusted(self, scope: Scope) -> bool:
        peer = _address(scope)
        return peer is not None and any(peer in network for network in self.deployment.proxies)

    async def _told(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Go on from the address and the scheme with the host and the path."""
        if _address(scope) is None:
            scope = {**scope, "client": scope[_PEER]}
        headers = Headers(scope=scope)
        # Of several proxies, the first saw the visitor.
        host, prefix = (
            headers.get(name, "").split(",")[0].strip() for name in ("x-forwarded-host", "x-forwarded-prefix")
        )
        if _HOST.fullmatch(host):
            others = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope = {**scope, "headers": [(b"host", host.encode("ascii")), *others]}
        prefix = prefix.rstrip("/")
        await self._pass_on(scope, receive, send, root_path=prefix if is_path(prefix) else self.deployment.root_path)

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, *, root_path: str) -> None:
        headers = [(name, value) for name, value in scope["headers"] if not _is_claim(name)]
        path = scope["path"]
        if root_path and path == root_path:
            # What the page names relative to itself needs the slash; relative, because a proxy may have renamed it.
            address = URL(path=f"./{root_path.rpartition('/')[2]}/", query=scope["query_string"].decode("latin-1"))
            await RedirectResponse(address)(scope, receive, send)
            return
        if path.startswith(f"{root_path}/"):
            # The proxy has left it there.
            path = path.removeprefix(root_path)
        await self.app({**scope, "headers": headers, "path": path, ROOT_PATH: root_path}, receive, send)

    def _warn_once(self, scope: Scope) -> None:
        if not self.has_warned and "x-forwarded-for" in Headers(scope=scope):
            self.has_warned = True
            logging.getLogger(__name__).warning(UNTRUSTED)


class BelowRootPath:
    """ASGI middleware right before the routes: the full path with its root path, as ASGI wants it.

    Everything between `Proxies` and here sees the page's own paths alone.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Take what answers."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        root_path = scope.get(ROOT_PATH, "")
        if root_path and scope["type"] == "http":
            scope = {**scope, "path": root_path + scope["path"], "root_path": root_path}
        await self.app(scope, receive, send)


def _address(scope: Scope) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address((scope.get("client") or ("",))[0])
    except ValueError:
        return None


def _is_claim(name: bytes) -> bool:
    """Return whether a header says where a request comes from; Gradio would believe it from anybody."""
    return name.startswith(b"x-forwarded-") or name in {b"forwarded", b"x-real-ip", b"x-gradio-server"}
