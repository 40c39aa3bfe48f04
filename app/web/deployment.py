"""How others reach the page: trusted proxies, a path of its own, foreign pages that may ask or frame it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Self
from urllib.parse import urlsplit

from app.answers.languages import Language
from model.errors import InputError

SELF = "self"
_ORIGIN = re.compile(r"https?://([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?")
_PATH = re.compile(r"(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+")
# A proxy may take the path away or leave it: with one of these, nobody could tell which it did.
_OWN_NAMES = frozenset({"api", "assets", "config", "gradio_api", "healthz", "readyz", "static", "svelte", *Language})
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Deployment:
    """What stands around the server; by default nothing does, and nobody is trusted."""

    proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Whose word counts on where a request comes from."""
    root_path: str = ""
    """What comes before every path for visitors, such as `/redspots`; empty for none."""
    origins: tuple[str, ...] = ()
    """Of pages whose scripts may use the interface for programs, as browsers send them: `https://example.org`."""
    frame_ancestors: tuple[str, ...] = ()
    """Of pages that may show this one in a frame; `'self'` is its own origin."""

    @classmethod
    def parse(
        cls,
        *,
        proxies: Sequence[str] = (),
        root_path: str = "",
        origins: Sequence[str] = (),
        frame_ancestors: Sequence[str] = (),
    ) -> Self:
        """Return what the options say. Raises InputError `bad_option`."""
        return cls(
            tuple(map(_network, proxies)),
            checked_path(root_path),
            tuple(_origin(text, "--allow-origin") for text in origins),
            tuple(
                f"'{SELF}'" if text.strip("'") == SELF else _origin(text, "--frame-ancestors")
                for text in frame_ancestors
            ),
        )


def is_path(text: str) -> bool:
    """Return whether a text is a path that can stand before the page's own: no dots, nothing to decode."""
    return _PATH.fullmatch(text) is not None


def checked_path(text: str) -> str:
    """Return a root path without a slash at its end; empty for `/`. Raises InputError `bad_option`."""
    path = text.rstrip("/")
    if path and not is_path(path):
        raise InputError("bad_option", f"{text!r} is no path; write --root-path like /redspots.")
    if path and path.split("/")[1] in _OWN_NAMES:
        raise InputError(
            "bad_option", f"{text!r} begins with a name that the page uses itself; choose another --root-path."
        )
    return path


def _network(text: str) -> IPv4Network | IPv6Network:
    try:
        network = ip_network(text)
    except ValueError as error:
        raise InputError(
            "bad_option",
            f"{text!r} is no address and no network ({error}); write --trusted-proxy like 10.0.0.5 or 10.0.0.0/8.",
        ) from error
    if network.prefixlen == 0:
        raise InputError(
            "bad_option",
            f"{text!r} is every address there is, so anybody could claim any other; name the proxy itself.",
        )
    return network


def _origin(text: str, option: str) -> str:
    """Return an origin as browsers send it: in small letters, without the port that its scheme implies."""
    origin = text.lower().removesuffix("/")
    try:
        parts = urlsplit(origin)
        port = parts.port
    except ValueError:
        port, parts = None, urlsplit("")
    if not _ORIGIN.fullmatch(origin) or not parts.hostname:
        raise InputError(
            "bad_option",
            f"{text!r} is no origin; write {option} like https://example.org, without a path, once for each.",
        )
    return origin.rpartition(":")[0] if port == _DEFAULT_PORTS[parts.scheme] else origin
