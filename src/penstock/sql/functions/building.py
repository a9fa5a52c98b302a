"""How most functions are built: a Polars expression over the expressions of the arguments."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.sql.functions.spec import Example, Failure, Function, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Build, Context

__all__ = [
    "any_null",
    "checked",
    "columnwise",
    "define",
    "not_null_broken",
    "once",
    "staged",
    "utf16_cut",
    "utf16_units",
]

_ASTRAL = r"[\x{10000}-\x{10FFFF}]"
_SECOND_HALF = "\uffff"


def columnwise(expression: Callable[..., pl.Expr]) -> Build:
    """A function that is nothing but `expression` of its arguments."""

    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        return expression(*(a.expr for a in args))

    return build


def staged(function: Callable[[pl.DataFrame], pl.Series], data_type: pl.DataType, *exprs: pl.Expr) -> pl.Expr:
    """What `function` makes of a frame of `exprs`, whose columns are named "0", "1", ...; as many rows out as in.

    For what takes many steps over the same values: a plain expression would compute them anew for each use.
    """
    columns = pl.struct(e.alias(str(i)) for i, e in enumerate(exprs))
    return columns.map_batches(
        lambda values: function(values.struct.unnest()), return_dtype=data_type, is_elementwise=True
    )


def once(build: Build) -> Build:
    """`build`, but each argument is computed once, however often the expression names it.

    Polars computes an expression anew wherever it stands: calls inside of calls would double at each level.
    """

    def built(context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any]) -> pl.Expr | Value:
        inner = {f"$argument{i}": a.expr for i, a in enumerate(args) if not _is_leaf(a)}
        named = [replace(a, expr=pl.col(name)) if (name := f"$argument{i}") in inner else a for i, a in enumerate(args)]
        value = build(context, named, result, clauses)
        value = value if isinstance(value, Value) else Value(value, result)
        expressions = [value.expr, *(f.when for f in value.failures)]
        if all(count == 1 for e in expressions for count in Counter(_named(e, inner)).values()):
            return build(context, args, result, clauses)
        failures = tuple(
            replace(
                f,
                when=_outside(f.when, inner, pl.Boolean()),
                shown=None if f.shown is None else _outside(f.shown, inner, pl.String()),
            )
            for f in value.failures
        )
        return Value(_outside(value.expr, inner, result.polars), result, failures)

    return built


def _outside(expr: pl.Expr, inner: Mapping[str, pl.Expr], data_type: pl.DataType) -> pl.Expr:
    """`expr` over columns that have been computed before: those of `inner` that it names, and its own."""
    roots = dict.fromkeys(expr.meta.root_names())
    if not any(name in inner for name in roots):
        return expr
    columns = pl.struct(inner[name].alias(name) if name in inner else pl.col(name) for name in roots)
    return columns.map_batches(
        lambda values: values.struct.unnest().select(expr).to_series(), return_dtype=data_type, is_elementwise=True
    )


def _is_leaf(value: Value) -> bool:
    return value.is_constant or value.expr.meta.is_column() or value.expr.meta.is_literal()


def _named(expr: pl.Expr, names: Mapping[str, pl.Expr]) -> list[str]:
    return [name for name in expr.meta.root_names() if name in names]


def any_null(*exprs: pl.Expr) -> pl.Expr:
    """Where one of `exprs` is NULL."""
    return pl.any_horizontal(e.is_null() for e in exprs)


def checked(bind: Bind, check: Callable[[tuple[Expr, ...], Mapping[str, Any]], None]) -> Bind:
    """`bind`, and then `check` of the bound arguments and clauses, which raises ArgumentError."""

    def bound(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        result = bind(args, clauses)
        check(result[0], clauses)
        return result

    return bound


def not_null_broken(expr: pl.Expr, args: Sequence[Value], result: DataType, name: str) -> Value:
    """`expr`, which may be NULL although none of `args` is.

    Flink calls its type NOT NULL all the same and fails the job when such a row is written.
    """
    if result.nullable:
        return Value(expr, result)
    broken = expr.is_null() & ~any_null(*(a.expr for a in args))
    return Value(expr, result, (Failure(broken, "not-null", f"{name} has no value here, and its type is NOT NULL"),))


def utf16_units(text: pl.Expr) -> pl.Expr:
    """`text` with one character per UTF-16 unit, as Java counts: characters beyond U+FFFF get a second one."""
    return text.str.replace_all(f"({_ASTRAL})", "${1}" + _SECOND_HALF)


def utf16_cut(units: pl.Expr, offset: pl.Expr, length: pl.Expr) -> pl.Expr:
    """`length` units from `offset` of what `utf16_units` gave, as text; half a character becomes ``?``, as in Flink."""
    cut = units.str.slice(offset, length)
    whole = cut.str.replace(_ASTRAL + r"\z", "?").str.replace(r"\A" + _SECOND_HALF, "?")
    return whole.str.replace_all(_SECOND_HALF, "", literal=True)


def define(
    name: str,
    kind: str,
    syntax: str,
    text: str,
    bind: Bind,
    build: Build,
    *examples: tuple[str, Any],
    aliases: Sequence[str] = (),
    lazy: bool = False,
) -> Function:
    """A function of the table, its examples as pairs of SQL and result."""
    shown = tuple(Example(sql, result) for sql, result in examples)
    return Function(name, kind, syntax, text, bind, once(build), shown, tuple(aliases), lazy=lazy)
