"""Aggregate functions over rows in this process: partial results of cuts, merged, finished, shown as Flink's JSON."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.compile import compile_expr
from penstock.sql.expr import AggregateCall
from penstock.sql.functions.spec import Context, Value
from penstock.sql.grammar import parse_expression
from penstock.sql.plan import Column
from tests.functions.harness import Answer, Fails, decode, encode, type_of, values_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.functions.harness import Columns


def bind(sql: str, columns: Columns) -> AggregateCall:
    """The call of an aggregate function over `columns`."""
    scope = Scope.of(Origin(sql), (Column(name, type_of(kind)) for name, (kind, _) in columns.items()), ("t",))
    call = ExpressionBinder(scope, aggregates=True).bind(parse_expression(sql))
    assert isinstance(call, AggregateCall)
    return call


def aggregate(sql: str, columns: Columns, cuts: Sequence[int] = (), keys: Sequence[int] | None = None) -> Answer:
    """The result for each group of `keys` (one group without), in order of the keys.

    Rows are cut before each of `cuts`; each piece makes its own states, which are then merged.
    """
    call = bind(sql, columns)
    frame = arguments(call, columns, keys)
    states = partials(call, frame, cuts)
    names = [c for c in states.columns if c != "$key"]
    merged = call.function.merge({n: pl.col(n) for n in names}, call.type)
    state = states.group_by("$key", maintain_order=True).agg(*(e.alias(n) for n, e in merged.items())).sort("$key")
    assert state.select(names).schema == states.select(names).schema, "merging changes the type of the state"
    built = call.function.finish({n: pl.col(n) for n in names}, call.type)
    value = built if isinstance(built, Value) else Value(built, call.type)
    failures = [f.when.fill_null(False).alias(f"$failure{i}") for i, f in enumerate(value.failures)]
    result = state.select(value.expr.alias("$value"), *failures)
    assert result["$value"].dtype == call.type.polars, f"{result['$value'].dtype} is no {call.type}"
    shown: list[Any] = [encode(v, call.type) for v in values_of(result["$value"], call.type)]
    for i, failure in enumerate(value.failures):
        shown = [Fails(failure.message) if f else v for v, f in zip(shown, result[f"$failure{i}"], strict=True)]
    assert call.type.nullable or None not in shown
    return Answer(str(call.type), shown)


def arguments(call: AggregateCall, columns: Columns, keys: Sequence[int] | None = None) -> pl.DataFrame:
    """The arguments `a0`.. of each row, its `$key`, and whether it passes FILTER (`$mask`); no repeats for DISTINCT.

    A row that does not pass has NULL for arguments where NULL counts for nothing.
    """
    series = [
        pl.Series(name, [decode(v, type_of(kind)) for v in values], dtype=type_of(kind).polars)
        for name, (kind, values) in columns.items()
    ]
    frame = pl.DataFrame(
        [*series, pl.Series("$key", keys if keys is not None else [0] * len(series[0]), dtype=pl.Int64)]
    )
    args = [compile_expr(a, Context()).expr.alias(f"a{i}") for i, a in enumerate(call.args)]
    mask = pl.lit(True) if call.filter is None else compile_expr(call.filter, Context()).expr.fill_null(False)
    frame = frame.select("$key", *args, mask.alias("$mask"))
    if call.function.ignores_nulls:
        frame = frame.with_columns(pl.when("$mask").then(f"a{i}").alias(f"a{i}") for i in range(len(args)))
    return frame.unique(maintain_order=True) if call.distinct else frame


def partials(call: AggregateCall, frame: pl.DataFrame, cuts: Sequence[int]) -> pl.DataFrame:
    """The states of each piece and key, piece after piece."""
    columns = [pl.col(f"a{i}") for i in range(len(call.args))]
    if not call.function.ignores_nulls:
        columns = [c.filter(pl.col("$mask")) for c in columns]
    values = [Value(c, a.type) for c, a in zip(columns, call.args, strict=True)]
    states = [e.alias(n) for n, e in call.function.partial(values, call.type).items()]
    borders = [0, *sorted(cuts), frame.height]
    pieces = [frame[start:end] for start, end in pairwise(borders)]
    return pl.concat([p.group_by("$key", maintain_order=True).agg(*states) for p in pieces])
