"""Values read a column at a time are those that are read one by one; and what is written reads back."""

from __future__ import annotations

import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from penstock.core import types as t
from penstock.formats import FORMATS, cells
from penstock.formats.block import PAD, Block, find
from penstock.formats.render import floats, java_double
from penstock.formats.scalars import (
    date_value,
    decimal_value,
    float_value,
    integer_value,
    time_value,
    timestamp_value,
)
from tests.examples import examples
from tests.formats.helpers import binary, columns, decoder_of

if TYPE_CHECKING:
    from collections.abc import Callable

SETTINGS = examples(30)
NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70).map(str),
    st.integers(-999, 999).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str),
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.text("0123456789.-+eE ", max_size=9),
    st.sampled_from(
        ["9223372036854775807", "-9223372036854775808", "9223372036854775808", "127", "128", "-128", "-129"]
    ),
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda d: d.isoformat(" ")),
    st.datetimes().map(lambda d: d.isoformat("T") + "Z"),
    st.datetimes().map(lambda d: d.isoformat(" ", "seconds") + "Z"),
    st.dates().map(str),
    st.times().map(str),
    st.from_regex(
        r"[0-9]{4}-[0-3][0-9]-[0-3][0-9]([ T][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\.[0-9]{0,9})?Z?)?", fullmatch=True
    ),
)


def block_of(texts: list[str]) -> Block:
    return Block.of_values(binary(texts))


def physical(values: Any, i: int) -> Any:
    """A cell's value as the scalar readers give it."""
    if values.ndim == 2:
        low, high = (int(v) for v in values[i])
        return low | (high - (1 << 64 if high >> 63 else 0)) << 64
    return values[i].item()


KINDS: dict[str, tuple[Callable[[Block], Any], Callable[[str], Any]]] = {
    "BIGINT": (
        lambda b: cells.integers(b, b.start, b.end, t.BIGINT, number=False),
        lambda text: integer_value(text, t.BIGINT),
    ),
    "TINYINT": (
        lambda b: cells.integers(b, b.start, b.end, t.TINYINT, number=False),
        lambda text: integer_value(text, t.TINYINT),
    ),
    "DOUBLE": (
        lambda b: cells.floats(b, b.start, b.end, number=False, single=False),
        lambda text: float_value(text, single=False),
    ),
    "FLOAT": (
        lambda b: cells.floats(b, b.start, b.end, number=False, single=True),
        lambda text: float_value(text, single=True),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@SETTINGS
@given(st.lists(NUMBERS, min_size=1, max_size=20))
@example(["0.1", "123456789012345.6", "1234567890123456789", "0.30000000000000004", "-0", "00012"])
def test_numbers(kind: str, texts: list[str]) -> None:
    at_once, one = KINDS[kind]
    values, ok = at_once(block_of(texts))
    for i in np.flatnonzero(ok).tolist():
        ours, theirs = physical(values, i), one(texts[i])
        assert (ours, math.copysign(1, ours)) == (theirs, math.copysign(1, theirs)), texts[i]
    plainly = [i for i, text in enumerate(texts) if text.isdigit() and int(text) < 100]
    assert all(ok[i] for i in plainly)


@pytest.mark.parametrize(("precision", "scale"), [(10, 2), (38, 18), (5, 0), (18, 18)])
@SETTINGS
@given(st.lists(NUMBERS, min_size=1, max_size=20))
@example(["1.005", "-1.005", "99999999.99", "99999999.995", "0.5", "1.5", "99999.5"])
def test_decimals(precision: int, scale: int, texts: list[str]) -> None:
    block = block_of(texts)
    values, fits, ok = cells.decimals(block, block.start, block.end, precision, scale, number=False)
    for i in np.flatnonzero(ok).tolist():
        assert (physical(values, i) if fits[i] else None) == decimal_value(texts[i], t.Decimal(precision, scale))


@SETTINGS
@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_dates_and_times(texts: list[str]) -> None:
    block = block_of(texts)
    days, ok = cells.dates(block, block.start, block.end)
    assert [int(days[i]) for i in np.flatnonzero(ok)] == [date_value(texts[i]) for i in np.flatnonzero(ok)]
    nanos, ok = cells.times(block, block.start, block.end)
    assert [int(nanos[i]) for i in np.flatnonzero(ok)] == [time_value(texts[i]) * 1_000_000 for i in np.flatnonzero(ok)]


@pytest.mark.parametrize("type_", [t.Timestamp(3), t.Timestamp(6), t.TimestampLtz(3), t.TimestampLtz(6)], ids=str)
@pytest.mark.parametrize("separator", [" ", "T"])
@SETTINGS
@given(st.lists(MOMENTS, min_size=1, max_size=20))
def test_timestamps(type_: t.Timestamp | t.TimestampLtz, separator: str, texts: list[str]) -> None:
    block = block_of(texts)
    unit = "ms" if type_.precision == 3 else "us"
    zulu = isinstance(type_, t.TimestampLtz)
    values, ok = cells.timestamps(block, block.start, block.end, sep=separator, zulu=zulu, unit=unit)
    for i in np.flatnonzero(ok).tolist():
        assert int(values[i]) == timestamp_value(texts[i], type_, separator), texts[i]


@SETTINGS
@given(st.binary(max_size=300), st.integers(0, 299))
def test_finding_a_byte(data: bytes, start: int) -> None:
    at = np.array([min(start, len(data)) + PAD])
    limit = np.array([len(data) + PAD])
    block = Block(data, at - PAD, limit - PAD)
    place = int(find(block, at, 58, limit)[0]) - PAD
    expected = data.find(b":", min(start, len(data)))
    assert place == expected if expected >= 0 else place >= len(data)


@SETTINGS
@given(st.lists(st.floats(), min_size=1, max_size=30))
@example([1e7, 9999999.999999998, 1e-3, 0.00099999, 5e-324, 1.2e-310, float("nan"), -0.0, 2e-3, 1e22, 1e23])
def test_doubles_are_spelt_alike(values: list[float]) -> None:
    spelt = floats(pl.Series(values, dtype=pl.Float64)).to_list()
    assert spelt == [java_double(v) for v in values]
    assert [struct.pack("d", float(s)) for s in spelt if s != "NaN"] == [struct.pack("d", v) for v in values if v == v]


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "s": st.none() | st.text(st.characters(codec="utf-8"), max_size=15),
            "i": st.none() | st.integers(-(2**63), 2**63 - 1),
            "d": st.none() | st.floats(allow_nan=False, allow_infinity=False),
            "b": st.none() | st.booleans(),
            "l": st.none() | st.lists(st.none() | st.integers(-9, 9), max_size=3),
            "r": st.none() | st.fixed_dictionaries({"x": st.none() | st.text(max_size=3).filter(str.isascii)}),
        }
    ),
    min_size=1,
    max_size=9,
)
WRITTEN = columns(s="STRING", i="BIGINT", d="DOUBLE", b="BOOLEAN", l="ARRAY<INT>", r="ROW<x STRING>")


@SETTINGS
@given(ROWS, st.booleans())
def test_json_that_is_written_is_what_python_reads(rows: list[dict[str, Any]], no_nulls: bool) -> None:
    frame = pl.DataFrame(rows, schema={f.name: f.type.polars for f in WRITTEN})
    options = {"encode.ignore-null-fields": str(no_nulls).lower()}
    data = FORMATS["json"].encoder(WRITTEN, options).encode(frame)
    read = [json.loads(m) for m in data]
    if no_nulls:
        assert all(None not in row.values() for row in read)
        rows = [{k: without_nulls(v) for k, v in row.items() if v is not None} for row in rows]
    assert read == rows
    assert decoder_of("json", WRITTEN).decode(data).frame.equals(frame, null_equal=True)


def without_nulls(value: Any) -> Any:
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


@pytest.mark.parametrize(("mode", "expected"), [("DROP", '{"m":{"k":1}}'), ("LITERAL", '{"m":{"k":1,"none":2}}')])
def test_null_keys(mode: str, expected: str) -> None:
    fields = columns(m="MAP<STRING, INT>")
    entries = [{"key": "k", "value": 1}, {"key": None, "value": 2}]
    frame = pl.DataFrame({"m": [entries]}, schema={"m": fields[0].type.polars})
    options = {"map-null-key.mode": mode, "map-null-key.literal": "none"}
    assert FORMATS["json"].encoder(fields, options).encode(frame).to_list() == [expected.encode()]
