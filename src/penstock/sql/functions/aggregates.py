"""Aggregate functions, as partial results that merge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_numeric
from penstock.sql.functions.signatures import ANY, ArgumentError
from penstock.sql.functions.spec import Aggregate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Value

__all__ = ["AGGREGATES"]


def _bind_count(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not args and not clauses.get("star"):
        raise ArgumentError("takes a value or *")
    return args, t.BIGINT.with_nullable(False)


def _bind_number(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or not is_numeric(args[0].type):
        raise ArgumentError(f"takes a number, got ({', '.join(str(a.type) for a in args)})")
    return args, args[0].type.with_nullable()


def _bind_any(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) != 1 or ANY.fit(args[0]) is None:
        raise ArgumentError(f"takes one value, got {len(args)}")
    return args, args[0].type.with_nullable()


def _count(args: Sequence[Value], result: DataType) -> Mapping[str, pl.Expr]:
    return {"n": (args[0].expr.count() if args else pl.len()).cast(pl.Int64)}


def _sum(args: Sequence[Value], result: DataType) -> Mapping[str, pl.Expr]:
    value = args[0].expr
    return {"s": value.sum(), "n": value.count().cast(pl.Int64)}


AGGREGATES = (
    Aggregate(
        "COUNT",
        "COUNT(*) | COUNT([DISTINCT] x)",
        "How many rows; with x, how many values that are not NULL.",
        _bind_count,
        _count,
        lambda state, _: {"n": state["n"].sum()},
        lambda state, _: state["n"],
    ),
    Aggregate(
        "SUM",
        "SUM([DISTINCT] x)",
        "The sum of the values that are not NULL; NULL if there is none.",
        _bind_number,
        _sum,
        lambda state, _: {"s": state["s"].sum(), "n": state["n"].sum()},
        lambda state, result: pl.when(state["n"] > 0).then(state["s"].cast(result.polars)),
    ),
    Aggregate(
        "MIN",
        "MIN(x)",
        "The least value.",
        _bind_any,
        lambda args, _: {"v": args[0].expr.min()},
        lambda state, _: {"v": state["v"].min()},
        lambda state, _: state["v"],
        distinct_matters=False,
    ),
    Aggregate(
        "MAX",
        "MAX(x)",
        "The greatest value.",
        _bind_any,
        lambda args, _: {"v": args[0].expr.max()},
        lambda state, _: {"v": state["v"].max()},
        lambda state, _: state["v"],
        distinct_matters=False,
    ),
)
