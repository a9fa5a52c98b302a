"""What the functions of time take: constants (patterns, zones), units of time, values of time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.sql.coercion import is_character
from penstock.sql.expr import Call, Literal, refs, walk
from penstock.sql.functions.signatures import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

__all__ = ["constant_text", "count", "is_time", "no_bare_null", "shown", "unit_of"]

_TIMES = (t.Date, t.Time, t.Timestamp, t.TimestampLtz)


def is_time(data_type: DataType) -> bool:
    """DATE, TIME, TIMESTAMP or TIMESTAMP_LTZ."""
    return isinstance(data_type, _TIMES)


def shown(args: Iterable[Expr]) -> str:
    """The types of the arguments, for a message."""
    return f"({', '.join(str(a.type) for a in args)})"


def count(args: tuple[Expr, ...], least: int, most: int, form: str) -> None:
    """Raises ArgumentError unless there are `least` to `most` arguments, none of them a bare NULL."""
    if not least <= len(args) <= most:
        raise ArgumentError(f"takes {form}, got {len(args)} argument{'s' if len(args) != 1 else ''}")
    no_bare_null(args)


def no_bare_null(args: tuple[Expr, ...]) -> None:
    """Raises ArgumentError for a NULL of no type, as Flink does."""
    if any(isinstance(a.type, t.Null) for a in args):
        raise ArgumentError("takes no bare NULL: CAST it to a type")


def constant_text(arg: Expr, what: str) -> Literal:
    """An argument that must be a constant text, as a literal; `what` names it in the error."""
    from penstock.sql.compile import compile_expr
    from penstock.sql.functions.spec import Context

    if not is_character(arg.type):
        raise ArgumentError(f"takes {what} as STRING, got {arg.type}")
    if isinstance(arg, Literal):
        return arg
    if refs(arg) or any(isinstance(p, Call) and not p.function.deterministic for p in walk(arg)):
        raise ArgumentError(f"takes {what} as a constant")
    return Literal(arg.type, pl.select(compile_expr(arg, Context()).expr).item())


def unit_of(unit: str, allowed: Iterable[str]) -> str:
    """The unit of time, if it is one of `allowed`. Raises ArgumentError."""
    if unit not in allowed:
        raise ArgumentError(f"knows no unit {unit} here, units are {', '.join(allowed)}")
    return unit
