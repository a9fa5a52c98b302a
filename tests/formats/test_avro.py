"""Avro against bytes made by hand from its specification, between schemas, and there and back."""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.formats import FORMATS
from penstock.formats.avro import AvroConfluent
from tests.examples import examples
from tests.formats.helpers import binary, columns, decode, decoder_of, outcomes

if TYPE_CHECKING:
    from penstock.core.types import Field

LONGS = st.integers(-(2**63), 2**63 - 1)
ROWS = st.fixed_dictionaries(
    {
        "l": st.none() | LONGS,
        "i": st.none() | st.integers(-(2**31), 2**31 - 1),
        "s": st.none() | st.text(st.characters(codec="utf-8"), max_size=20),
        "y": st.none() | st.binary(max_size=20),
        "d": st.none() | st.floats(allow_nan=False),
        "b": st.none() | st.booleans(),
    }
)
TYPES = columns(l="BIGINT", i="INT", s="STRING", y="BYTES", d="DOUBLE", b="BOOLEAN")


def varint(value: int) -> bytes:
    """A number as the specification spells it: zig-zag, seven bits a byte, the low ones first."""
    number = value << 1 if value >= 0 else (-value << 1) - 1
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def datum(row: dict[str, Any]) -> bytes:
    """A record of optional values: the branch of the union, then the value."""
    out = b""
    for f in TYPES:
        match value := row[f.name]:
            case None:
                out += b"\0"
            case bool():
                out += b"\2" + bytes([value])
            case int():
                out += b"\2" + varint(value)
            case float():
                out += b"\2" + struct.pack("<d", value)
            case str():
                out += b"\2" + varint(len(value.encode())) + value.encode()
            case bytes():
                out += b"\2" + varint(len(value)) + value
    return out


@examples(25)
@given(st.lists(ROWS, min_size=1, max_size=12))
def test_datums_of_the_specification(rows: list[dict[str, Any]]) -> None:
    data = [datum(row) for row in rows]
    decoded = decode("avro", TYPES, data)
    assert decoded.bad.is_empty()
    assert decoded.frame.to_dicts() == rows
    assert FORMATS["avro"].encoder(TYPES, {}).encode(decoded.frame).to_list() == data


@examples(25)
@given(st.lists(st.tuples(ROWS, st.integers(0, 60)), min_size=1, max_size=12))
def test_a_cut_datum_costs_only_itself(given_rows: list[tuple[dict[str, Any], int]]) -> None:
    whole = [datum(row) for row, _ in given_rows]
    data = [d[:cut] for d, (_, cut) in zip(whole, given_rows, strict=True)]
    decoded = decode("avro", TYPES, data)
    cut_rows = [i for i, (a, b) in enumerate(zip(data, whole, strict=True)) if a != b]
    assert decoded.bad["row"].to_list() == cut_rows
    assert decoded.frame.to_dicts() == [row for i, (row, _) in enumerate(given_rows) if i not in cut_rows]


def test_what_stands_behind_a_datum_is_passed_over() -> None:
    """Flink takes it for the beginning of the next message."""
    assert decode("avro", columns(a="INT"), [b"\2\2\xff\xff", b"\2\4"]).frame["a"].to_list() == [1, 2]


def test_one_text_that_is_not_utf8_is_mended() -> None:
    data = [b"\2\4ab", b"\2\4\xffb", b"\2\4cd"]
    assert decode("avro", columns(s="STRING"), data).frame["s"].to_list() == ["ab", "\ufffdb", "cd"]


def test_microseconds_are_counted_as_the_schema_says() -> None:
    """Flink 2.3 writes and reads milliseconds there, whatever the schema says."""
    options = {"timestamp_mapping.legacy": "false"}
    fields = columns(t="TIMESTAMP(6) NOT NULL")
    decoded = decoder_of("avro", fields, options).decode(binary([varint(1_704_164_645_123_456)]))
    assert outcomes(decoded, fields) == [[{"t": "2024-01-02 03:04:05.123456"}]]
    assert FORMATS["avro"].encoder(fields, options).encode(decoded.frame).to_list() == [varint(1_704_164_645_123_456)]


def record(*fields: tuple[str, Any]) -> str:
    return json.dumps({"type": "record", "name": "r", "fields": [{"name": n, "type": t} for n, t in fields]})


HEAD = b"\0\0\0\0\1"


@pytest.mark.parametrize(
    ("writer", "message", "expected"),
    [
        (record(("b", "string"), ("a", "int")), b"\2x\4", {"a": 2, "b": "x"}),
        (record(("a", "int"), ("z", "long"), ("b", "string")), b"\4\6\2x", {"a": 2, "b": "x"}),
        (record(("z", {"type": "array", "items": "long"}), ("a", "int")), b"\4\2\4\0\4", {"a": 2, "b": None}),
        (record(("a", "int")), b"\4", {"a": 2, "b": None}),
        (record(("a", ["int", "null"]), ("b", ["string", "null"])), b"\0\4\2", {"a": 2, "b": None}),
        (record(("a", ["null", "string", "int"])), b"\4\4", {"a": 2, "b": None}),
        (record(("b", {"type": "enum", "name": "e", "symbols": ["x"]}), ("a", "int")), b"\0\4", None),
        (record(("e", {"type": "enum", "name": "e", "symbols": ["x"]}), ("a", "int")), b"\0\4", {"a": 2, "b": None}),
        (record(("f", {"type": "fixed", "name": "f", "size": 3}), ("a", "int")), b"abc\4", {"a": 2, "b": None}),
        (record(("m", {"type": "map", "values": "int"}), ("a", "int")), b"\1\6\2k\4\0\4", {"a": 2, "b": None}),
        (record(("a", "long")), b"\4", None),
        ('"int"', b"\4", None),
    ],
)
def test_a_writer_with_another_schema(writer: str, message: bytes, expected: dict[str, Any] | None) -> None:
    """Fields are found by their names; what is missing is NULL, what is more is passed over."""
    fields = columns(a="INT", b="STRING")
    found = outcomes(decoder_of("avro-confluent", fields, {"schema": writer}).decode(binary([HEAD + message])), fields)
    assert isinstance(found[0], str) if expected is None else found == [[expected]]


class Numbered:
    """A registry in memory."""

    def __init__(self, *schemas: str) -> None:
        self.schemas = list(schemas)

    def schema(self, number: int) -> str | None:
        return self.schemas[number] if number < len(self.schemas) else None

    def register(self, subject: str, schema: str) -> int:
        self.schemas.append(f"{subject}: {schema}")
        return len(self.schemas) - 1


def test_each_message_names_its_schema() -> None:
    registry = Numbered(record(("a", "int")), record(("b", "string"), ("a", "int")))
    fields = columns(a="INT", b="STRING")
    decoder = AvroConfluent(registry).decoder(fields, ("b", "a"), {})
    data = [b"\0\0\0\0\0\2", b"\0\0\0\0\1\2x\4", None, b"\0\0\0\0\0\6", b"\0\0\0\0", b"\0\0\0\0\2\2"]
    decoded = decoder.decode(binary(data))
    assert decoded.frame.rows() == [(None, 1), ("x", 2), (None, 3)]
    assert decoded.rows is not None
    assert decoded.rows.to_list() == [0, 1, 3]
    assert decoded.bad.select("row", "code").rows() == [(4, "avro-header"), (5, "avro-unknown-schema")]


def test_messages_are_written_with_the_number_of_their_schema() -> None:
    registry = Numbered()
    encoder = AvroConfluent(registry).encoder(columns(a="INT NOT NULL"), {"subject": "t-value"})
    assert encoder.encode(pl.DataFrame({"a": [1]}, schema={"a": pl.Int32})).to_list() == [b"\0\0\0\0\0\2"]
    assert registry.schemas[0].startswith('t-value: {"type": "record"')


def nested_rows(fields: tuple[Field, ...], texts: list[str]) -> pl.DataFrame:
    return decode("json", fields, texts).frame


def test_nested_values_there_and_back() -> None:
    fields = columns(r="ROW<x INT, l ARRAY<STRING>>", m="MAP<STRING NOT NULL, ROW<y BIGINT>>", w="ARRAY<ARRAY<INT>>")
    frame = nested_rows(
        fields,
        [
            '{"r":{"x":1,"l":["a",null,""]},"m":{"k":{"y":5},"j":null},"w":[[1],[],null,[2,null]]}',
            "{}",
            '{"r":{},"m":{},"w":[]}',
        ],
    )
    data = FORMATS["avro"].encoder(fields, {}).encode(frame)
    decoded = decoder_of("avro", fields).decode(data)
    assert decoded.bad.is_empty()
    assert decoded.frame.equals(frame, null_equal=True)
