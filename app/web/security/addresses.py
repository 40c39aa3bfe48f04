"""The address that a request came from, as limits count it."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

NETWORK_BITS = 64
"""What one household or machine has of IPv6: it may choose any address within."""


def client_address(scope: Scope) -> str:
    """Return the client's address; of an IPv6 address, its network; empty where there is none."""
    client = scope.get("client")
    return counted_address(str(client[0])) if client else ""


def counted_address(host: str) -> str:
    """Return what an address is counted as."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ip_network((address, NETWORK_BITS), strict=False))
