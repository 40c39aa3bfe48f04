"""Who may use the page: a user and a password, or, on this machine alone, everybody."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from fastapi import HTTPException, Request
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.answers.languages import preferred
from app.answers.words import Words
from app.web.problems import problem, request_error
from app.web.security.addresses import client_address
from app.web.security.refusals import refusals_at, refusals_of
from model.errors import InputError

VARIABLE = "REDSPOTS_AUTH"
OPEN = frozenset({"/healthz", "/readyz"})
"""What tells nothing about anybody, for programs that watch the server."""
WRONG_PER_MINUTE = 10
"""Wrong logins from one address; after that it waits, whatever it sends."""


@dataclass(frozen=True, slots=True)
class Login:
    """The one user."""

    user: str
    password: str = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, source: str) -> Self:
        """Return the login in `USER:PASSWORD`. Raises InputError that names the source, never what stands there."""
        line = text.strip()
        user, _, password = line.partition(":")
        # FastAPI reads no other characters, and browsers disagree on how to send them.
        if not (user and password and line.isascii() and line.isprintable()):
            raise InputError("bad_option", f"{source} must hold USER:PASSWORD on one line, in ASCII; correct it.")
        return cls(user, password)

    def fits(self, given: HTTPBasicCredentials | None) -> bool:
        """Return whether these are the user and the password; the time it takes tells nothing about them."""
        user, password = (given.username, given.password) if given else ("", "")
        is_user = secrets.compare_digest(user.encode(), self.user.encode())
        return secrets.compare_digest(password.encode(), self.password.encode()) and is_user


def read_login(file: Path | None, environment: Mapping[str, str]) -> Login | None:
    """Return the login from a file, else from the environment, or None. Raises InputError `bad_option`."""
    if file is not None:
        try:
            return Login.parse(file.read_text(encoding="utf-8"), source=repr(str(file)))
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("bad_option", f"{str(file)!r} cannot be read ({error}); correct --auth-file.") from error
    return Login.parse(environment[VARIABLE], source=VARIABLE) if VARIABLE in environment else None


def require_login(host: str, login: Login | None, *, is_open: bool, has_proxy: bool = False) -> str:
    """Return what to warn of before listening on an address; empty when this machine alone can reach it.

    By a proxy, others can reach any address. Raises InputError `bad_option` when they can and nobody said who may.
    """
    if login and is_open:
        raise InputError(
            "bad_option", f"A login and --no-auth exclude each other; leave out one of them, or {VARIABLE}."
        )
    is_hidden = _is_loopback(host)
    if is_hidden and not has_proxy:
        return ""
    reached = "the page by its proxy" if is_hidden else host
    if not (login or is_open):
        raise InputError(
            "bad_option",
            f"Others can reach {reached}: give --auth-file FILE, which holds USER:PASSWORD, or set {VARIABLE}; "
            "or say --no-auth if everyone may use the page.",
        )
    if is_hidden:
        return "" if login else f"Everyone who can reach {reached} can use it."
    warning = (
        f"Others can reach {host}: put TLS before it, or the password and the photos cross the network unencrypted."
        if login
        else f"Everyone who can reach {host} can use the page, and photos cross the network unencrypted."
    )
    # All its visitors would share one limit: ten wrong passwords of anybody would lock everybody out.
    return warning if has_proxy else f"{warning} If a proxy stands before it, name it with --trusted-proxy."


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class BasicAuth:
    """ASGI middleware that asks for the login (RFC 7617) on every address but those in `OPEN`."""

    def __init__(self, app: ASGIApp, *, login: Login, spoken: Sequence[Words]) -> None:
        """Take the login, and the words for those who have none, those of the first page first."""
        self.app = app
        self.login = login
        self.spoken = {words.language: words for words in spoken}
        self.refusals = refusals_of(spoken)
        self.basic = HTTPBasic(realm="redspots", auto_error=False)
        self.limiter = MovingWindowRateLimiter(MemoryStorage())
        self.rate = RateLimitItemPerMinute(WRONG_PER_MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or ask for the login."""
        refusal = None
        if scope["type"] == "http" and scope["path"] not in OPEN:
            refusal = await self._check(scope)
        await (refusal or self.app)(scope, receive, send)

    async def _check(self, scope: Scope) -> Response | None:
        """Return why the request may not pass, or None."""
        client = client_address(scope)
        if not self.limiter.test(self.rate, client):
            return self._refusal(scope, "too_many_logins", headers={"Retry-After": "60"})
        given = await self._given(scope)
        if self.login.fits(given):
            return None
        # A browser's first request has no login, and is no attempt.
        if given is not None:
            self.limiter.hit(self.rate, client)
        return self._refusal(scope, "not_authorised", headers={"WWW-Authenticate": 'Basic realm="redspots"'})

    async def _given(self, scope: Scope) -> HTTPBasicCredentials | None:
        try:
            return await self.basic(Request(scope))
        except HTTPException:  # What is no base64, or has no colon.
            return None

    def _refusal(self, scope: Scope, code: str, *, headers: Mapping[str, str]) -> Response:
        if scope["path"].startswith("/api/"):
            accepted = Headers(scope=scope).get("accept-language", "")
            words = self.spoken[preferred(accepted, list(self.spoken))]
            return problem(request_error(code, words), words, headers=headers)
        _, refusals = refusals_at(scope["path"], self.refusals)
        return refusals.respond(code, headers=headers)
