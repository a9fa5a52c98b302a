"""Functions that stand with OVER only: ROW_NUMBER, RANK, DENSE_RANK and LAG."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from penstock.core import types as t
from penstock.sql import expr as e
from penstock.sql.coercion import cast_to, is_character
from penstock.sql.functions.aggregates.shapes import never_null
from penstock.sql.functions.aggregates.sums import added, summed
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Aggregate, Value
from penstock.sql.functions.temporal.arguments import no_bare_null, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["OVER_ONLY"]

_State = dict[str, pl.Expr]

_LAG = "(a value [, how many rows back, a whole number [, what to give where there is no such row]])"


def _bind_nothing(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if args or clauses.get("star"):
        raise ArgumentError("takes no argument")
    return (), t.BIGINT.with_nullable(False)


def _rows(_args: Sequence[Value], _result: DataType) -> _State:
    return {"n": pl.len().cast(pl.Int64)}


def _rows_merged(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {"n": state["n"].sum()}


def _numbering(name: str, text: str, frame: Literal["rows", "range"]) -> Aggregate:
    return Aggregate(
        name,
        f"{name}()",
        text,
        _bind_nothing,
        _rows,
        _rows_merged,
        lambda state, _: state["n"],
        joined=added,
        running=summed,
        over=frame,
    )


def _bind_lag(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not 1 <= len(args) <= 3 or clauses.get("star"):
        raise ArgumentError(f"takes {_LAG}, got {shown(args)}")
    value = args[0]
    no_bare_null((value,))
    offset = args[1] if len(args) > 1 else e.Literal(t.INT.with_nullable(False), 1)
    if not isinstance(offset, e.Literal) or not isinstance(offset.value, int) or offset.value < 0:
        raise ArgumentError(f"takes a constant number of rows, 0 or more, got {shown(args)}")
    if len(args) < 3:
        return (value, offset), value.type.with_nullable()
    default = args[2]
    if isinstance(default.type, t.Null):
        default = e.Literal(value.type.with_nullable(), None)
    texts = is_character(value.type) and is_character(default.type)
    if default.type.with_nullable() != value.type.with_nullable() and not texts:
        raise ArgumentError(f"takes a default of the value's type, CAST it: {value.type}, got {shown(args)}")
    default = cast_to(default, value.type.with_nullable(default.type.nullable))
    return (value, offset, default), value.type.with_nullable(default.type.nullable)


def _lagged(args: Sequence[Value], result: DataType) -> _State:
    default = args[2].expr.last() if len(args) > 2 else pl.lit(None, result.polars)
    back = args[1].expr.last().cast(pl.Int64)
    value = args[0].expr
    chosen = {"found": value.len() > back, "lag": value.tail(back + 1).first(), "default": default}
    return {"v": value.tail(back + 1), "back": back, **chosen}


def _lags_merged(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    back = state["back"].last()
    values = state["v"].explode(empty_as_null=False, keep_nulls=False).tail(back + 1)
    chosen = {"found": values.len() > back, "lag": values.first(), "default": state["default"].last()}
    return {"v": values, "back": back, **chosen}


def _lags_joined(left: Mapping[str, pl.Expr], right: Mapping[str, pl.Expr], _result: DataType) -> _State:
    back = right["back"]
    values = left["v"].list.concat(right["v"]).list.tail(back + 1)
    chosen = {"found": values.list.len() > back, "lag": values.list.first(), "default": right["default"]}
    return {"v": values, "back": back, **chosen}


def _lags_running(state: Mapping[str, pl.Expr], first: pl.Expr, _result: DataType) -> _State:
    """`v` stays what it is: the values of each state, which lie behind each other."""
    length, back = state["v"].list.len().cast(pl.Int64), state["back"]
    ends = length.cum_sum()
    place = ends - 1 - back
    found = place >= (ends - length).gather(first)
    values = state["v"].explode(empty_as_null=False, keep_nulls=False)
    chosen = {"found": found, "lag": values.gather(pl.when(found).then(place)), "default": state["default"]}
    return {"v": state["v"], "back": back, **chosen}


def _finish_lag(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    value = pl.when(state["found"]).then(state["lag"]).otherwise(state["default"])
    if not result.nullable and is_character(result):
        return value.fill_null("")
    if not result.nullable and isinstance(result, t.Boolean):
        return value.fill_null(False)
    return never_null(value, result, "LAG")


OVER_ONLY: dict[str, Aggregate] = {
    f.name: f
    for f in (
        _numbering("ROW_NUMBER", "The number of the row in its partition, from 1.", "rows"),
        _numbering(
            "RANK", "How many rows of the partition come up to the row's time: to Flink each row is another.", "range"
        ),
        _numbering("DENSE_RANK", "The same as RANK.", "range"),
        Aggregate(
            "LAG",
            "LAG(x [, back [, default]])",
            "The value so many rows back, by default 1; rows of one time have that of the last of them. A constant "
            "default makes the result NOT NULL: where a value is NULL it is -1, '' or FALSE then.",
            _bind_lag,
            _lagged,
            _lags_merged,
            _finish_lag,
            joined=_lags_joined,
            running=_lags_running,
            ignores_nulls=False,
            over="range",
        ),
    )
}
