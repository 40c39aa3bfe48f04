"""Photos and results in object stores and on web servers, through fsspec; its drivers are the extra `cloud`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from fsspec.spec import AbstractFileSystem

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
            found = store.glob(path)
        elif _is_photo(urlsplit(url).path):
            return [url]
        elif not store.isdir(path):
            # Web addresses often end in no suffix; what comes is judged by its content.
            return [url]
        else:
            found = [name for name in store.find(path) if _is_photo(urlsplit(name).path)]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has exceptions of its own
        sentence = f"{shown} cannot be listed ({_reason(error, url)}); check the address and the access to it."
        raise InputError("missing_path", sentence) from error
    return [str(store.unstrip_protocol(name)) for name in found]


def fetch(url: str) -> bytes:
    """Return the bytes of the object at a URL. Safe to call from several threads. Raises PhotoError."""
    shown = escaped(redacted_url(url))
    data = bytearray()
    try:
        store, path = _open_store(url)
        # A web server need not know ranges: read it as a stream.
        options = {"block_size": 0} if url.startswith("http") else {}
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


def _check(url: str, schemes: Sequence[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        sentence = f"{escaped(redacted_url(url))} begins with none of {', '.join(schemes)}; give one of these."
        raise InputError("bad_option", sentence)
    if parts.password:
        sentence = f"The URL on {escaped(parts.hostname or '')!r} holds a password, which would stand in the table"
        raise InputError("bad_option", f"{sentence}; give it in the way the driver documents, as by environment.")


def _open_store(url: str) -> tuple[AbstractFileSystem, str]:
    scheme = urlsplit(url).scheme
    try:
        store, path = url_to_fs(url, **_options(scheme))
    except ImportError as error:
        raise InputError(
            "extra_not_installed",
            f"{scheme}:// needs a driver ({_reason(error, url)}); install them with `pip install -e '.[cloud]'`.",
        ) from error
    return store, path


def _options(scheme: str) -> dict[str, Any]:
    """Return what keeps a silent server from holding up a run for ever."""
    if scheme in {"http", "https"}:
        import aiohttp

        return {"client_kwargs": {"timeout": aiohttp.ClientTimeout(total=SECONDS)}}
    if scheme == "s3":
        return {"config_kwargs": {"connect_timeout": SECONDS / 3, "read_timeout": SECONDS}}
    return {}


def _is_photo(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in PHOTO_SUFFIXES


def _reason(error: BaseException, url: str) -> str:
    text = escaped(" ".join(redacted(str(error), url).split()))
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
