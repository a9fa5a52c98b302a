"""Avro schemas: read from JSON, and derived from a table's columns as Flink derives them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from penstock.core import types as t
from penstock.core.errors import ConfigError, UnsupportedError

__all__ = [
    "AvroArray",
    "AvroEnum",
    "AvroFixed",
    "AvroMap",
    "AvroRecord",
    "AvroUnion",
    "Node",
    "Primitive",
    "derived_schema",
    "parse_schema",
]

PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_ROOT = "record"
_NAMESPACE = "org.apache.flink.avro.generated"


class Node:
    """A part of a schema."""

    name: str


@dataclass(frozen=True, slots=True)
class Primitive(Node):
    """`name` is null, boolean, int, long, float, double, bytes or string; what a logical type means, the table says.

    Where there is no table, `logical` does, such as timestamp-millis, and of a decimal its `scale`.
    """

    name: str
    logical: str = field(default="", compare=False)
    scale: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class AvroFixed(Node):
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class AvroEnum(Node):
    name: str
    symbols: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AvroArray(Node):
    items: Node
    name: str = "array"


@dataclass(frozen=True, slots=True)
class AvroMap(Node):
    values: Node
    name: str = "map"


@dataclass(frozen=True, slots=True)
class AvroUnion(Node):
    branches: tuple[Node, ...]
    name: str = "union"


@dataclass(frozen=True, slots=True)
class AvroRecord(Node):
    name: str
    fields: tuple[tuple[str, Node], ...]


def parse_schema(text: str, where: str) -> Node:
    """The schema in `text`. Raises ConfigError for what is none, UnsupportedError for one that contains itself."""
    try:
        return _Parser().node(json.loads(text), "")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"not an Avro schema: {str(error) or type(error).__name__}", code="avro-schema", where=where
        ) from error


class _Parser:
    def __init__(self) -> None:
        self._named: dict[str, Node | None] = {}

    def node(self, schema: Any, namespace: str) -> Node:
        if isinstance(schema, list):
            return AvroUnion(tuple(self.node(branch, namespace) for branch in schema))
        if isinstance(schema, str):
            return Primitive(schema) if schema in PRIMITIVES else self._known(schema, namespace)
        kind = schema["type"]
        if kind in PRIMITIVES:
            scale = schema.get("scale")
            return Primitive(kind, str(schema.get("logicalType", "")), scale if isinstance(scale, int) else 0)
        if kind == "array":
            return AvroArray(self.node(schema["items"], namespace))
        if kind == "map":
            return AvroMap(self.node(schema["values"], namespace))
        if not isinstance(kind, str):
            return self.node(kind, namespace)
        return self._definition(kind, schema, namespace)

    def _definition(self, kind: str, schema: dict[str, Any], namespace: str) -> Node:
        name = schema.get("name", "")
        space, _, short = name.rpartition(".")
        space = space or schema.get("namespace", namespace)
        full = f"{space}.{short}" if space else short
        self._named[full] = None
        node: Node
        if kind in {"record", "error"}:
            node = AvroRecord(full, tuple((f["name"], self.node(f["type"], space)) for f in schema["fields"]))
        elif kind == "enum":
            node = AvroEnum(full, tuple(schema["symbols"]))
        elif kind == "fixed":
            node = AvroFixed(full, int(schema["size"]))
        else:
            return self._known(kind, namespace)
        self._named[full] = node
        return node

    def _known(self, name: str, namespace: str) -> Node:
        full = name if "." in name or not namespace else f"{namespace}.{name}"
        full = full if full in self._named else name
        node = self._named[full]
        if node is None:
            raise UnsupportedError(f"the Avro record {full} contains itself", code="avro-recursive")
        return node


def derived_schema(fields: tuple[t.Field, ...], *, legacy: bool) -> dict[str, Any]:
    """The schema of a table's rows; `legacy` maps timestamps as Flink did before 1.19.

    Raises UnsupportedError for a type that Avro does not have there.
    """
    return {
        "type": "record",
        "name": _ROOT,
        "namespace": _NAMESPACE,
        "fields": _fields(fields, _ROOT, legacy=legacy),
    }


def _fields(fields: tuple[t.Field, ...], name: str, *, legacy: bool) -> list[dict[str, Any]]:
    out: list[dict[str, Any]] = []
    for f in fields:
        schema = _nullable(f.type, f"{name}_{f.name}", legacy=legacy)
        out.append({"name": f.name, "type": schema, **({"default": None} if f.type.nullable else {})})
    return out


def _nullable(type_: t.DataType, name: str, *, legacy: bool) -> Any:
    schema = _derived(type_, name, legacy=legacy)
    return ["null", schema] if type_.nullable and schema != "null" else schema


def _derived(type_: t.DataType, name: str, *, legacy: bool) -> Any:
    match type_:
        case t.Boolean():
            return "boolean"
        case t.Integer(bits=bits):
            return "long" if bits == 64 else "int"
        case t.Float():
            return "float"
        case t.Double():
            return "double"
        case t.Char() | t.Varchar():
            return "string"
        case t.Binary() | t.Varbinary():
            return "bytes"
        case t.Decimal(precision=precision, scale=scale):
            return {"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale}
        case t.Date():
            return {"type": "int", "logicalType": "date"}
        case t.Time(precision=precision) if precision <= 3:
            return {"type": "int", "logicalType": "time-millis"}
        case t.Timestamp() | t.TimestampLtz():
            return _timestamp(type_, legacy=legacy)
        case t.Array(element=element):
            return {"type": "array", "items": _nullable(element, name, legacy=legacy)}
        case t.Map(key=t.Char() | t.Varchar(), value=value):
            return {"type": "map", "values": _nullable(value, name, legacy=legacy)}
        case t.Multiset(element=t.Char() | t.Varchar()):
            return {"type": "map", "values": _nullable(t.INT, name, legacy=legacy)}
        case t.Row(fields=fields):
            return {"type": "record", "name": name, "fields": _fields(fields, name, legacy=legacy)}
    raise UnsupportedError(f"the format avro does not have the type {type_.name}", code="format-type")


def _timestamp(type_: t.Timestamp | t.TimestampLtz, *, legacy: bool) -> dict[str, str]:
    local = isinstance(type_, t.Timestamp)
    unit = "millis" if type_.precision <= 3 else "micros"
    if type_.precision > (3 if legacy else 6) or (legacy and not local):
        raise UnsupportedError(
            f"the format avro does not have the type {type_.name}",
            code="format-type",
            hint="set 'avro.timestamp_mapping.legacy' to 'false' for up to 6 digits and TIMESTAMP_LTZ"
            if legacy
            else "",
        )
    prefix = "local-" if local and not legacy else ""
    return {"type": "long", "logicalType": f"{prefix}timestamp-{unit}"}
