"""What becomes of a schema when a source no longer fits it: it follows, the load fails, or rows are set aside."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.core.errors import DataError
from penstock.warehouse.cleaning.names import sanitised
from penstock.warehouse.cleaning.values import read_values
from penstock.warehouse.column_types import type_text
from penstock.warehouse.inference import column_of
from penstock.warehouse.sources.source import raw_columns

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from penstock.warehouse.schema import Column, Schema

__all__ = ["EvolvedError", "misfits", "require_fit", "widened", "with_new"]

_WIDER: dict[type[t.DataType], tuple[t.DataType, ...]] = {
    t.Integer: (t.BIGINT, t.DOUBLE),
    t.Float: (t.DOUBLE,),
    t.Decimal: (t.DOUBLE,),
    t.Date: (t.Timestamp(6), t.TimestampLtz(6)),
    t.Timestamp: (t.TimestampLtz(6),),
}
"""What has room for the values of a type, narrowest first; a text has room for all."""


class EvolvedError(Exception):
    """The schema has to be another one before the source can be loaded: begin again with `schema`."""

    def __init__(self, schema: Schema, said: list[str]) -> None:
        super().__init__(", ".join(said))
        self.schema = schema
        self.said = said


def misfits(schema: Schema, frame: pl.DataFrame, *, headed: bool) -> list[str]:
    """The raw columns that the schema does not know, and, of sources that are `headed`, those that it misses."""
    known = {column.raw for column in schema.columns}
    new = [f"column '{name}' is new" for name in raw_columns(frame) if name not in known]
    gone = [f"column '{raw}' is gone" for raw in sorted(known) if headed and raw not in frame.columns]
    return new + gone


def require_fit(schema: Schema, said: list[str], where: str) -> None:
    """What the policy makes of columns that do not fit.

    Raises DataError where it is `freeze`.
    """
    if said and schema.on_change == "freeze":
        raise DataError(
            f"{where} does not fit the schema of {schema.name}, which is frozen: {'; '.join(said)}",
            code="schema-frozen",
            where=schema.where,
            hint='change the schema file, or let on_change be "evolve" or "quarantine"',
        )


def with_new(schema: Schema, frame: pl.DataFrame) -> Schema:
    """The schema with the columns of `frame` that it does not know yet."""
    known = {column.raw for column in schema.columns}
    new = [name for name in raw_columns(frame) if name not in known]
    names = sanitised([*(column.name for column in schema.columns), *new])[len(schema.columns) :]
    return schema.with_columns(*(column_of(name, frame[raw]) for name, raw in zip(names, new, strict=True)))


def widened(schema: Schema, unread: Mapping[str, pl.Series]) -> tuple[Schema, list[str]]:
    """The schema with room for texts that were no values of their columns, and what was changed, in words."""
    columns: list[Column] = []
    said = []
    for column in schema.columns:
        if column.name not in unread:
            continue
        texts = unread[column.name].cast(str)
        wider = (replace(column, type=kind) for kind in (*_WIDER.get(type(column.type), ()), t.STRING))
        culprit = texts[0]
        for fitting in (one for one in wider if one.type != column.type):
            unfit = texts.filter(read_values(texts, fitting).is_null())
            if unfit.is_empty():
                break
            culprit = unfit[0]
        columns.append(fitting)
        said.append(f"{column.name} is {type_text(fitting.type)}, was {type_text(column.type)}: '{culprit}'")
    return schema.with_columns(*columns), said
