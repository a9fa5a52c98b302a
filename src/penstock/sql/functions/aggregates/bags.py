"""LISTAGG, ARRAY_AGG and COLLECT: the values themselves, joined or as a collection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_character
from penstock.sql.expr import Literal
from penstock.sql.functions.aggregates.shapes import any_value, never_null
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Aggregate, Example, Value
from penstock.sql.functions.temporal.arguments import no_bare_null, shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["AGGREGATES"]

_State = dict[str, pl.Expr]


# -- LISTAGG -----------------------------------------------------------------------------------------


def _bind_listagg(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if not 1 <= len(args) <= 2 or not is_character(args[0].type):
        raise ArgumentError(f"takes a text and perhaps a constant separator, got {shown(args)}")
    no_bare_null(args)
    separator = args[1] if len(args) > 1 else Literal(t.Char(1, nullable=False), ",")
    if not isinstance(separator, Literal) or separator.value is None or not is_character(separator.type):
        raise ArgumentError("takes a separator that is a text literal, and not NULL")
    return (args[0], separator), args[0].type


def _listagg(args: Sequence[Value], _result: DataType) -> _State:
    # each text brings its separator, so that states are joined without knowing it
    text, separator = args[0].expr, args[1].expr
    joined = (separator + text).str.join("", ignore_nulls=True)
    return {"v": pl.when(text.count() > 0).then(joined), "separator": separator.first(ignore_nulls=True)}


def _merge_listagg(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    joined = state["v"].str.join("", ignore_nulls=True)
    return {
        "v": pl.when(state["v"].count() > 0).then(joined),
        "separator": state["separator"].first(ignore_nulls=True),
    }


def _finish_listagg(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr:
    joined = state["v"].str.strip_prefix(state["separator"])
    return joined if result.nullable else joined.fill_null("")


# -- collections -------------------------------------------------------------------------------------


def _all(state: Mapping[str, pl.Expr], _result: DataType) -> _State:
    return {"v": state["v"].explode(empty_as_null=False, keep_nulls=False)}


def _finish_array(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr | Value:
    return never_null(pl.when(state["v"].list.len() > 0).then(state["v"]), result, "ARRAY_AGG")


def _finish_bag(state: Mapping[str, pl.Expr], result: DataType) -> pl.Expr:
    assert isinstance(result, t.Multiset)
    value = pl.element()
    if isinstance(result.element, (t.Binary, t.Varbinary)):
        # to Flink each one is another, whatever its bytes
        return state["v"].list.eval(pl.struct(value.alias("key"), pl.lit(1, pl.Int32).alias("value")))
    counts = value.unique_counts().cast(pl.Int32)
    return state["v"].list.eval(pl.struct(value.unique(maintain_order=True).alias("key"), counts.alias("value")))


AGGREGATES = (
    Aggregate(
        "LISTAGG",
        "LISTAGG([DISTINCT] x [, separator])",
        "The texts that are not NULL, in the order in which rows come, with a comma or the constant separator between.",
        _bind_listagg,
        _listagg,
        _merge_listagg,
        _finish_listagg,
        (
            Example("SELECT LISTAGG(x) FROM (VALUES ('b'), (CAST(NULL AS STRING)), ('a')) AS t(x)", "b,a"),
            Example("SELECT LISTAGG(x, ' | ') FROM (VALUES ('b'), ('a')) AS t(x)", "b | a"),
        ),
        order_matters=True,
        null_if_empty=False,
    ),
    Aggregate(
        "ARRAY_AGG",
        "ARRAY_AGG([DISTINCT] x)",
        "All values as an array, NULL among them, in the order in which rows come.",
        any_value(lambda x: t.Array(x, nullable=x.nullable)),
        lambda args, _: {"v": args[0].expr},
        _all,
        _finish_array,
        (Example("SELECT ARRAY_AGG(x) FROM (VALUES (3), (CAST(NULL AS INT)), (2)) AS t(x)", [3, None, 2]),),
        ignores_nulls=False,
        order_matters=True,
        null_if_empty=False,
    ),
    Aggregate(
        "COLLECT",
        "COLLECT([DISTINCT] x)",
        "The values that are not NULL as a MULTISET: each one with how often it came.",
        any_value(lambda x: t.Multiset(x, nullable=False)),
        lambda args, _: {"v": args[0].expr.drop_nulls()},
        _all,
        _finish_bag,
        (
            Example(
                "SELECT COLLECT(x) FROM (VALUES ('a'), (CAST(NULL AS STRING)), ('b'), ('a')) AS t(x)",
                [["a", 2], ["b", 1]],
            ),
        ),
        null_if_empty=False,
    ),
)
