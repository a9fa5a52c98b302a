"""Columns to Avro messages, a column at a time: first how many bytes each value takes, then the bytes in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.core.errors import ConfigError, DataError
from penstock.formats.avro.schema import AvroArray, AvroMap, AvroRecord, AvroUnion, Node, Primitive
from penstock.formats.block import PAD, Block
from penstock.formats.lists import items_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.formats.block import Bytes, Ints, Words

__all__ = ["AvroEncoder", "ConfluentEncoder"]

_U = np.uint64
_NULL = Primitive("null")
_WRITTEN: dict[type[t.DataType], tuple[str, ...]] = {
    t.Boolean: ("boolean",),
    t.Integer: ("int", "long"),
    t.Float: ("float",),
    t.Double: ("double",),
    t.Char: ("string",),
    t.Varchar: ("string",),
    t.Binary: ("bytes",),
    t.Varbinary: ("bytes",),
    t.Decimal: ("bytes",),
    t.Date: ("int",),
    t.Time: ("int",),
    t.Timestamp: ("long",),
    t.TimestampLtz: ("long",),
}
Write: TypeAlias = Callable[["Bytes", "Ints"], None]
"""Puts the bytes of each value into a buffer of zeros at the given offsets."""


class Pieces(NamedTuple):
    """One value a row: how many bytes each takes, and how they are written."""

    sizes: Ints
    write: Write


class AvroEncoder:
    """Encodes rows of a schema as datums of the record `node`; `header` are bytes that go before each datum."""

    def __init__(self, schema: tuple[t.Field, ...], node: Node, header: bytes = b"") -> None:
        """Raises ConfigError where the record's fields are not those of the schema, in its order."""
        self._row = t.Row(schema, nullable=False)
        self._node = node
        self._header = header
        _match(node, self._row, "")

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        """A Binary series, a datum per row. Raises DataError for a NULL that the Avro schema does not allow."""
        columns = [frame.get_column(f.name) for f in self._row.fields]
        record = _fields(self._row.fields, self._node, columns)
        row = _in_turn([_constant(self._header, frame.height), *record], frame.height)
        end = np.cumsum(row.sizes)
        buffer = np.zeros(int(end[-1]) if len(end) else 0, np.uint8)
        row.write(buffer, end - row.sizes)
        block = Block(buffer.tobytes(), end - row.sizes, end)
        return block.series(block.start, block.end, None, pl.Binary())


class ConfluentEncoder:
    """As AvroEncoder, with a header that is asked for when the first rows are written: so a schema is registered."""

    def __init__(self, schema: tuple[t.Field, ...], node: Node, header: Callable[[], bytes]) -> None:
        """Raises as AvroEncoder."""
        self._schema = schema
        self._node = node
        self._header = header
        self._encoder: AvroEncoder | None = None
        AvroEncoder(schema, node)

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        """As AvroEncoder; raises what asking for the header raises."""
        if self._encoder is None:
            self._encoder = AvroEncoder(self._schema, self._node, self._header())
        return self._encoder.encode(frame)


def _match(node: Node, type_: t.DataType, path: str) -> None:
    """Raises ConfigError where values of the type cannot be written as the node."""
    if isinstance(node, AvroUnion):
        if not (len(node.branches) == 2 and _NULL in node.branches):
            raise _mismatch(node, type_, path)
        node = node.branches[1 - node.branches.index(_NULL)]
    match node, type_:
        case AvroRecord(fields=parts), t.Row(fields=fields) if [n for n, _ in parts] == [f.name for f in fields]:
            for f, (_, part) in zip(fields, parts, strict=True):
                _match(part, f.type, f"{path}.{f.name}" if path else f.name)
        case AvroArray(items=items), t.Array(element=element):
            _match(items, element, path)
        case AvroMap(values=values), t.Map(value=value):
            _match(values, value, path)
        case AvroMap(values=values), t.Multiset():
            _match(values, t.INT, path)
        case Primitive(name=name), _ if name in _WRITTEN.get(type(type_), ()):
            return
        case _:
            raise _mismatch(node, type_, path)


def _mismatch(node: Node, type_: t.DataType, path: str) -> ConfigError:
    return ConfigError(
        f"column {path or 'of the row'} is {type_.name}, which cannot be written as Avro's {node.name}",
        code="avro-schema",
    )


def _fields(fields: tuple[t.Field, ...], node: Node, columns: list[pl.Series]) -> list[Pieces]:
    assert isinstance(node, AvroRecord)
    parts = zip(fields, node.fields, columns, strict=True)
    return [_column(column, f.type, part, f.name) for f, (_, part), column in parts]


def _column(values: pl.Series, type_: t.DataType, node: Node, name: str) -> Pieces:
    """A value, or as the schema says a union of null and the value."""
    if not isinstance(node, AvroUnion):
        if values.null_count():
            raise DataError(f"column {name} has a NULL, which its Avro schema does not allow", code="avro-null")
        return _value(values, type_, node, name)
    null = node.branches.index(_NULL)
    valid = values.is_not_null().to_numpy()
    rows = np.flatnonzero(valid)
    some = values.filter(values.is_not_null()) if len(rows) < len(valid) else values
    inner = _value(some, type_, node.branches[1 - null], name)
    sizes = np.ones(len(valid), np.int64)
    sizes[rows] += inner.sizes

    def write(out: Bytes, at: Ints) -> None:
        out[at] = 2 * null  # a branch's number, zig-zag
        out[at[rows]] = 2 * (1 - null)
        inner.write(out, at[rows] + 1)

    return Pieces(sizes, write)


def _value(values: pl.Series, type_: t.DataType, node: Node, name: str) -> Pieces:
    """Values, none of which is null."""
    match node:
        case AvroRecord():
            assert isinstance(type_, t.Row)
            columns = [values.struct.field(f.name) for f in type_.fields]
            return _in_turn(_fields(type_.fields, node, columns), len(values))
        case AvroArray(items=items):
            assert isinstance(type_, t.Array)
            rows, elements = items_of(values)
            return _blocks(rows, len(values), _column(elements, type_.element, items, name))
        case AvroMap(values=of_values):
            rows, entries = items_of(values)
            value = type_.value if isinstance(type_, t.Map) else t.INT
            key = _column(entries.struct.field("key"), t.STRING, Primitive("string"), name)
            parts = [key, _column(entries.struct.field("value"), value, of_values, name)]
            return _blocks(rows, len(values), _in_turn(parts, len(entries)))
    return _single(values, type_)


def _single(values: pl.Series, type_: t.DataType) -> Pieces:
    match type_:
        case t.Boolean():
            return _fixed(values.cast(pl.UInt8).to_numpy())
        case t.Integer():
            return _varint(values.cast(pl.Int64).to_numpy())
        case t.Float() | t.Double():
            return _fixed(values.to_numpy())
        case t.Time():
            return _varint(values.to_physical().to_numpy() // 1_000_000)
        case t.Decimal():
            return _bytes(_unscaled(values))
        case t.Char() | t.Varchar() | t.Binary() | t.Varbinary():
            return _bytes(values.cast(pl.Binary))
    return _varint(values.to_physical().cast(pl.Int64).to_numpy())  # dates and timestamps


def _constant(data: bytes, height: int) -> Pieces:
    def write(out: Bytes, at: Ints) -> None:
        for k, byte in enumerate(data):
            out[at + k] = byte

    return Pieces(np.full(height, len(data), np.int64), write)


def _in_turn(parts: list[Pieces], height: int) -> Pieces:
    """One behind the other."""
    sizes = np.zeros(height, np.int64)
    for part in parts:
        sizes += part.sizes

    def write(out: Bytes, at: Ints) -> None:
        for part in parts:
            part.write(out, at)
            at = at + part.sizes

    return Pieces(sizes, write)


def _fixed(values: NDArray[np.generic]) -> Pieces:
    """The values' own bytes."""
    data = np.ascontiguousarray(values).view(np.uint8).reshape(len(values), values.dtype.itemsize)

    def write(out: Bytes, at: Ints) -> None:
        for k in range(data.shape[1]):
            out[at + k] = data[:, k]

    return Pieces(np.full(len(values), data.shape[1], np.int64), write)


def _varint(values: Ints) -> Pieces:
    """Zig-zag varints."""
    zigzag: Words = ((values << 1) ^ (values >> 63)).view(_U)
    sizes = np.ones(len(values), np.int64)
    for k in range(1, 10):
        sizes += zigzag >= _U(1 << 7 * k)

    def write(out: Bytes, at: Ints) -> None:
        for k in range(int(sizes.max(initial=0))):
            rows = np.flatnonzero(sizes > k)
            more = np.where(sizes[rows] > k + 1, _U(0x80), _U(0))
            out[at[rows] + k] = ((zigzag[rows] >> _U(7 * k)) & _U(0x7F)) | more

    return Pieces(sizes, write)


def _bytes(values: pl.Series) -> Pieces:
    """A length and so many bytes."""
    data = Block.of_values(values)
    length = data.end - data.start
    head = _varint(length)
    text = data.raw[PAD : PAD + len(data.text)]

    def write(out: Bytes, at: Ints) -> None:
        head.write(out, at)
        if len(text):
            out[np.repeat(at + head.sizes - (data.start - PAD), length) + np.arange(len(text))] = text

    return Pieces(head.sizes + length, write)


def _blocks(rows: Ints, height: int, items: Pieces) -> Pieces:
    """One block of all items of a row, and the empty block that ends an array or a map; `rows` is each item's."""
    count = np.bincount(rows, minlength=height)
    ends = np.concatenate(([0], np.cumsum(items.sizes)))
    last = np.cumsum(count)
    total = ends[last] - ends[last - count]
    filled = np.flatnonzero(count)
    head = _varint(count[filled])
    sizes = total + 1
    sizes[filled] += head.sizes

    def write(out: Bytes, at: Ints) -> None:
        head.write(out, at[filled])
        start = at.copy()
        start[filled] += head.sizes
        items.write(out, np.repeat(start - ends[last - count], count) + ends[:-1])

    return Pieces(sizes, write)


def _unscaled(values: pl.Series) -> pl.Series:
    """The unscaled numbers as the fewest big-endian bytes that hold them."""
    wide = values.to_physical()
    low = wide.cast(pl.Int64, strict=False)
    if low.null_count():
        numbers = wide.to_list()
        spelt = [n.to_bytes((8 + (n if n >= 0 else ~n).bit_length()) // 8, "big", signed=True) for n in numbers]
        return pl.Series(spelt, dtype=pl.Binary)
    number = low.to_numpy()
    magnitude = np.where(number >= 0, number, ~number)
    size = np.ones(len(number), np.int64)
    for k in range(1, 8):
        size += magnitude >= 1 << (8 * k - 1)
    text = number.byteswap().tobytes()
    end = 8 * np.arange(1, len(number) + 1)
    block = Block(text, end - size, end)
    return block.series(block.start, block.end, None, pl.Binary())
