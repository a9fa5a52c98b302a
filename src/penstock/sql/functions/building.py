"""How most functions are built: a Polars expression over the expressions of the arguments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.sql.functions.spec import Example, Failure, Function, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Build, Context

__all__ = ["any_null", "checked", "columnwise", "define", "not_null_broken", "staged", "utf16_cut", "utf16_units"]

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
    return Function(name, kind, syntax, text, bind, build, shown, tuple(aliases), lazy=lazy)
