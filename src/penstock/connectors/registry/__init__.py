"""The schemas of topics: the project's own registry, another one by its address, and formats that ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from penstock.connectors.registry.compatibility import LEVELS
from penstock.connectors.registry.remote import RemoteRegistry
from penstock.connectors.registry.subjects import PREFIX, Subjects, Version
from penstock.connectors.secrets import revealed
from penstock.connectors.spec import FormatUse
from penstock.core.errors import UnsupportedError
from penstock.core.options import Values
from penstock.formats.avro import LOGIN, OLD_SUBJECT, OLD_URL, STORES, SUBJECT, TOKEN, URL, AvroConfluent

if TYPE_CHECKING:
    from penstock.connectors.world import World
    from penstock.formats.avro import Registry

__all__ = ["LEVELS", "PREFIX", "RemoteRegistry", "Subjects", "Version", "with_registry"]

_PATH = "/api/registry"
_PORTS = {"http": 80, "https": 443}
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def with_registry(use: FormatUse, subject: str, world: World, where: str) -> FormatUse:
    """`use` as it is in a project: avro-confluent asks its registry, and registers as `subject` if no other is given.

    Raises ConfigError for a login or token that is not in the environment, and an address that is not allowed.
    """
    if use.format.name != AvroConfluent.name:
        return use
    values = Values(use.format.options, use.options, where)
    own = values[SUBJECT] or values[OLD_SUBJECT] or subject
    options = {**use.options, SUBJECT.name: own}
    return FormatUse(AvroConfluent(_registry(values, world, where)), options)


def _registry(values: Values, world: World, where: str) -> Registry:
    for option in STORES:
        if values.given(option):
            raise UnsupportedError(
                f"'avro-confluent.{option.name}' is not supported: Java's key stores are not read",
                code="registry-store",
                where=where,
                hint="leave it out; SSL_CERT_FILE names certificates that are not the system's",
            )
    url = values[URL] or values[OLD_URL]
    if url is None or _is_own(url, world.own):
        return Subjects(world.log)
    login = revealed(values[LOGIN], where)
    user, _, password = login.partition(":")
    token = revealed(values[TOKEN], where)
    login_pair = (user, password) if login else None
    return RemoteRegistry(url, world.allow, world.clock, login=login_pair, token=token, where=where)


def _is_own(url: str, own: str) -> bool:
    """Whether `url` is the registry of the project whose page is at `own`: then nobody needs to be asked."""
    try:
        asked, page = urlsplit(url), urlsplit(own)
        places = [(parts.hostname, parts.port or _PORTS.get(parts.scheme)) for parts in (asked, page)]
    except ValueError:
        return False
    (host, port), (own_host, own_port) = places
    same = host == own_host or {host, own_host} <= _LOOPBACK
    return bool(own) and same and port == own_port and asked.path.rstrip("/") == _PATH
