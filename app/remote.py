"""Photos in object stores and on web servers, through fsspec; its drivers are the extra `cloud`."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from fsspec.spec import AbstractFileSystem

from model.errors import InputError, PhotoError
from model.photo import PHOTO_SUFFIXES, Limits, escaped

SCHEMES = ("https", "http", "s3", "gs", "az", "abfs", "memory")
"""fsspec knows many more, among them some that run other programs; `memory` is its store within the process."""

SECONDS = 60.0
"""After which a server that says nothing is given up."""

_LIMITS = Limits()
_CHUNK = 2**20


def find_urls(url: str) -> list[str]:
    """Return the URLs of the photos that a URL means: itself, a folder's to any depth, or those of a pattern.

    Only a URL that does not end like a photo costs a request. Raises InputError: unknown scheme, missing driver, a
    password in the URL, nothing there.
    """
    shown = escaped(url)
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise InputError("bad_option", f"{shown} begins with none of {', '.join(SCHEMES)}; give one of these.")
    if parts.password:
        sentence = f"The URL on {escaped(parts.hostname or '')!r} holds a password, which would stand in the table"
        raise InputError("bad_option", f"{sentence}; give it in the way the driver documents, as by environment.")
    try:
        store, path = _open_store(url)
        if "*" in path:
            found = store.glob(path)
        elif _is_photo(parts.path):
            return [url]
        elif not store.isdir(path):
            # Web addresses often end in no suffix; what comes is judged by its content.
            return [url]
        else:
            found = [name for name in store.find(path) if _is_photo(urlsplit(name).path)]
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 - every driver has exceptions of its own
        sentence = f"{shown} cannot be listed ({_reason(error)}); check the address and the access to it."
        raise InputError("missing_path", sentence) from error
    return [str(store.unstrip_protocol(name)) for name in found]


def fetch(url: str) -> bytes:
    """Return the bytes of the object at a URL. Safe to call from several threads. Raises PhotoError."""
    shown = escaped(url)
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
        sentence = f"{shown} cannot be fetched ({_reason(cause)}); check the access to it, then score it again."
        raise PhotoError("unreachable", sentence) from error
    return bytes(data)


def _open_store(url: str) -> tuple[AbstractFileSystem, str]:
    scheme = urlsplit(url).scheme
    try:
        store, path = url_to_fs(url, **_options(scheme))
    except ImportError as error:
        raise InputError(
            "extra_not_installed",
            f"{scheme}:// needs a driver ({_reason(error)}); install all of them with `pip install -e .[cloud]`.",
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


def _reason(error: BaseException) -> str:
    text = escaped(" ".join(str(error).split()))
    return f"{type(error).__name__}: {text[:200]}" if text else type(error).__name__
