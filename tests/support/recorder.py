"""Run a command as a person would, and record whom it asks: every name look-up and every connection off this machine.

`strace` sees the calls of native code as well, which no hook of Python's does. Where the machine allows it the command
has a network of its own, in which there is nobody but itself.
"""

from __future__ import annotations

import fcntl
import functools
import ipaddress
import os
import re
import shutil
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

REQUIRED = "REDSPOTS_REQUIRE_RECORDER"
"""Set where a test without its recorder is to fail, not to be skipped."""

_STRACE = ("strace", "--follow-forks", "--seccomp-bpf", "--quiet=all", "--signal=none", "--decode-fds=none")
_CALLS = "--trace=connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((?P<port>\d+)\)"
    r".*?(?:inet_addr\(|inet_pton\(AF_INET6, )\"(?P<host>[^\"]+)\""
)
_RESOLVER = re.compile(r"AF_UNIX, sun_path=\"(?P<path>[^\"]*(?:systemd/resolve|avahi-daemon)[^\"]*)\"")
_DNS_PORTS = {53, 853, 5353}


@dataclass(frozen=True)
class Recorded:
    """What came of a command."""

    status: int
    output: str
    said: str
    """On standard error."""
    asked: tuple[str, ...]
    """Addresses off this machine and servers of names, each once."""


def recorder_or_skip() -> None:
    """Skip the test where nothing records, or fail it where `REQUIRED` is set."""
    if not _can(*_STRACE, _CALLS, "true"):
        # Not for the process that only becomes another.
        import pytest

        why = "strace, which records look-ups and connections, is not installed or not allowed"
        if os.environ.get(REQUIRED):
            pytest.fail(why)
        pytest.skip(why)


def recorded(command: Sequence[str], *, log: Path, cwd: Path, environment: Mapping[str, str]) -> Recorded:
    """Return what came of a command that saw this environment and no other."""
    result = subprocess.run(
        [*_apart(), *_STRACE, _CALLS, f"--output={log}", *command],
        cwd=cwd,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    asked = dict.fromkeys(filter(None, map(_asked, log.read_text(encoding="utf-8", errors="replace").splitlines())))
    return Recorded(result.returncode, result.stdout, result.stderr, tuple(asked))


def _asked(line: str) -> str | None:
    """Return whom a call went to, unless it stays on this machine."""
    if found := _RESOLVER.search(line):
        return f"names by {found['path']}"
    if not (found := _ADDRESS.search(line)):
        return None
    address = ipaddress.ip_address(found["host"])
    address = getattr(address, "ipv4_mapped", None) or address
    # A server of names on this machine passes the question on.
    if (address.is_loopback or address.is_unspecified) and int(found["port"]) not in _DNS_PORTS:
        return None
    return f"{address} port {found['port']}"


@functools.cache
def _apart() -> tuple[str, ...]:
    """Return what puts a command into a network of its own, as root; nothing where that is not allowed."""
    alone = ("unshare", "--net", sys.executable, __file__)
    return alone if _can(*alone, "true") else ()


def _can(*command: str) -> bool:
    return shutil.which(command[0]) is not None and subprocess.run(command, capture_output=True).returncode == 0


def _main(command: Sequence[str]) -> None:
    """Switch the loopback device of a new network on, and become the command."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        siocsifflags, iff_up, siocsifaddr = 0x8914, 1, 0x8916
        fcntl.ioctl(any_socket, siocsifflags, struct.pack("16sH14x", b"lo", iff_up))
        # An address that looks like one of a network: some programs do not even try without.
        address = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("10.11.12.13"))
        fcntl.ioctl(any_socket, siocsifaddr, struct.pack("16s16s", b"lo:1", address))
    os.execvp(command[0], list(command))


if __name__ == "__main__":
    _main(sys.argv[1:])
