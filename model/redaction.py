"""Redaction: what is told or kept of an address, a command or an error holds no password and no token.

Secrets stand in URLs: as user information before the host, `https://user:password@host/`, and as parameters of
well-known names, such as `X-Amz-Signature`, `sig`, `token` or `access_key`. What is left still says where something is.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath, PureWindowsPath
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

MASK = "***"

_LEAST = 3
"""Letters of a known secret that is looked for in the words of others: shorter ones would be found in any word."""

_SECRET_WORDS = frozenset(
    {
        *("token", "secret", "password", "passwd", "passphrase", "pass", "pwd", "pw", "pin"),
        *("signature", "sig", "sign", "hmac", "credential", "credentials", "creds", "cred", "policy"),
        *("key", "apikey", "accesskey", "secretkey", "accountkey", "keyid", "code"),
        *("auth", "authorization", "authorisation", "bearer", "jwt", "session", "sessionid", "sid", "cookie"),
    }
)
"""Parts of the names of parameters whose values are secret."""

_FILE = re.compile(r"\.(?:jpe?g|jpe|jfif|a?png|webp|avif|hei[cf]|hif|bmp|dib|tiff?|gif)$", re.IGNORECASE)
"""Ends of a value that is the name of a photo, as in `?key=photos/1.jpg`."""

_CONTAINERS = ("az:", "abfs:", "abfss:", "wasb:", "wasbs:")
"""Schemes in which a container, and no user, stands before the host."""

# One slash is what is left where a URL was taken for a path; one letter before it is a drive.
_SCHEME = r"(?P<scheme>\b[a-z][a-z0-9+.-]+:/+)"
# A colon, and what cannot be a port. A password that was typed as it is may hold what would end the user information.
_TYPED_USER = r"(?!\[)[^@/?#:\s]*:(?!\d*(?:[/?#\s:,;.)\]'\"]|$))(?!\s)[^@\n]{0,500}?@(?:[^/?#\s]*@)?"
_USER = re.compile(rf"{_SCHEME}(?P<user>[^/?#\s\"'<>]*@|{_TYPED_USER})", re.IGNORECASE)
_WHOLE_USER = re.compile(rf"{_SCHEME}(?P<user>[^/?#]*@|{_TYPED_USER})", re.IGNORECASE)
_BARE_USER = re.compile(r"[^\s/@:=]+:[^\s/@]+@")
"""User information of an address without a scheme, as at the beginning of HOST:PORT."""

_NAME = re.compile(r"(?:[?&;#]|%3f|%26)(?P<name>[^=&;?#\s\"'<>]{1,200})=", re.IGNORECASE)
_END = re.compile(r"[&\s\"'<>]")
_WHOLE_END = re.compile(r"&")


def redacted(text: str, *urls: str) -> str:
    """Return a text for people with `***` in place of every secret of a URL in it.

    The secrets of `urls` are found in any spelling: for the words of a library that was given these URLs.
    """
    for secret in sorted({spelling for url in urls for spelling in _secrets(url)}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return _masked(text, _USER, _END)


def redacted_url(url: str) -> str:
    """Return one URL, whatever characters it holds, with `***` in place of its secrets; a path stays as it is."""
    return _masked(url, _WHOLE_USER, _WHOLE_END)


def redacted_command(arguments: Sequence[str]) -> str:
    """Return a command line for a shell without secrets, and of absolute paths the last name alone."""
    shown = shlex.join(_argument(argument) for argument in arguments)
    # It is written as UTF-8; a name may have bytes that are none.
    return os.fsencode(shown).decode(errors="backslashreplace")


def redacted_values(value: Any) -> Any:
    """Return plain values, as JSON holds them, in which no text holds a secret of a URL."""
    if isinstance(value, Mapping):
        return {redacted(key): redacted_values(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [redacted_values(one) for one in value]
    return redacted(value) if isinstance(value, str) else value


def _argument(argument: str) -> str:
    option, mark, value = argument.partition("=") if argument.startswith("--") else ("", "", argument)
    shown = redacted_url(value)
    if shown != value or "://" in value:
        value = shown
    elif found := _BARE_USER.match(value):
        value = f"{MASK}@{value[found.end() :]}"
    elif value.startswith("~") or PurePath(value).is_absolute() or PureWindowsPath(value).is_absolute():
        # Folders tell who works where, and on whom.
        value = PureWindowsPath(value).name or value
    return f"{option}{mark}{value}"


def _masked(text: str, user: re.Pattern[str], end: re.Pattern[str]) -> str:
    if ":/" in text:
        text = user.sub(_without_user, text)
    return _without_values(text, end) if "=" in text else text


def _without_user(found: re.Match[str]) -> str:
    scheme, user = found["scheme"], found["user"]
    if scheme.lower().startswith(_CONTAINERS) and ":" not in user:
        return found[0]
    return f"{scheme}{MASK}@"


def _without_values(text: str, end: re.Pattern[str]) -> str:
    told, done = [], 0
    for found in _NAME.finditer(text):
        if found.start() < done:
            continue
        stop = end.search(text, found.end())
        value = text[found.end() : stop.start() if stop else len(text)]
        if _is_secret(found["name"], value):
            told += [text[done : found.end()], MASK]
            done = found.end() + len(value)
    return "".join([*told, text[done:]])


def _is_secret(name: str, value: str) -> bool:
    """Return whether the value of a parameter is secret, by its name or because it is a URL with a secret."""
    if not value:
        return False
    if _SECRET_WORDS.isdisjoint(_words(unquote_plus(name))):
        inner = unquote_plus(value)
        return "%" in value and "://" in inner and redacted_url(inner) != inner
    return not _FILE.search(unquote_plus(value))


def _words(name: str) -> Iterator[str]:
    """Yield the words of a name in lower case: `X-Amz-Signature`, `access_key` and `AWSAccessKeyId` hold three each."""
    for part in re.split(r"[^A-Za-z0-9]+", name):
        yield part.lower()
        yield from (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", part))


def _secrets(url: str) -> Iterator[str]:
    """Yield every spelling of the secrets of a URL that somebody's error may hold."""
    for secret in _secrets_as_typed(url):
        plain = unquote(secret)
        quoted = (spell(text) for text in (secret, plain) for spell in (quote, quote_plus, _quote_all))
        for spelling in (secret, plain, unquote_plus(secret), *quoted):
            for shown in (spelling, repr(spelling)[1:-1]):
                if len(shown) >= _LEAST:
                    yield shown


def _quote_all(text: str) -> str:
    return quote(text, safe="")


def _secrets_as_typed(url: str) -> Iterable[str]:
    found = _WHOLE_USER.search(url)
    if found and _without_user(found) != found[0]:
        name, _, password = found["user"][:-1].partition(":")
        # A token may stand in place of a name. Beside a password, a name by itself is an ordinary word.
        yield from (found["user"][:-1], password) if password else (name,)
    for named in _NAME.finditer(url):
        stop = _WHOLE_END.search(url, named.end())
        value = url[named.end() : stop.start() if stop else len(url)]
        if _is_secret(named["name"], value):
            yield value
