"""Addresses that Penstock goes to by itself: those of this machine and its network only where that was allowed."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from penstock.core.errors import ConfigError
from penstock.core.network import Address, outgoing


def resolves(monkeypatch: pytest.MonkeyPatch, **hosts: str) -> None:
    """Names and what they resolve to, without asking a network."""

    def look_up(host: str, port: int, **_: Any) -> list[Any]:
        if host.replace(".", "_") in hosts:
            return [(0, 0, 0, "", (ip, port)) for ip in hosts[host.replace(".", "_")].split()]
        raise socket.gaierror(host)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("http://127.0.0.1:8081", "a loopback address"),
        ("http://[::1]:8081", "a loopback address"),
        ("http://0.0.0.0:80", "a loopback address"),
        ("http://[::ffff:127.0.0.1]:80", "a loopback address"),
        ("http://169.254.169.254/latest", "a link-local address"),
        ("http://[fe80::1]:80", "a link-local address"),
        ("https://10.1.2.3", "a private address"),
        ("https://192.168.0.1", "a private address"),
        ("https://100.64.0.1", "a private address"),
        ("https://224.0.0.1", "a multicast address"),
        ("http://2130706433/", "a loopback address"),
    ],
)
def test_addresses_that_are_not_public(url: str, kind: str) -> None:
    with pytest.raises(ConfigError, match=kind) as raised:
        outgoing(url, (), "table t")
    assert (raised.value.code, raised.value.where) == ("network-refused", "table t")


def test_what_is_allowed() -> None:
    assert outgoing("http://127.0.0.1:8081/path", ["127.0.0.1:8081"]) == Address("127.0.0.1", 8081, "127.0.0.1")
    assert outgoing("http://127.0.0.1:8081", ["127.0.0.1"]).port == 8081
    with pytest.raises(ConfigError) as raised:
        outgoing("http://127.0.0.1:8082", ["127.0.0.1:8081"])
    assert raised.value.hint == 'add it to penstock.toml: [network] allow = ["127.0.0.1:8082"]'


def test_names_are_looked_up_and_all_their_addresses_count(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, public="93.184.216.34", mixed="93.184.216.34 10.0.0.1")
    assert outgoing("https://public/x", ()) == Address("public", 443, "93.184.216.34")
    with pytest.raises(ConfigError, match=r"'https://mixed' leads to 10\.0\.0\.1, a private address"):
        outgoing("https://mixed", ())
    with pytest.raises(ConfigError, match="host 'nowhere' of 'http://nowhere' is not known"):
        outgoing("http://nowhere", ())


@pytest.mark.parametrize("url", ["", "localhost:8081", "ftp://host/", "http://", "http://host:port"])
def test_what_is_no_address(url: str) -> None:
    with pytest.raises(ConfigError, match="is no address: http or https, and a host") as raised:
        outgoing(url, ())
    assert raised.value.hint == "http://host:8081"
