"""TYPEOF and CURRENT_DATABASE; random numbers and identifiers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.functions.signatures import ANY, BOOLEAN, INTEGER, ArgumentError, literal, nullable, takes
from penstock.sql.functions.spec import Example, Failure, Function, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["FUNCTIONS"]

_CERTAIN_STRING = t.STRING.with_nullable(False)
_UUID_DASHES = (2, 3, 4, 5)
"""The groups of four digits that a dash stands before."""


# -- about types and names ---------------------------------------------------------------------------


def _typeof(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> Value:
    return Value(pl.lit(str(args[0].type)), t.STRING)  # the value itself is not evaluated


def _database(context: Context, _args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return pl.lit(context.database)


# -- random ------------------------------------------------------------------------------------------


def _rows() -> pl.Expr:
    """A column as long as the frame, to draw as many values."""
    return pl.int_range(pl.len())


def _bind_rand(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if args:
        raise ArgumentError("takes no seed: numbers that are the same in each run are those of Java, row after row")
    return args, t.Double(nullable=False)


def _bind_rand_integer(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) == 2:
        raise ArgumentError("takes no seed: numbers that are the same in each run are those of Java, row after row")
    return takes(INTEGER, gives=lambda types: t.Integer(32, nullable=types[0].nullable))(args, clauses)


def _draw(rows: pl.Series) -> pl.Series:
    return pl.Series(np.random.default_rng().random(len(rows)))


def _rand(_context: Context, _args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return _rows().map_batches(_draw, return_dtype=pl.Float64, is_elementwise=True)


def _rand_integer(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> Value:
    bound = args[0].expr
    number = (_rand(context, (), t.DOUBLE, clauses) * bound).floor().cast(pl.Int32, strict=False)
    return Value(number, result, (Failure(bound <= 0, "bound", "the bound must be above 0", bound.cast(pl.String)),))


@cache
def _quads() -> pl.Series:
    """Every group of four hexadecimal digits, made when first drawn from."""
    return pl.Series([f"{i:04x}" for i in range(2**16)])


def _draw_uuids(rows: pl.Series) -> pl.Series:
    """Version 4, variant 1: all bits random but six."""
    groups = np.random.default_rng().integers(0, 2**16, (8, len(rows)), dtype=np.uint16)
    groups[3] = groups[3] & 0x0FFF | 0x4000
    groups[4] = groups[4] & 0x3FFF | 0x8000
    quads = _quads()
    frame = pl.DataFrame([quads.gather(pl.Series(g)).alias(str(i)) for i, g in enumerate(groups)])
    parts = [p for i in range(8) for p in (*([pl.lit("-")] if i in _UUID_DASHES else []), pl.col(str(i)))]
    return frame.select(pl.concat_str(parts)).to_series()


def _uuid(_context: Context, _args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return _rows().map_batches(_draw_uuids, return_dtype=pl.String, is_elementwise=True)


FUNCTIONS = (
    Function(
        "TYPEOF",
        "other",
        "TYPEOF(x [, force])",
        "The type of a value, as text. `force` changes nothing for the types there are.",
        takes(ANY, literal(BOOLEAN), optional=1, gives=nullable(t.STRING)),
        _typeof,
        (
            Example("TYPEOF(CAST(NULL AS DECIMAL(2, 1)))", "DECIMAL(2, 1)"),
            Example("TYPEOF(CAST(NULL AS ARRAY<INT>))", "ARRAY<INT>"),
            Example("TYPEOF(NULL)", "NULL"),
        ),
        lazy=True,
    ),
    Function(
        "CURRENT_DATABASE",
        "other",
        "CURRENT_DATABASE()",
        "The database in which names are looked up.",
        takes(gives=lambda _: _CERTAIN_STRING),
        _database,
        (Example("CURRENT_DATABASE()", "default_database"),),
    ),
    Function(
        "RAND",
        "arithmetic",
        "RAND()",
        "A random DOUBLE from 0 up to but not 1, another one for each row.",
        _bind_rand,
        _rand,
        (Example("RAND() >= 0 AND RAND() < 1", True),),
        deterministic=False,
    ),
    Function(
        "RAND_INTEGER",
        "arithmetic",
        "RAND_INTEGER(bound)",
        "A random whole number from 0 up to but not the bound, another one for each row.",
        _bind_rand_integer,
        _rand_integer,
        (Example("RAND_INTEGER(1)", 0), Example("RAND_INTEGER(10) BETWEEN 0 AND 9", True)),
        deterministic=False,
    ),
    Function(
        "UUID",
        "other",
        "UUID()",
        "A random identifier (RFC 4122, version 4), another one for each row.",
        takes(gives=lambda _: t.Char(36, nullable=False)),
        _uuid,
        (Example("CHAR_LENGTH(UUID())", 36),),
        deterministic=False,
    ),
)
