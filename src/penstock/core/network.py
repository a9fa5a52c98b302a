"""Addresses that Penstock may go to of its own accord: not this machine's or its network's, unless that was allowed."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit, urlunsplit

from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Address", "outgoing"]

_PORTS = {"http": 80, "https": 443}


class Address(NamedTuple):
    """Where a URL leads: its host as written, the port, and the IP address to connect to, looked up once."""

    host: str
    port: int
    ip: str

    def pinned(self, url: str) -> tuple[str, str]:
        """`url`, which led here, with the IP address in the place of its host; and what its Host header says."""
        parts = urlsplit(url)
        shown = f"[{self.ip}]" if ":" in self.ip else self.ip
        pinned = parts._replace(netloc=f"{shown}:{self.port}", fragment="")
        return urlunsplit(pinned), parts.netloc.rpartition("@")[2]


def outgoing(url: str, allow: Collection[str], where: str = "") -> Address:
    """The address of an http or https `url`, if it is a public one or stands in `allow` (``host`` or ``host:port``).

    Connect to the `ip` it names: another look-up of the host might lead elsewhere. Raises ConfigError for a URL that
    is none, a host that is not known, and an address that is loopback, link-local, private or otherwise not public.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        host, port = "", 0
    if not host or not port:
        raise ConfigError(
            f"'{url}' is no address: http or https, and a host",
            code="network-url",
            where=where,
            hint="http://host:8081",
        )
    try:
        found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise ConfigError(f"host '{host}' of '{url}' is not known", code="network-host", where=where) from None
    if host not in allow and f"{host}:{port}" not in allow:
        for ip in found:
            if kind := _kind(ip):
                raise ConfigError(
                    f"'{url}' leads to {ip}, a {kind} address, and is not among those allowed",
                    code="network-refused",
                    where=where,
                    hint=f'add it to penstock.toml: [network] allow = ["{host}:{port}"]',
                )
    return Address(host, port, found[0])


def _kind(ip: str) -> str:
    """What keeps `ip` from being public, in a word; "" if nothing does."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = address.ipv4_mapped or address.sixtofour or address
    if address.is_loopback or address.is_unspecified:
        return "loopback"
    if address.is_link_local:
        return "link-local"
    if address.is_multicast:
        return "multicast"
    return "" if address.is_global else "private"
