"""The key of a record, read out of its value: a field that is named, or what the table over its topic declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from penstock.core.json_object import object_in
from penstock.project.topics import topic_of
from penstock.sql.catalog import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from penstock.project.penstock import Penstock

__all__ = ["declared_key", "field_key"]


def field_key(field: str) -> Callable[[bytes], bytes | None]:
    """The key is a field of the JSON object: a text as it is, other values as JSON, none where it is no object."""

    def key(value: bytes) -> bytes | None:
        row = object_in(value)
        found = None if row is None else row.get(field)
        return None if found is None else found.encode() if isinstance(found, str) else orjson.dumps(found)

    return key


def declared_key(penstock: Penstock, name: str) -> Callable[[bytes], bytes | None] | None:
    """The key as the table over the topic declares it: one field as text, or several as a JSON object."""
    tables = [t for t in penstock.catalog.objects.values() if isinstance(t, Table) and topic_of(t) is not None]
    found = next((t for t in tables if name in (t.name, topic_of(t))), None)
    if found is None:
        return None
    declared = found.options.get("key.fields")
    fields = tuple(f.strip() for f in declared.split(";")) if declared else found.primary_key
    if not fields:
        return None
    if found.options.get("key.format") == "raw":
        return field_key(fields[0])
    prefix = found.options.get("key.fields-prefix", "")

    def key(value: bytes) -> bytes | None:
        row = object_in(value)
        return None if row is None else orjson.dumps({f.removeprefix(prefix): row.get(f) for f in fields})

    return key
