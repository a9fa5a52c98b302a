"""One Avro datum, byte by byte, from a writer's schema to a table's type."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any, TypeAlias

from penstock.core import types as t
from penstock.formats.avro.schema import AvroArray, AvroEnum, AvroFixed, AvroMap, AvroRecord, AvroUnion, Node, Primitive
from penstock.formats.scalars import time_unit

__all__ = ["TAKES", "AvroError", "Cursor", "Read", "TruncatedError", "blocks", "branch_of", "reader_of"]

_MAX_BLOCKS = 1 << 20


class AvroError(ValueError):
    """The bytes are no such datum; the text says why."""


class TruncatedError(AvroError):
    """They end inside of it."""


class Cursor:
    """A place in a datum. Every read raises AvroError beyond the end."""

    __slots__ = ("at", "data")

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        if size < 0 or self.at + size > len(self.data):
            raise TruncatedError(f"not Avro of this schema: it ends at byte {len(self.data)}, inside a value")
        self.at += size
        return self.data[self.at - size : self.at]

    def long(self, most: int = 10) -> int:
        """A zig-zag varint of at most `most` bytes: 10 hold a long, 5 an int."""
        value = shift = 0
        for _ in range(most):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                value &= (1 << (64 if most == 10 else 32)) - 1
                return (value >> 1) ^ -(value & 1)
            shift += 7
        raise AvroError(f"not Avro of this schema: a number of more than {most} bytes at byte {self.at - most}")

    def text(self) -> bytes:
        return self.take(self.long())


Read: TypeAlias = Callable[[Cursor], Any]
"""Reads a value and gives it in physical form; raises AvroError."""


def reader_of(node: Node, type_: t.DataType | None, path: str) -> Read:
    """A reader of `node` as `type_`, by Avro's schema resolution; `type_` None: the value is passed over.

    What does not resolve fails where it is met: a branch of a union that never comes does no harm.
    """
    match node:
        case AvroUnion(branches=branches):
            readers = [reader_of(b, type_, path) for b in branches]
            return lambda c: branch_of(c, readers)(c)
        case Primitive(name="null"):
            if type_ is not None and not type_.nullable:
                return _refuse(path, "null", type_)
            return lambda _: None
        case AvroRecord(fields=fields) if type_ is None or isinstance(type_, t.Row):
            return _record(fields, type_, path)
        case AvroArray(items=items) if type_ is None or isinstance(type_, t.Array):
            return _array(reader_of(items, type_.element if type_ else None, path))
        case AvroMap(values=values) if type_ is None or isinstance(type_, t.Map | t.Multiset):
            value = type_.value if isinstance(type_, t.Map) else None if type_ is None else t.INT
            return _map(reader_of(values, value, path))
        case AvroFixed(size=size) if type_ is None:
            return lambda c: c.take(size)
        case AvroEnum() if type_ is None:
            return lambda c: c.long(5)
        case Primitive(name=name):
            return _primitive(name, type_, path)
    return _refuse(path, node.name, type_)


def branch_of(cursor: Cursor, readers: list[Read]) -> Read:
    """Which of a union's readers reads what follows. Raises AvroError."""
    index = cursor.long(5)
    if not 0 <= index < len(readers):
        raise AvroError(f"not Avro of this schema: branch {index} of a union of {len(readers)} before byte {cursor.at}")
    return readers[index]


def _refuse(path: str, what: str, type_: t.DataType | None) -> Read:
    def read(_: Cursor) -> Any:
        raise AvroError(f"column {path}: Avro's {what} is no {type_}")

    return read


def _record(fields: tuple[tuple[str, Node], ...], type_: t.Row | None, path: str) -> Read:
    types = {f.name: f.type for f in type_.fields} if type_ else {}
    steps = [
        (name, name in types, reader_of(node, types.get(name), f"{path}.{name}" if path else name))
        for name, node in fields
    ]
    missing = [f.name for f in type_.fields if f.name not in dict(fields) and not f.type.nullable] if type_ else []
    order = [f.name for f in type_.fields] if type_ else []

    def read(cursor: Cursor) -> dict[str, Any]:
        if missing:
            raise AvroError(f"column {missing[0]} is NOT NULL, and the writer's schema does not have it")
        row: dict[str, Any] = dict.fromkeys(order)
        for name, wanted, step in steps:
            value = step(cursor)
            if wanted:
                row[name] = value
        return row

    return read


def blocks(cursor: Cursor) -> Any:
    """For each item of an array or a map, once."""
    while True:
        count = cursor.long()
        if count == 0:
            return
        if count < 0:
            cursor.long()
            count = -count
        if count > len(cursor.data) * 8 + _MAX_BLOCKS:
            raise AvroError(f"not Avro of this schema: {count} items before byte {cursor.at}")
        for _ in range(count):
            yield


def _array(each: Read) -> Read:
    return lambda cursor: [each(cursor) for _ in blocks(cursor)]


def _map(value: Read) -> Read:
    def read(cursor: Cursor) -> list[dict[str, Any]]:
        entries = {}
        for _ in blocks(cursor):
            key = cursor.text().decode("utf-8", "replace")
            entries[key] = value(cursor)
        return [{"key": k, "value": v} for k, v in entries.items()]

    return read


def _primitive(name: str, type_: t.DataType | None, path: str) -> Read:
    take = TAKES[name]
    if type_ is None:
        return take
    convert = _conversion(name, type_)
    if convert is None:
        return _refuse(path, name, type_)
    return lambda cursor: convert(take(cursor))


TAKES: dict[str, Read] = {
    "boolean": lambda c: c.take(1) == b"\1",
    "int": lambda c: c.long(5),
    "long": lambda c: c.long(),
    "float": lambda c: struct.unpack("<f", c.take(4))[0],
    "double": lambda c: struct.unpack("<d", c.take(8))[0],
    "bytes": lambda c: c.text(),
    "string": lambda c: c.text(),
}
_WHOLE = {"int": ("int",), "long": ("int", "long")}


def _conversion(name: str, type_: t.DataType) -> Callable[[Any], Any] | None:
    """From a writer's primitive to a physical value; None where Avro does not resolve the two."""
    match type_:
        case t.Boolean():
            return bool if name == "boolean" else None
        case t.Integer(bits=bits):
            if name not in _WHOLE["long" if bits == 64 else "int"]:
                return None
            return lambda v: (v + (1 << bits - 1)) % (1 << bits) - (1 << bits - 1)
        case t.Float():
            return float if name in {"int", "long", "float"} else None
        case t.Double():
            return float if name in {"int", "long", "float", "double"} else None
        case t.Char() | t.Varchar():
            return (lambda v: v.decode("utf-8", "replace")) if name in {"string", "bytes"} else None
        case t.Binary() | t.Varbinary():
            return bytes if name in {"string", "bytes"} else None
        case t.Date():
            return int if name == "int" else None
        case t.Time():
            return _time if name == "int" else None
        case t.Timestamp() | t.TimestampLtz():
            scale = 1 if time_unit(type_) != "ns" else 1000
            return (lambda v: v * scale) if name in _WHOLE["long"] else None
        case t.Decimal(precision=precision):
            return (lambda v: _decimal(v, precision)) if name in {"bytes", "string"} else None
    return None


def _time(millis: int) -> int:
    if not 0 <= millis < 86_400_000:
        raise AvroError(f"{millis} milliseconds are no time of the day")
    return millis * 1_000_000


def _decimal(data: bytes, precision: int) -> int | None:
    if not data:
        raise AvroError("a decimal of no bytes")
    value = int.from_bytes(data, "big", signed=True)
    return value if abs(value) < 10**precision else None
