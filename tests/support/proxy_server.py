"""A small proxy before the page, over TLS with a certificate of its own making, for tests."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "host"}


@dataclass(frozen=True)
class Proxy:
    """An ASGI application that passes requests on with the page's own Host, and tells what `tells` says."""

    upstream: str
    below: str = ""
    """The path that it serves the page below; there is nothing beside it."""
    strips: bool = True
    """Whether it takes that path away."""
    tells: Mapping[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http"
        request = Request(scope, receive)
        path = request.url.path
        if not path.startswith(self.below):
            await Response("not the page's", status_code=404)(scope, receive, send)
            return
        path = path.removeprefix(self.below) if self.strips else path
        url = httpx.URL(self.upstream).copy_with(path=path or "/", query=request.url.query.encode())
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP} | dict(self.tells)
        async with (
            httpx.AsyncClient(timeout=30) as web,
            web.stream(request.method, url, headers=headers, content=await request.body()) as answer,
        ):
            passed = [(name, value) for name, value in answer.headers.raw if name.decode().lower() not in HOP_BY_HOP]
            response = StreamingResponse(answer.aiter_raw(), answer.status_code)
            response.raw_headers = passed
            await response(scope, receive, send)


def certificate(folder: Path) -> tuple[Path, Path]:
    """Return files with a key and a certificate for localhost that nobody else has signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "certificate.pem").write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return folder / "key.pem", folder / "certificate.pem"


@contextmanager
def running_proxy(proxy: Proxy, folder: Path) -> Iterator[str]:
    """Run the proxy while the block runs, and return its address, without the path below which the page is."""
    key, signed = certificate(folder)
    config = uvicorn.Config(
        proxy,
        access_log=False,
        log_level="warning",
        lifespan="off",
        proxy_headers=False,
        ssl_keyfile=key,
        ssl_certfile=signed,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listener])))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive(), "the proxy ended before it started"
                time.sleep(0.02)
            yield f"https://localhost:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(timeout=20)
