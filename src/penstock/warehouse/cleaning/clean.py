"""`Cleaning`: a frame of raw columns in, the columns of a schema out, and each row that cannot be among them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import ConfigError
from penstock.quality.rules import OUT
from penstock.warehouse.cleaning.values import read_values
from penstock.warehouse.column_types import type_text
from penstock.warehouse.sources.source import FAULT, LINE

if TYPE_CHECKING:
    from penstock.warehouse.schema import Column, Schema

__all__ = ["Cleaned", "Cleaning"]

_SHOWN = 60
"""Characters of a value in a reason."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What has become of a raw frame: its rows are `rows`, those in `aside` (OUT, `row` is one of it), `dropped` ones.

    `rows` has the columns of the schema and LINE, `at` the place of each in the raw frame (UInt32). `unread` are the
    texts, by column, that are not of its type, `unread_at` is the place of the first row that has one.
    """

    rows: pl.DataFrame
    at: pl.Series
    dropped: int
    aside: pl.DataFrame
    unread: dict[str, pl.Series] = field(default_factory=dict)
    unread_at: int = 0


class Cleaning:
    """Reads frames as a schema says."""

    def __init__(self, schema: Schema) -> None:
        """Raises ConfigError for a default that is no value of its column."""
        self._schema = schema
        self._defaults = {c.name: _default(schema, c) for c in schema.columns if c.missing == "default"}

    def clean(self, frame: pl.DataFrame) -> Cleaned:
        """A raw frame, cleaned; a column that it lacks is missing in each row."""
        texts = self._texts(frame)
        faults = frame[FAULT] if FAULT in frame.columns else pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        whole = faults.is_null()  # of the others there is nothing, so nothing of them is missing
        bad, reasons = ([], []) if whole.all() else ([~whole], [faults])
        missing: list[pl.Series] = []
        columns: list[pl.Series] = []
        unread: dict[str, pl.Series] = {}
        unread_at = frame.height
        for column in self._schema.columns:
            text = texts[column.name]
            values = _values(text, column)
            if values.null_count() > text.null_count():
                wrong = values.is_null() & text.is_not_null()
                unread[column.name] = text.filter(wrong)
                unread_at = min(unread_at, wrong.index_of(True) or 0)
                bad.append(wrong)
                reasons.append(_reason(text, wrong, column))
            if text.null_count():
                if column.missing == "drop":
                    missing.append(text.is_null() & whole)
                elif column.missing == "default":
                    values = values.zip_with(text.is_not_null(), self._defaults[column.name])
                elif column.name in self._schema.key:
                    bad.append(text.is_null() & whole)
                    reasons.append(_key_reason(bad[-1], column))
            columns.append(values)
        parted = self._parted(pl.DataFrame([*columns, _lines(frame)]), bad, reasons, missing)
        return replace(parted, unread=unread, unread_at=unread_at)

    def keys(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The columns of the key alone, of raw rows; NULL where one cannot be read."""
        columns = [column for column in self._schema.columns if column.name in self._schema.key]
        texts = self._texts(frame)
        return pl.DataFrame([_values(texts[column.name], column) for column in columns])

    def _texts(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The raw columns by their new names, texts trimmed, and NULL for what stands for nothing."""
        there = frame.schema
        nothing = pl.repeat(None, frame.height, dtype=pl.String, eager=True)
        texts = frame.select(
            _text(column, there[column.raw]).alias(column.name) if column.raw in there else nothing.alias(column.name)
            for column in self._schema.columns
        )
        return texts.with_columns(
            _there(column) for column in self._schema.columns if texts[column.name].dtype == pl.String
        )

    def _parted(
        self,
        rows: pl.DataFrame,
        bad: list[pl.Series],
        reasons: list[pl.Series],
        missing: list[pl.Series],
    ) -> Cleaned:
        places = pl.int_range(rows.height, dtype=pl.UInt32, eager=True).alias("row")
        if not bad and not missing:
            return Cleaned(rows, places, 0, pl.DataFrame(schema=OUT))
        lacking = _any(missing, rows.height)
        aside = _any(bad, rows.height) & ~lacking
        why = pl.DataFrame([places.alias("row"), *(r.alias(str(n)) for n, r in enumerate(reasons))]).filter(aside)
        out = why.select(
            "row",
            code=pl.lit("clean"),
            rules=pl.lit(["clean"]),
            reason=pl.concat_str(pl.exclude("row"), separator="; ", ignore_nulls=True) if reasons else pl.lit(""),
        )
        kept = ~(aside | lacking)
        return Cleaned(rows.filter(kept), places.filter(kept), int(lacking.sum()), out)


def _any(masks: list[pl.Series], height: int) -> pl.Series:
    found = pl.repeat(False, height, eager=True)
    for mask in masks:
        found |= mask
    return found


def _text(column: Column, raw: pl.DataType) -> pl.Expr:
    value = pl.col(column.raw)
    if raw.is_nested():
        return _json(value, raw)
    return value.str.strip_chars() if raw == pl.String and column.trim else value


def _there(column: Column) -> pl.Expr:
    """A text; NULL where it stands for nothing."""
    value = pl.col(column.name)
    something = value.str.len_bytes() > 0
    if column.nulls:
        something &= ~value.is_in(list(column.nulls))
    return pl.when(something).then(value).alias(column.name)


def _json(value: pl.Expr, raw: pl.DataType) -> pl.Expr:
    """Nested values as JSON; a list is the one member of an object on the way."""
    if isinstance(raw, pl.Struct):
        return value.struct.json_encode()
    held = pl.struct(value.alias("v")).struct.json_encode().str.strip_prefix('{"v":').str.strip_suffix("}")
    return pl.when(value.is_not_null()).then(held)


def _values(text: pl.Series, column: Column) -> pl.Series:
    if text.dtype == pl.String:
        return read_values(text, column).alias(column.name)
    return text.cast(column.polars, strict=False)


def _lines(frame: pl.DataFrame) -> pl.Series:
    if LINE in frame.columns:
        return frame[LINE]
    return pl.Series(LINE, range(1, frame.height + 1), dtype=pl.Int64)


def _shown(text: pl.Series) -> pl.Expr:
    value = pl.lit(text.cast(pl.String))
    return pl.when(value.str.len_chars() > _SHOWN).then(value.str.head(_SHOWN) + "...").otherwise(value)


def _reason(text: pl.Series, wrong: pl.Series, column: Column) -> pl.Series:
    said = pl.format("{}: '{}' is no {}", pl.lit(column.name), _shown(text), pl.lit(type_text(column.type)))
    return pl.select(pl.when(pl.lit(wrong)).then(said).alias("reason"))["reason"]


def _key_reason(lacks: pl.Series, column: Column) -> pl.Series:
    return pl.select(pl.when(pl.lit(lacks)).then(pl.lit(f"{column.name}: the key is missing")).alias("r"))["r"]


def _default(schema: Schema, column: Column) -> pl.Series:
    value = read_values(pl.Series(column.name, [column.default]), column)
    if value.null_count():
        raise ConfigError(
            f"the default '{column.default}' of column '{column.name}' is no {type_text(column.type)}",
            code="schema-default",
            where=schema.where,
            hint="it is written as a value in the source is",
        )
    return value
