"""The schemas of topics: the project's own registry, another one by its address, and formats that ask them."""

from __future__ import annotations

from typing import TYPE_CHECKING

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


def with_registry(use: FormatUse, subject: str, world: World, where: str) -> FormatUse:
    """`use` as it is in a project: avro-confluent asks its registry, and registers as `subject` if no other is given.

    Raises ConfigError for a login or token that is not in the environment.
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
    if url is None:
        return Subjects(world.log)
    login = revealed(values[LOGIN], where)
    user, _, password = login.partition(":")
    token = revealed(values[TOKEN], where)
    return RemoteRegistry(url, world.allow, world.clock, login=(user, password) if login else None, token=token)
