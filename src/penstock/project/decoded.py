"""The Avro of a topic's messages, as JSON: what a person reads beside the bytes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import orjson

from penstock.connectors import connector_named
from penstock.connectors.kafka import declared_key_fields, value_fields, value_format
from penstock.connectors.registry import Subjects
from penstock.connectors.spec import TableOptions
from penstock.connectors.upsert_kafka import key_fields
from penstock.core.errors import PenstockError
from penstock.formats.avro import Avro, AvroConfluent
from penstock.formats.avro.datum import AvroError, Cursor
from penstock.formats.avro.schema import parse_schema
from penstock.formats.avro.shown import Allowance, shown_of
from penstock.formats.either import Either
from penstock.project.topics import topic_of

if TYPE_CHECKING:
    from penstock.connectors.world import World
    from penstock.formats.avro import Registry
    from penstock.formats.avro.datum import Read
    from penstock.project.penstock import Penstock
    from penstock.sql.catalog import Table

__all__ = ["Decoded", "Decoding"]

_ITEMS = 1_000_000
"""Of arrays and maps, of all messages that are shown together."""
_SCHEMAS = 32
"""So many are asked for at most: numbers of hostile messages may each be another one."""
_HEADER = 5


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value's Avro as JSON `text`, or why it has none: `error`. `schema_id` is the number that the message names."""

    schema_id: int | None
    text: str | None
    error: str | None


class Decoding:
    """Reads the values of one topic, for one answer: by the schema that a message names, or by the table's.

    A topic has Avro if a table over it says so, or if its subject, TOPIC-value, has a schema.
    """

    def __init__(self, penstock: Penstock, topic: str) -> None:
        self._allowance = Allowance(_ITEMS)
        self._plain: Read | None = None
        self._registry: Registry | None = None
        self._mixed = False
        """Whether a message may also be text."""
        self._wrong: str | None = None
        """Why no value can be read."""
        self._readers: dict[int, Read | str] = {}
        """By schema; or why there is none."""
        for table in penstock.definition.tables:
            if topic_of(table) == topic and self._registry is None and self._plain is None:
                try:
                    self._take(table, penstock.world)
                except PenstockError as error:  # such as a registry's login that is not in the environment
                    self._wrong = error.message
        subjects = Subjects(penstock.log)
        if self._plain is None and self._registry is None and f"{topic}-value" in subjects.names():
            self._registry, self._mixed = subjects, True

    def _take(self, table: Table, world: World) -> None:
        """Read as a table does, if that is Avro."""
        options = TableOptions(table, connector_named(table))
        use = value_format(options, world)
        found = use.format.avro if isinstance(use.format, Either) else use.format
        if isinstance(found, AvroConfluent):
            self._registry, self._mixed = found.registry, isinstance(use.format, Either)
        elif isinstance(found, Avro):
            keys = key_fields(options) if options.connector.changes else declared_key_fields(options)
            schema = found.schema(value_fields(options, keys), use.options)
            self._plain = shown_of(parse_schema(schema, table.name), self._allowance)

    def of(self, value: bytes | None) -> Decoded | None:
        """What a value says; None where it is no Avro."""
        if value is None:
            return None
        if self._plain is not None:
            return _shown(self._plain, Cursor(value), None)
        if self._registry is None:
            return None if self._wrong is None else Decoded(None, None, self._wrong)
        if self._mixed and value[:1] != b"\0":
            return None
        if len(value) < _HEADER or value[:1] != b"\0":
            return Decoded(None, None, "it does not begin with a zero byte and the four of its schema's number")
        number = int.from_bytes(value[1:_HEADER], "big")
        if number not in self._readers:
            self._readers[number] = self._reader_of(number, self._registry)
        read = self._readers[number]
        return Decoded(number, None, read) if isinstance(read, str) else _shown(read, Cursor(value, _HEADER), number)

    def _reader_of(self, number: int, registry: Registry) -> Read | str:
        if len(self._readers) >= _SCHEMAS:
            return f"the messages name more than {_SCHEMAS} schemas: ask for fewer of them"
        try:
            text = registry.schema(number)
            if text is None:
                return f"schema {number} is not known to the schema registry"
            return shown_of(parse_schema(text, f"schema {number}"), self._allowance)
        except PenstockError as error:
            return f"schema {number}: {error.message}"


def _shown(read: Read, cursor: Cursor, number: int | None) -> Decoded:
    try:
        found = read(cursor)
    except AvroError as error:
        return Decoded(number, None, str(error))
    if cursor.at < len(cursor.data):
        behind = len(cursor.data) - cursor.at
        return Decoded(number, None, f"not Avro of this schema: {behind} bytes stand behind it")
    return Decoded(number, orjson.dumps(found).decode(), None)
