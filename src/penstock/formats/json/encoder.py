"""Columns to JSON messages, spelt as Flink spells them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.core.errors import DataError, UnsupportedError
from penstock.formats import render
from penstock.formats.json.exact import key_and_value
from penstock.formats.lists import items_of, joined, with_nulls

if TYPE_CHECKING:
    from penstock.core.types import Field

__all__ = ["JsonEncoder", "Spelling"]

_CONTROLS = [chr(i) for i in range(32)]
_SPECIAL = r'["\\\x00-\x1f]'
_BEYOND = r"[\x{10000}-\x{10FFFF}]"
_SHORT = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PLAIN = ['"', "\\", *_CONTROLS]
_ESCAPED = ['\\"', "\\\\", *(_SHORT.get(c) or f"\\u{ord(c):04X}" for c in _CONTROLS)]


@dataclass(frozen=True, slots=True)
class Spelling:
    """What the options say of writing; `null_keys` is FAIL, DROP or LITERAL."""

    separator: str = " "
    null_keys: str = "FAIL"
    null_key: str = "null"
    plain_decimals: bool = False
    no_nulls: bool = False


class JsonEncoder:
    """Encodes rows of a schema."""

    def __init__(self, schema: tuple[Field, ...], spelling: Spelling) -> None:
        """Raises UnsupportedError for a type that JSON does not have."""
        self._fields = schema
        self._spelling = spelling
        for f in schema:
            _check(f.type)

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        """A Binary series, a message per row. Raises DataError for a NULL key of a MAP, unless told what to do."""
        columns = [frame.get_column(f.name) for f in self._fields]
        return self._objects(self._fields, columns, frame.height).cast(pl.Binary)

    def _objects(self, fields: tuple[Field, ...], columns: list[pl.Series], height: int) -> pl.Series:
        """Rows as objects; none is null."""
        pieces: list[pl.Expr] = []
        drops = self._spelling.no_nulls and any(c.null_count() for c in columns)
        for i, (f, column) in enumerate(zip(fields, columns, strict=True)):
            name = pl.lit(("," if i or drops else "{") + json.dumps(f.name, ensure_ascii=False) + ":")
            text = self.texts(column, f.type)
            if drops:
                pieces.append(pl.when(text.is_not_null()).then(name + pl.lit(text)).otherwise(pl.lit("")))
            else:
                pieces += [name, pl.lit(text.fill_null("null"))]
        if not pieces:
            return pl.Series(["{}"]).new_from_index(0, height)
        whole = pl.concat_str(pieces)
        whole = pl.lit("{") + whole.str.slice(1) if drops else whole
        return pl.select(whole + "}").to_series()

    def texts(self, values: pl.Series, type_: t.DataType) -> pl.Series:
        """Values of a type as JSON, null where they are null."""
        match type_:
            case t.Float() | t.Double():
                text = render.floats(values)
                odd = (~values.is_finite()).fill_null(False)
                return text.scatter(odd.arg_true(), '"' + text.filter(odd) + '"') if odd.any() else text
            case t.Decimal():
                return render.plain_decimals(values) if self._spelling.plain_decimals else render.decimals(values)
            case t.Char() | t.Varchar():
                return quoted(values)
            case t.Binary() | t.Varbinary():
                return '"' + values.bin.encode("base64") + '"'
            case t.Date():
                return '"' + render.dates(values) + '"'
            case t.Time():
                return '"' + render.clock_times(values) + '"'
            case t.Timestamp() | t.TimestampLtz():
                zulu = isinstance(type_, t.TimestampLtz)
                return '"' + render.timestamps(values, self._spelling.separator, zulu=zulu) + '"'
            case t.Row(fields=fields):
                columns = [values.struct.field(f.name) for f in fields]
                return with_nulls(self._objects(fields, columns, len(values)), values)
            case t.Array(element=element):
                rows, items = items_of(values)
                return joined(values, rows, self.texts(items, element).fill_null("null"), ",", "[", "]")
            case t.Map() | t.Multiset():
                return self._maps(values, type_)
        return values.to_physical().cast(pl.String)  # numbers and booleans

    def _maps(self, values: pl.Series, type_: t.Map | t.Multiset) -> pl.Series:
        rows, entries = items_of(values)
        keys, items = entries.struct.field("key"), entries.struct.field("value")
        if keys.null_count():
            if self._spelling.null_keys == "FAIL":
                raise DataError(
                    "a MAP with a NULL key cannot be written as json",
                    code="json-null-key",
                    hint="set 'map-null-key.mode' to DROP or LITERAL",
                )
            if self._spelling.null_keys == "DROP":
                there = keys.is_not_null()
                rows, keys, items = rows[there.to_numpy()], keys.filter(there), items.filter(there)
            keys = keys.fill_null(self._spelling.null_key)
        texts = self.texts(items, key_and_value(type_)[1]).fill_null("null")
        return joined(values, rows, quoted(keys) + ":" + texts, ",", "{", "}")


def quoted(values: pl.Series) -> pl.Series:
    """Strings in double quotes, escaped as Jackson does: what JSON demands, and what lies beyond 16 bits."""
    if values.str.contains(_SPECIAL).any():
        values = values.str.replace_many(_PLAIN, _ESCAPED)
    wide = values.str.contains(_BEYOND).fill_null(False)
    if wide.any():
        spelt = ["".join(c if ord(c) < 1 << 16 else _pair(c) for c in text) for text in values.filter(wide).to_list()]
        values = values.scatter(wide.arg_true(), spelt)
    return '"' + values + '"'


def _pair(char: str) -> str:
    """A character beyond 16 bits as two escapes."""
    high, low = char.encode("utf-16-be")[:2], char.encode("utf-16-be")[2:]
    return f"\\u{high.hex().upper()}\\u{low.hex().upper()}"


def _check(type_: t.DataType) -> None:
    """Raises UnsupportedError for a type that JSON does not have."""
    match type_:
        case t.Null():
            raise UnsupportedError(f"the format json does not have the type {type_.name}", code="format-type")
        case t.Row(fields=fields):
            for f in fields:
                _check(f.type)
        case t.Array(element=element):
            _check(element)
        case t.Map() | t.Multiset():
            for part in key_and_value(type_):
                _check(part)
