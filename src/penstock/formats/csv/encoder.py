"""Columns to CSV records, spelt as Flink spells them; without a line end."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.formats import render
from penstock.formats.csv.leaves import reader
from penstock.formats.lists import items_of, joined, with_nulls

if TYPE_CHECKING:
    from penstock.core.types import Field
    from penstock.formats.csv.rules import Rules

__all__ = ["CsvEncoder"]

_CHECKED = 24
"""A longer text is quoted without being looked at, says Jackson."""


class CsvEncoder:
    """Encodes rows of a schema."""

    def __init__(self, schema: tuple[Field, ...], rules: Rules) -> None:
        """Raises UnsupportedError for a type that CSV does not have."""
        self._fields = schema
        self._rules = rules
        self._null = rules.null or ""
        for f in schema:
            check(f.type)
        top = max(ord(rules.delimiter), ord(rules.quote or "\0"))
        self._unsafe = f"[\\x00-\\x{{{top:x}}}{re.escape(rules.escape or chr(92))}]"

    def encode(self, frame: pl.DataFrame) -> pl.Series:
        """A Binary series, a record per row."""
        pieces: list[pl.Expr] = []
        for i, f in enumerate(self._fields):
            if i:
                pieces.append(pl.lit(self._rules.delimiter))
            pieces.append(pl.lit(self._column(frame.get_column(f.name), f.type).fill_null(self._null)))
        if not pieces:
            return pl.Series([b""], dtype=pl.Binary).new_from_index(0, frame.height)
        return pl.select(pl.concat_str(pieces)).to_series().cast(pl.Binary)

    def _column(self, values: pl.Series, type_: t.DataType) -> pl.Series:
        texts = self._texts(values, type_)
        if isinstance(type_, t.Boolean | t.Integer | t.Float | t.Double | t.Decimal):
            return texts
        return self._quoted(texts)

    def _texts(self, values: pl.Series, type_: t.DataType) -> pl.Series:
        """Values without quotes, null where they are null."""
        match type_:
            case t.Float() | t.Double():
                return render.floats(values)
            case t.Decimal():
                return render.plain_decimals(values)
            case t.Binary() | t.Varbinary():
                return values.bin.encode("base64")
            case t.Date():
                return render.dates(values)
            case t.Time():
                return render.clock_times(values)
            case t.Timestamp() | t.TimestampLtz():
                return render.timestamps(values, " ", zulu=isinstance(type_, t.TimestampLtz))
            case t.Array(element=element):
                rows, items = items_of(values)
                texts = self._texts(items, element).fill_null(self._null)
                return joined(values, rows, texts, self._rules.between_elements, "", "")
            case t.Row(fields=fields):
                parts = [self._texts(values.struct.field(f.name), f.type).fill_null(self._null) for f in fields]
                return with_nulls(
                    pl.select(pl.concat_str(parts, separator=self._rules.between_elements)).to_series(), values
                )
        return values.cast(pl.String)

    def _quoted(self, texts: pl.Series) -> pl.Series:
        quote, escape = self._rules.quote, self._rules.escape
        if quote is None:
            return texts
        size = texts.str.len_chars()
        needs = ((size > _CHECKED) | texts.str.contains(self._unsafe)).fill_null(False)
        if size.max() is not None and (size != texts.str.len_bytes()).any():  # Java counts some characters twice
            needs |= ((size + texts.str.count_matches(r"[\x{10000}-\x{10FFFF}]")) > _CHECKED).fill_null(False)
        if not needs.any():
            return texts
        inner = texts.filter(needs)
        if escape is not None:
            inner = inner.str.replace_all(escape, escape * 2, literal=True)
        inner = inner.str.replace_all(quote, quote * 2, literal=True)
        return texts.scatter(needs.arg_true(), quote + inner + quote)


def check(type_: t.DataType) -> None:
    """Raises UnsupportedError for a type that CSV does not have: inside an ARRAY or ROW only simple ones."""
    match type_:
        case t.Array(element=element):
            reader(element)
        case t.Row(fields=fields):
            for f in fields:
                reader(f.type)
        case _:
            reader(type_)
