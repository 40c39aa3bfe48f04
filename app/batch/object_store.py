"""Photos and results in object stores and on web servers, through fsspec; its drivers are the extra `cloud`."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit
from urllib.request import getproxies, proxy_bypass

from fsspec import get_filesystem_class
from fsspec.spec import AbstractFileSystem

from app.batch.patterns import fits
from model.errors import InputError, OutputError, PhotoError
from model.photo import PHOTO_SUFFIXES, Limits, escaped
from model.redaction import redacted, redacted_url

SCHEMES = ("https", "http", "s3", "gs", "az", "abfs", "memory")
"""fsspec knows many more, among them some that run other programs; `memory` is its store within the process."""

WRITABLE = ("s3", "gs", "az", "abfs", "memory")

SECONDS = 60.0
"""After which a server that says nothing is given up."""

_LIMITS = Limits()
_CHUNK = 2**20


def find_urls(url: str) -> list[str]:
    """Return the URLs of the photos that a URL means: itself, a folder's to any depth, or those of a pattern.

    Only a URL that does not end like a photo costs a request. Raises InputError: unknown scheme, missing driver, a
    password in the URL, nothing there.
    """
    shown = escaped(redacted_url(url))
    _check(url, SCHEMES)
    try:
        store, path = _open_store(url)
        if "*" in path:
            found = _matches(store, path)
        elif _is_photo(path):
            return [url]
        elif not store.isdir(path):
            # Web addresses often end in no suffix; what comes is judged by its content.
            return [url]
        else:
            found = [name for name in store.find(path) if _is_photo(name)]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has exceptions of its own
        sentence = f"{shown} cannot be listed ({_reason(error, url)}); check the address and the access to it."
        raise InputError("missing_path", sentence) from error
    return [str(store.unstrip_protocol(name)) for name in found]


def _matches(store: AbstractFileSystem, pattern: str) -> list[str]:
    """Return the objects of a pattern, never folders. A `?` or `[` is one of a pattern or of a name, as it fits."""
    parts = pattern.split("/")
    fixed = next(number for number, part in enumerate(parts) if "*" in part)
    base, wanted = "/".join(parts[:fixed]), parts[fixed:]
    spelled = [re.sub(r"[?[]", r"[\g<0>]", part) for part in wanted]
    depth = None if "**" in wanted else len(wanted)
    found = []
    for name in store.find(f"{base}/" if is_web(base) else base, maxdepth=depth):
        rest = name.removeprefix(base).strip("/")
        below = [unquote(part) for part in rest.split("/")] if is_web(base) else rest.split("/")
        if not name.endswith("/") and (fits(below, spelled) or fits(below, wanted)):
            found.append(name)
    return sorted(found)


def fetch(url: str) -> bytes:
    """Return the bytes of the object at a URL. Safe to call from several threads. Raises PhotoError."""
    shown = escaped(redacted_url(url))
    data = bytearray()
    try:
        store, path = _open_store(url)
        # A web server need not know ranges: read it as a stream.
        options = {"block_size": 0} if is_web(url) else {}
        with store.open(path, "rb", **options) as file:
            while len(data) <= _LIMITS.max_bytes and (chunk := file.read(_CHUNK)):
                data += chunk
    except Exception as error:  # noqa: BLE001 - every driver has exceptions of its own
        # fsspec's driver for the web calls a server that does not answer a missing file as well.
        cause = error.__cause__ if isinstance(error, FileNotFoundError) else error
        if cause is None or isinstance(cause, FileNotFoundError) or getattr(cause, "status", 0) == 404:
            raise PhotoError("missing", f"{shown} does not exist; check the address.") from error
        sentence = f"{shown} cannot be fetched ({_reason(cause, url)}); check the access to it, then score it again."
        raise PhotoError("unreachable", sentence) from error
    return bytes(data)


class StorePlace:
    """A folder in an object store, see `app.batch.ray.places.Place`. A store takes an object whole or not at all."""

    def __init__(self, url: str) -> None:
        """Take a URL. Raises InputError: unknown scheme, missing driver, a password in the URL."""
        _check(url, WRITABLE)
        self._url = url.rstrip("/")
        self._store, self._path = _open_store(self._url)

    def check(self) -> None:
        """See `Place`; whether a store takes an object shows when it is written."""

    def names(self) -> set[str]:
        """See `Place`."""
        with self._failing("listed"):
            try:
                self._store.invalidate_cache()
                return {PurePosixPath(path).name for path in self._store.ls(self._path, detail=False)}
            except FileNotFoundError:
                return set()

    def read(self, name: str) -> bytes:
        """See `Place`."""
        with self._failing("read", name):
            return bytes(self._store.cat_file(f"{self._path}/{name}"))

    def write(self, name: str, data: bytes) -> None:
        """See `Place`."""
        with self._failing("written", name):
            self._store.pipe_file(f"{self._path}/{name}", data)

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Do nothing: stores have no locks. Two runs at once would do the same work twice."""
        yield

    @contextmanager
    def _failing(self, verb: str, name: str = "") -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - every driver has exceptions of its own
            shown = escaped(f"{redacted_url(self._url)}/{name}")
            sentence = (
                f"{shown!r} cannot be {verb} ({_reason(error, self._url)}); check the address and the access to it."
            )
            raise OutputError("cannot_write", sentence) from error


def is_web(url: str) -> bool:
    """Return whether a URL is one of a web server, with a query and escapes; keys of stores have neither."""
    return url.startswith(("http://", "https://"))


def _check(url: str, schemes: Sequence[str]) -> None:
    shown = escaped(redacted_url(url))
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError("bad_option", f"{shown} is no URL ({_reason(error, url)}); correct it.") from error
    if parts.scheme not in schemes:
        sentence = f"{shown} begins with none of {', '.join(schemes)}; give one of these."
        raise InputError("bad_option", sentence)
    if parts.password:
        sentence = f"The URL on {escaped(parts.hostname or '')!r} holds a password, which would stand in the table"
        raise InputError("bad_option", f"{sentence}; give it in the way the driver documents, as by environment.")


def _open_store(url: str) -> tuple[AbstractFileSystem, str]:
    """Return the store of a URL and the path in it, letter by letter: `url_to_fs` takes `::` in a key for a chain."""
    scheme = url.partition("://")[0]
    try:
        driver = get_filesystem_class(scheme)
        store = driver(**driver._get_kwargs_from_urls(url), **_options(url))
    except ImportError as error:
        raise InputError(
            "extra_not_installed",
            f"{scheme}:// needs a driver ({_reason(error, url)}); install them with `pip install -e '.[cloud]'`.",
        ) from error
    return store, str(driver._strip_protocol(url))


def _options(url: str) -> dict[str, Any]:
    """Return what keeps a silent server from holding up a run for ever, and the proxy that the environment names."""
    scheme = url.partition("://")[0]
    if scheme in {"http", "https"}:
        import aiohttp

        options: dict[str, Any] = {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=SECONDS)}}
        # Not `trust_env`, which would send what ~/.netrc holds, too.
        proxies = getproxies()
        proxy = proxies.get(scheme) or proxies.get("all")
        if proxy and not proxy_bypass(urlsplit(url).hostname or ""):
            options["proxy"] = proxy if "://" in proxy else f"http://{proxy}"
        return options
    if scheme == "s3":
        options = {"config_kwargs": {"connect_timeout": SECONDS / 3, "read_timeout": SECONDS}}
        # The driver asks the environment for proxies itself, and has a variable of its own for certificates.
        if (authorities := os.environ.get("SSL_CERT_FILE")) and not os.environ.get("AWS_CA_BUNDLE"):
            options["client_kwargs"] = {"verify": authorities}
        return options
    return {}


def _is_photo(path: str) -> bool:
    if is_web(path):
        path = unquote(urlsplit(path).path)
    return PurePosixPath(path).suffix.lower() in PHOTO_SUFFIXES and not path.endswith("/")


def _reason(error: BaseException, url: str) -> str:
    text = escaped(" ".join(redacted(str(error), url).split()))
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
