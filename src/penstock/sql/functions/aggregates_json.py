"""JSON_ARRAYAGG and JSON_OBJECTAGG: the JSON of all rows of a group.

What becomes of NULLs is part of the name by which the grammar calls them: arguments reach an aggregate as columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_character
from penstock.sql.expr import Call
from penstock.sql.functions.json_make import as_argument
from penstock.sql.functions.json_text import quoted
from penstock.sql.functions.signatures import ArgumentError
from penstock.sql.functions.spec import Aggregate, Example, Failure, Function, Value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Context

__all__ = ["AGGREGATES"]

_RESULT = t.Varchar(2000, nullable=False)


def _null_as_json(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    return args[0].expr.fill_null("null")


_WRITTEN = Function(
    "JSON or null",
    "json",
    "JSON or null",
    "The JSON of a value, `null` for NULL.",
    lambda args, _: (args, t.STRING.with_nullable(False)),
    _null_as_json,
)


def _json(arg: Expr, *, absent: bool) -> Expr:
    written = as_argument(arg)
    return written if absent else Call(t.STRING.with_nullable(False), _WRITTEN, (written,))


# -- arrays ------------------------------------------------------------------------------------------


def _bind_array(*, absent: bool) -> Bind:
    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        if len(args) != 1 or clauses.get("star"):
            raise ArgumentError("takes one value")
        return (_json(args[0], absent=absent),), _RESULT

    return bind


def _listed(args: Sequence[Value], _result: DataType) -> dict[str, pl.Expr]:
    return {"v": ("," + args[0].expr).str.join("", ignore_nulls=True)}


def _merge_listed(state: Mapping[str, pl.Expr], _result: DataType) -> dict[str, pl.Expr]:
    return {"v": state["v"].str.join("", ignore_nulls=True)}


def _finish_listed(state: Mapping[str, pl.Expr], _result: DataType) -> pl.Expr:
    return pl.concat_str(pl.lit("["), state["v"].fill_null("").str.strip_prefix(","), pl.lit("]"))


# -- objects -----------------------------------------------------------------------------------------


def _bind_object(*, absent: bool) -> Bind:
    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        if len(args) != 2 or not is_character(args[0].type):
            raise ArgumentError(f"takes a text and a value, got ({', '.join(str(a.type) for a in args)})")
        return (args[0], _json(args[1], absent=absent)), _RESULT

    return bind


def _members(args: Sequence[Value], _result: DataType) -> dict[str, pl.Expr]:
    return {"v": pl.struct(args[0].expr.alias("key"), args[1].expr.alias("value"))}


def _merge_members(state: Mapping[str, pl.Expr], _result: DataType) -> dict[str, pl.Expr]:
    return {"v": state["v"].explode(empty_as_null=False, keep_nulls=False)}


def _finish_members(state: Mapping[str, pl.Expr], result: DataType) -> Value:
    entry = pl.element().struct
    member = quoted(entry.field("key")) + pl.lit(":") + entry.field("value")
    written = state["v"].list.eval(member.sort_by(entry.field("key"))).list.join(",", ignore_nulls=True)
    keys = state["v"].list.eval(entry.field("key"))
    failures = (
        Failure(keys.list.n_unique() < keys.list.len(), "json", "JSON_OBJECTAGG takes each key once, one came twice"),
        Failure(keys.list.drop_nulls().list.len() < keys.list.len(), "json", "JSON_OBJECTAGG takes no NULL as a key"),
    )
    return Value(pl.lit("{") + written + pl.lit("}"), result, failures)


_ROWS = "(VALUES ('b', 1), ('a', CAST(NULL AS INT))) AS t(k, v)"


def _array(nulls: str, example: Any, *, absent: bool) -> Aggregate:
    name = f"JSON_ARRAYAGG{nulls}"
    return Aggregate(
        name,
        f"JSON_ARRAYAGG(value{nulls})",
        "The values as a JSON array, in the order in which rows come; NULLs are left out unless NULL ON NULL.",
        _bind_array(absent=absent),
        _listed,
        _merge_listed,
        _finish_listed,
        (Example(f"SELECT JSON_ARRAYAGG(v{nulls}) FROM {_ROWS}", example),),
        aliases=(f"JSON_ARRAYAGG_{'ABSENT' if absent else 'NULL'}_ON_NULL",),
        order_matters=True,
        ignores_nulls=False,
        null_if_empty=False,
    )


def _object(nulls: str, example: Any, *, absent: bool) -> Aggregate:
    return Aggregate(
        f"JSON_OBJECTAGG{nulls}",
        f"JSON_OBJECTAGG([KEY] key VALUE value{nulls})",
        "The values as a JSON object with sorted keys, each of which comes once; NULLs are written unless ABSENT.",
        _bind_object(absent=absent),
        _members,
        _merge_members,
        _finish_members,
        (Example(f"SELECT JSON_OBJECTAGG(KEY k VALUE v{nulls}) FROM {_ROWS}", example),),
        aliases=(f"JSON_OBJECTAGG_{'ABSENT' if absent else 'NULL'}_ON_NULL",),
        ignores_nulls=False,
        null_if_empty=False,
    )


AGGREGATES = (
    _array("", "[1]", absent=True),
    _array(" NULL ON NULL", "[1,null]", absent=False),
    _object("", '{"a":null,"b":1}', absent=False),
    _object(" ABSENT ON NULL", '{"b":1}', absent=True),
)
