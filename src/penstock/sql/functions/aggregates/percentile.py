"""PERCENTILE: the value below which a part of the values lies, between two of them by their distance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import cast_to, is_numeric
from penstock.sql.expr import Literal, refs
from penstock.sql.functions.aggregates.wavelet import WaveletMatrix, in_order
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Aggregate, Context, Example
from penstock.sql.functions.temporal.arguments import no_bare_null, shown
from penstock.sql.functions.temporal.values import by_batch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Spans, Value

__all__ = ["AGGREGATES"]

_FORM = "(a number, a constant from 0 to 1 or an ARRAY of them, [how often, a whole number])"


def _bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not 2 <= len(args) <= 3:
        raise ArgumentError(f"takes {_FORM}, got {len(args)} argument{'s' if len(args) != 1 else ''}")
    no_bare_null(args)
    value, share, *often = args
    many = isinstance(share.type, t.Array)
    one = share.type.element if isinstance(share.type, t.Array) else share.type
    if not is_numeric(value.type) or not is_numeric(one) or any(not isinstance(o.type, t.Integer) for o in often):
        raise ArgumentError(f"takes {_FORM}, got {shown(args)}")
    result = t.Array(t.DOUBLE) if many else t.DOUBLE
    shares = _constant(share, result)
    if any(s is None or not 0 <= s <= 1 for s in (shares if many else [shares])):
        raise ArgumentError(f"takes percentages as constants from 0 to 1, got {shares}")
    return (value, Literal(result.with_nullable(False), shares), *often), result


def _constant(share: Expr, data_type: DataType) -> Any:
    from penstock.sql.compile import compile_expr

    if refs(share):
        raise ArgumentError("takes the percentage as a constant")
    found = pl.select(compile_expr(cast_to(share, data_type), Context()).expr).item()
    return tuple(found) if isinstance(found, pl.Series) else found


def _partial(args: Sequence[Value], _result: DataType) -> dict[str, pl.Expr]:
    value = args[0].expr.cast(pl.Float64)
    often = args[2].expr.cast(pl.Int64) if len(args) > 2 else pl.when(value.is_not_null()).then(pl.lit(1, pl.Int64))
    counts = (value.is_not_null() & (often > 0)).fill_null(False)
    pairs = pl.struct(value.alias("value"), often.alias("often")).filter(counts)
    return {"v": pairs, "share": args[1].expr.first(ignore_nulls=True)}


def _merge(state: Mapping[str, pl.Expr], _result: DataType) -> dict[str, pl.Expr]:
    values = state["v"].explode(empty_as_null=False, keep_nulls=False)
    return {"v": values, "share": state["share"].first(ignore_nulls=True)}


def _spans(state: Mapping[str, pl.Series], spans: Spans) -> dict[str, pl.Series]:
    """Of the values of each span those that stand where `_between` looks, each for all from the one before it on."""
    lists, share = state["v"], state["share"]
    one = lists.list.first().struct.unnest()
    weights = one["often"].fill_null(0).to_numpy()
    matrix = WaveletMatrix(one["value"].fill_null(0.0).to_numpy(), weights)
    first, end = spans
    total = matrix.totals(first, end)
    shares = np.atleast_1d(np.array(share.first(), np.float64)) if len(share) else np.zeros(1)
    exact = np.maximum(total - 1, 0)[:, None] * shares[None, :]
    places = np.sort(np.concatenate((np.floor(exact), np.ceil(exact)), axis=1).astype(np.int64), axis=1)
    width = places.shape[1]
    often = np.diff(np.concatenate((np.zeros((len(total), 1), np.int64), places[:, :-1] + 1, total[:, None]), axis=1))
    some = np.repeat(total > 0, width)
    row = np.repeat(np.arange(len(total)), width)[some]
    value = matrix.kth(first[row], end[row], places.ravel()[some])
    pairs = pl.DataFrame({"row": row, "value": value, "often": often.ravel()[some]})
    found = pairs.group_by("row", maintain_order=True).agg(pl.struct("value", "often").alias("v"))
    every = pl.DataFrame({"row": np.arange(len(total))}).join(found, on="row", how="left", maintain_order="left")
    return {"v": every["v"].cast(lists.dtype), "share": share.gather(end - 1)}


def _finish(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr:
    if isinstance(result, t.Array):
        return by_batch(_percentiles, [state["v"], state["share"]], result.polars)
    found = by_batch(_percentiles, [state["v"], pl.concat_list(state["share"])], pl.List(pl.Float64))
    return found.list.first()


def _percentiles(values: pl.Series, shares: pl.Series) -> pl.Series:
    """Of each list of (value, how often), the percentiles of its `shares`; NULL for an empty list."""
    sizes = values.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    wanted = shares.list.len().fill_null(0).cast(pl.Int64).to_numpy()
    flat = values.explode(empty_as_null=False, keep_nulls=False).struct.unnest()
    group = np.repeat(np.arange(len(sizes)), sizes)
    value = flat["value"].to_numpy()
    order = np.lexsort((in_order(value), group))
    value = value[order]
    after = np.cumsum(flat["often"].to_numpy()[order])
    ends = np.concatenate(([0], after))[np.concatenate(([0], np.cumsum(sizes)))]
    row = np.repeat(np.arange(len(sizes)), wanted)
    share = shares.explode(empty_as_null=False, keep_nulls=False).to_numpy()
    filled = sizes[row] > 0
    before, total = ends[row[filled]], (ends[1:] - ends[:-1])[row[filled]]
    found = _between(value, after, before, (total - 1) * share[filled])
    lists = pl.DataFrame({"row": row[filled], "found": found}).group_by("row", maintain_order=True).agg("found")
    return pl.DataFrame({"row": np.arange(len(sizes))}).join(lists, on="row", how="left", maintain_order="left")[
        "found"
    ]


def _between(
    value: NDArray[np.float64], after: NDArray[np.int64], before: NDArray[np.int64], position: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The value at each `position` of a group, whose values come after `before` others; between two by distance."""
    lower, upper = np.floor(position), np.ceil(position)
    low = value[np.searchsorted(after, before + lower.astype(np.int64), side="right")]
    high = value[np.searchsorted(after, before + upper.astype(np.int64), side="right")]
    with np.errstate(invalid="ignore"):
        mixed = (upper - position) * low + (position - lower) * high
    return np.where((lower == upper) | (low == high), low, mixed)


AGGREGATES = (
    Aggregate(
        "PERCENTILE",
        "PERCENTILE([DISTINCT] x, share [, often])",
        "The value below which a share of the values that are not NULL lies, as DOUBLE: 0.5 is the median. The share "
        "is a constant, or an ARRAY of constants for several at once; with `often` each value counts so many times.",
        _bind,
        _partial,
        _merge,
        _finish,
        (
            Example("SELECT PERCENTILE(x, 0.5) FROM (VALUES (1), (2), (CAST(NULL AS INT)), (4)) AS t(x)", 2.0),
            Example("SELECT PERCENTILE(x, 0.25) FROM (VALUES (1), (2), (3), (4)) AS t(x)", 1.75),
            Example("SELECT PERCENTILE(x, ARRAY[0, 0.5, 1]) FROM (VALUES (1), (2)) AS t(x)", [1.0, 1.5, 2.0]),
            Example("SELECT PERCENTILE(x, 0.5, n) FROM (VALUES (1, 1), (5, 3)) AS t(x, n)", 5.0),
        ),
        spans=_spans,
    ),
)
