"""Avro as a person reads it: what Avro's own library has written, and bytes that would take all memory."""

from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from typing import Any

import avro.io
import avro.schema
import pytest

from penstock.formats.avro.datum import AvroError, Cursor
from penstock.formats.avro.schema import parse_schema
from penstock.formats.avro.shown import Allowance, shown_of
from tests.formats.test_avro import varint

NOON = dt.datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=dt.UTC)
FIELDS: tuple[tuple[str, Any, Any, Any], ...] = (
    ("text", "string", "é\n", "é\n"),
    ("bytes", "bytes", b"\0\xff", "0x00ff"),
    ("fixed", {"type": "fixed", "name": "two", "size": 2}, b"\1\2", "0x0102"),
    ("long", "long", -(2**63), -(2**63)),
    ("nan", "double", float("nan"), "nan"),
    ("half", "float", 0.5, 0.5),
    ("yes", "boolean", True, True),
    ("unit", {"type": "enum", "name": "unit", "symbols": ["s", "ms"]}, "ms", "ms"),
    ("none", ["null", "int"], None, None),
    ("some", ["null", "int"], 7, 7),
    ("list", {"type": "array", "items": "long"}, [1, -1], [1, -1]),
    ("map", {"type": "map", "values": "int"}, {"a": 1}, {"a": 1}),
    (
        "inner",
        {"type": "record", "name": "inner", "fields": [{"name": "a", "type": "int"}]},
        {"a": 1},
        {"a": 1},
    ),
    ("day", {"type": "int", "logicalType": "date"}, dt.date(2026, 3, 1), "2026-03-01"),
    ("time", {"type": "int", "logicalType": "time-millis"}, dt.time(9, 5), "09:05:00"),
    ("millis", {"type": "long", "logicalType": "timestamp-millis"}, NOON, "2026-03-01 12:00:00.250000Z"),
    ("micros", {"type": "long", "logicalType": "timestamp-micros"}, NOON, "2026-03-01 12:00:00.250000Z"),
    (
        "price",
        {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 2},
        Decimal("-0.05"),
        "-0.05",
    ),
)


def shown(schema: Any, data: bytes, items: int = 1_000) -> Any:
    return shown_of(parse_schema(json.dumps(schema), "here"), Allowance(items))(Cursor(data))


def test_every_type_is_shown_as_it_is_meant() -> None:
    schema = {"type": "record", "name": "all", "fields": [{"name": n, "type": s} for n, s, _, _ in FIELDS]}
    out = io.BytesIO()
    writer = avro.io.DatumWriter(avro.schema.parse(json.dumps(schema)))
    writer.write({name: value for name, _, value, _ in FIELDS}, avro.io.BinaryEncoder(out))
    assert shown(schema, out.getvalue()) == {name: said for name, _, _, said in FIELDS}


@pytest.mark.parametrize(
    ("schema", "data", "said"),
    [
        ("string", b"\x06ab", "not Avro of this schema: it ends at byte 3, inside a value"),
        ("string", b"\x02\xff", "not Avro of this schema: a text that is not UTF-8 before byte 2"),
        (["null", "int"], b"\x04", "not Avro of this schema: branch 2 of a union of 2"),
        ({"type": "enum", "name": "e", "symbols": ["a"]}, b"\x02", "not Avro of this schema: symbol 1 of an enum of 1"),
        ({"type": "array", "items": "null"}, varint(2**40) + b"\0", "items before byte"),
        ({"type": "array", "items": "null"}, varint(1_001) + b"\0", "more items than are shown at once"),
    ],
)
def test_what_is_no_such_datum_says_so(schema: Any, data: bytes, said: str) -> None:
    with pytest.raises(AvroError) as told:
        shown(schema, data)
    assert said in str(told.value)


def test_what_no_calendar_has_stays_a_number() -> None:
    assert shown({"type": "long", "logicalType": "timestamp-micros"}, varint(2**62)) == 2**62
    odd = {"type": "bytes", "logicalType": "decimal", "precision": 9, "scale": 1_000_000}
    assert shown(odd, b"\x02\x01") == "0x01"
    assert shown({**odd, "scale": "two"}, b"\x02\x01") == "1"
