"""MIN, MAX, FIRST_VALUE and LAST_VALUE."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_character, is_numeric
from penstock.sql.functions.aggregates.shapes import any_value
from penstock.sql.functions.spec import Aggregate, Example
from penstock.sql.functions.temporal.arguments import is_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Value

__all__ = ["AGGREGATES"]

_State = dict[str, pl.Expr]


def _not_comparable(data_type: DataType) -> str:
    fits = is_numeric(data_type) or is_character(data_type) or is_time(data_type) or isinstance(data_type, t.Boolean)
    return "" if fits else "takes a number, a text, a BOOLEAN, a date, a time or a timestamp"


def _extreme(least: bool, args: Sequence[Value], _result: DataType) -> _State:
    value = args[0].expr
    state = {"v": value.min() if least else value.max()}
    if isinstance(args[0].type, (t.Float, t.Double)):
        # Flink keeps the first value until one is less: a NaN that comes first stays, a later one is passed over,
        # and of 0.0 and -0.0 the first stays
        state["nan"] = value.first(ignore_nulls=True).is_nan()
        state["zero"] = pl.when(value == 0).then(value).first(ignore_nulls=True)
    return state


def _merged_extreme(least: bool, state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    merged = {"v": state["v"].min() if least else state["v"].max()}
    return merged | {part: state[part].first(ignore_nulls=True) for part in ("nan", "zero") if part in state}


def _joined_extreme(
    least: bool, left: Mapping[str, pl.Expr], right: Mapping[str, pl.Expr], _result: DataType
) -> _State:
    one, other = left["v"], right["v"]
    keeps = one <= other if least else one >= other
    if "nan" in left:
        # as min() and max() pass a NaN over
        keeps = (keeps | other.is_nan()) & (one.is_not_nan() | other.is_nan())
    joined = {"v": pl.when(keeps | other.is_null()).then(one).otherwise(other)}
    return joined | {part: left[part].fill_null(right[part]) for part in ("nan", "zero") if part in left}


def _finish_extreme(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr:
    if "nan" not in state:
        return state["v"]
    extreme = pl.when(state["v"] == 0).then(state["zero"]).otherwise(state["v"])
    return pl.when(state["nan"]).then(pl.lit(float("nan"), result.polars)).otherwise(extreme)


def _chosen(choose: Callable[[pl.Expr], pl.Expr], args: Sequence[Value], _result: DataType) -> _State:
    return {"v": choose(args[0].expr)}


def _chosen_again(choose: Callable[[pl.Expr], pl.Expr], state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {"v": choose(state["v"])}


def _joined_first(left: Mapping[str, pl.Expr], right: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {"v": left["v"].fill_null(right["v"])}


def _joined_last(left: Mapping[str, pl.Expr], right: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {"v": right["v"].fill_null(left["v"])}


def _running_first(state: Mapping[str, pl.Expr], first: pl.Expr, _result: DataType) -> _State:
    value = state["v"]
    there = pl.when(value.is_not_null()).then(_place()).backward_fill().gather(first)
    return {"v": value.gather(pl.when(there <= _place()).then(there))}


def _running_last(state: Mapping[str, pl.Expr], first: pl.Expr, _result: DataType) -> _State:
    value = state["v"]
    there = pl.when(value.is_not_null()).then(_place()).forward_fill()
    return {"v": value.gather(pl.when(there >= first).then(there))}


def _place() -> pl.Expr:
    return pl.int_range(pl.len())


def _first(expr: pl.Expr) -> pl.Expr:
    return expr.first(ignore_nulls=True)


def _last(expr: pl.Expr) -> pl.Expr:
    return expr.last(ignore_nulls=True)


_TIMES = "(VALUES (TIMESTAMP '2024-01-02 00:00:00'), (TIMESTAMP '2024-01-01 00:00:00')) AS t(x)"

AGGREGATES = (
    *(
        Aggregate(
            name,
            f"{name}(x)",
            f"The {word} value that is not NULL; texts are compared by their characters' numbers.",
            any_value(lambda x: x, _not_comparable),
            partial(_extreme, name == "MIN"),
            partial(_merged_extreme, name == "MIN"),
            _finish_extreme,
            (
                Example(f"SELECT {name}(x) FROM (VALUES (3), (CAST(NULL AS INT)), (2)) AS t(x)", number),
                Example(f"SELECT {name}(x) FROM {_TIMES}", time),
            ),
            distinct_matters=False,
            joined=partial(_joined_extreme, name == "MIN"),
            picks=True,
        )
        for name, word, number, time in (
            ("MIN", "least", 2, "2024-01-01 00:00:00"),
            ("MAX", "greatest", 3, "2024-01-02 00:00:00"),
        )
    ),
    *(
        Aggregate(
            name,
            f"{name}(x)",
            f"The {word} value that is not NULL, in the order in which rows come.",
            any_value(lambda x: x),
            partial(_chosen, choose),
            partial(_chosen_again, choose),
            lambda state, _: state["v"],
            (Example(f"SELECT {name}(x) FROM (VALUES (CAST(NULL AS INT)), (3), (2)) AS t(x)", number),),
            distinct_matters=name == "LAST_VALUE",
            joined=joined,
            running=running,
            order_matters=True,
        )
        for name, word, choose, joined, running, number in (
            ("FIRST_VALUE", "first", _first, _joined_first, _running_first, 3),
            ("LAST_VALUE", "last", _last, _joined_last, _running_last, 2),
        )
    ),
)
