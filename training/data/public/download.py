"""One file from the web: retried, capped in size, checked against its checksum."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin, urlsplit, urlunsplit

import httpx
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from model.redaction import redacted
from training.data.public.host_limits import Hosts

LONGEST_WAIT = 300.0
"""Seconds that a host may ask for; beyond, the file is given up in this run."""
_REDIRECTS = 5


class FetchError(Exception):
    """A file that cannot be had: `code` for programs, the sentence for people."""

    def __init__(self, code: str, sentence: str) -> None:
        """Take one of `gone`, `refused`, `unreachable`, `too_large`, `not_a_photo`, `altered`, `bad_address`."""
        super().__init__(redacted(sentence))
        self.code = code


class _TemporaryError(FetchError):
    """May go well next time."""

    def __init__(self, sentence: str, *, wait: float | None = None) -> None:
        super().__init__("unreachable", sentence)
        self.wait = wait


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is waited and how much is taken."""

    attempts: int = 5
    seconds: float = 60
    """For one file, connecting included."""
    silence: float = 20
    """Seconds without a byte."""
    megabytes: float = 30
    per_second: float = 5
    """Requests to one host."""
    first_wait: float = 1
    """Seconds before the second attempt, about; doubled each time."""


class Downloader:
    """Fetches files politely. Safe to use from several threads; close it, or use it with `with`."""

    def __init__(self, *, limits: Limits, agent: str, mirror: str | None = None) -> None:
        """Take the limits, the name to give to hosts, and a mirror that stands in for every host."""
        self._limits = limits
        self._mirror = mirror
        self._hosts = Hosts(per_second=limits.per_second)
        self._client = httpx.Client(timeout=limits.silence, headers={"User-Agent": agent})

    def __enter__(self) -> Downloader:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, url: str, *, sha256: str = "", json_path: Sequence[str] = ()) -> bytes:
        """Return the bytes at an address. Raises FetchError.

        With `json_path`, the address answers JSON, and the file is at the address that stands there under these keys.
        """
        if json_path:
            url = _follow(self._retry(url), json_path, url)
        data = self._retry(url)
        if sha256 and hashlib.sha256(data).hexdigest() != sha256:
            raise FetchError("altered", f"{url} is another file than before: its SHA-256 differs.")
        return data

    def _retry(self, url: str) -> bytes:
        attempts = Retrying(
            stop=stop_after_attempt(self._limits.attempts),
            retry=retry_if_exception_type(_TemporaryError),
            wait=self._wait,
            reraise=True,
        )
        result: bytes = attempts(self._ask, url)
        return result

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, _TemporaryError) and error.wait is not None:
            return error.wait
        return wait_random_exponential(multiplier=self._limits.first_wait, max=60)(state)

    def _ask(self, url: str) -> bytes:
        """Return the bytes at an address after one attempt, its redirects followed by hand: each is checked."""
        until = time.monotonic() + self._limits.seconds
        for _ in range(_REDIRECTS + 1):
            address = self._address(url)
            with self._hosts.turn(urlsplit(address).netloc):
                try:
                    with self._client.stream("GET", address) as response:
                        if not response.has_redirect_location:
                            return self._read(url, response, until)
                        further = urljoin(url, response.headers["Location"])
                except httpx.InvalidURL as error:
                    raise FetchError(
                        "bad_address", f"{url} is no address ({redacted(str(error), address)})."
                    ) from error
                except httpx.TransportError as error:
                    reason = redacted(str(error), address) or type(error).__name__
                    raise _TemporaryError(f"{url} cannot be reached ({reason}); run the command again.") from error
            if url.startswith("https:") and not further.startswith("https:"):
                raise FetchError("bad_address", f"{url} leads on to {further}, which is not https.")
            url = further
        raise FetchError("bad_address", f"{url} redirects too often.")

    def _address(self, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise FetchError("bad_address", f"{url!r} is no address on the web.")
        if self._mirror is None or url.startswith(self._mirror):
            return url
        mirror = urlsplit(self._mirror)
        return urlunsplit((mirror.scheme, mirror.netloc, mirror.path.rstrip("/") + parts.path, parts.query, ""))

    def _read(self, url: str, response: httpx.Response, until: float) -> bytes:
        status = response.status_code
        if status in (404, 410):
            raise FetchError("gone", f"{url} is gone (HTTP {status}).")
        if status in (408, 425, 429) or status >= 500:
            wait = _retry_after(response.headers.get("Retry-After"))
            if wait is not None and wait > LONGEST_WAIT:
                raise FetchError("unreachable", f"{url} asks to wait for {wait:.0f} s; run the command again then.")
            if wait is not None:
                self._hosts.pause(response.url.netloc.decode(), wait)
            raise _TemporaryError(f"{url} answers HTTP {status}; run the command again later.", wait=wait)
        if status != 200:
            raise FetchError("refused", f"{url} answers HTTP {status}.")
        data = bytearray()
        for chunk in response.iter_bytes():
            data += chunk
            if len(data) > self._limits.megabytes * 2**20:
                raise FetchError("too_large", f"{url} is larger than {self._limits.megabytes:g} MiB.")
            if time.monotonic() > until:
                raise _TemporaryError(f"{url} takes more than {self._limits.seconds:g} s; run the command again.")
        return bytes(data)


def _retry_after(value: str | None) -> float | None:
    """Return the seconds to wait that a Retry-After header names, as a number or as a date (RFC 9110)."""
    if value is None:
        return None
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        until = parsedate_to_datetime(value)
    except ValueError:
        return None
    return max(0.0, ((until if until.tzinfo else until.replace(tzinfo=UTC)) - datetime.now(UTC)).total_seconds())


def _follow(data: bytes, keys: Sequence[str], url: str) -> str:
    try:
        value: Any = json.loads(data)
        for key in keys:
            value = value[key]
    except (ValueError, KeyError, TypeError) as error:
        raise FetchError("not_a_photo", f"{url} answers no JSON with {'.'.join(keys)}.") from error
    return str(value)
