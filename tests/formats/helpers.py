"""Decodings as plain values: for each message its rows, or why there are none."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl

from penstock.core import types as t
from penstock.core.render import plain_rows
from penstock.core.types import Field
from penstock.formats import FORMATS, TOUCHED
from tests.functions.harness import type_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.formats import Decoded, Decoder

Outcome: TypeAlias = "list[dict[str, Any]] | str"
"""The rows of a message, or the reason why it cannot be read."""


def columns(**types: str | DataType) -> tuple[Field, ...]:
    """Columns by name, their types as SQL writes them."""
    return tuple(Field(name, type_of(kind) if isinstance(kind, str) else kind) for name, kind in types.items())


def binary(messages: Sequence[bytes | str | None]) -> pl.Series:
    return pl.Series([m.encode() if isinstance(m, str) else m for m in messages], dtype=pl.Binary)


def decoder_of(
    encoding: str, fields: tuple[Field, ...], options: Mapping[str, str] | None = None, *wanted: str
) -> Decoder:
    """A decoder of the columns `wanted`, or of all."""
    return FORMATS[encoding].decoder(fields, wanted or tuple(f.name for f in fields), options or {})


def decode(
    encoding: str,
    fields: tuple[Field, ...],
    messages: Sequence[bytes | str | None],
    options: Mapping[str, str] | None = None,
) -> Decoded:
    return decoder_of(encoding, fields, options).decode(binary(messages))


def outcomes(decoded: Decoded, fields: Sequence[Field]) -> list[Outcome]:
    """What became of each message; checks that the decoding is consistent in itself."""
    frame = decoded.frame
    assert frame.schema == {f.name: f.type.polars for f in fields}
    assert decoded.bad.schema == TOUCHED
    assert decoded.ignored.schema == TOUCHED
    assert decoded.bad["row"].is_sorted()
    assert decoded.ignored["row"].is_sorted()
    rows = range(decoded.count) if decoded.rows is None else decoded.rows.to_list()
    assert list(rows) == sorted(rows)
    bad = dict(zip(decoded.bad["row"], decoded.bad["reason"], strict=True))
    found: list[Outcome] = [bad.get(row, []) for row in range(decoded.count)]
    for row, values in zip(rows, plain_rows(frame, fields), strict=True):
        of_message = found[row]
        assert isinstance(of_message, list), "a bad message gives no rows"
        of_message.append({f.name: unordered(values[f.name], f.type) for f in fields})
    return found


def unordered(value: Any, kind: DataType) -> Any:
    """The value with its maps sorted as the oracle sorts them; floating-point numbers by their bits."""
    if value is None:
        return None
    match kind:
        case t.Array(element):
            return [unordered(v, element) for v in value]
        case t.Row(fields):
            return {f.name: unordered(value[f.name], f.type) for f in fields}
        case t.Map(_, item):
            return sorted(([k, unordered(v, item)] for k, v in value), key=str)
        case t.Multiset():
            return sorted(([k, v] for k, v in value), key=str)
        case t.Float():
            return struct.pack("f", float(value)).hex()
        case t.Double():
            return struct.pack("d", float(value)).hex()
        case t.Time(precision):
            return value if precision else value[:8]
    return value


__all__ = ["Outcome", "binary", "columns", "decode", "decoder_of", "outcomes", "unordered"]
