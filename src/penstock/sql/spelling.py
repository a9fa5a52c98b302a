"""Expressions as text, for plans that people read."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from penstock.core.sql_text import literal
from penstock.sql.expr import AggregateCall, Call, Case, Cast, Literal, Ref

if TYPE_CHECKING:
    from penstock.sql.expr import Expr

__all__ = ["spelled"]


def spelled(expr: Expr) -> str:
    """An expression much as one would write it."""
    match expr:
        case Ref(name=name):
            return name
        case Literal(value=value):
            return _literal(value)
        case Call(function=function, args=args):
            return _call(function.name, [spelled(a) for a in args])
        case Cast(arg=arg, safe=safe):
            return f"{'TRY_CAST' if safe else 'CAST'}({spelled(arg)} AS {expr.type})"
        case Case(branches=branches, otherwise=otherwise):
            whens = " ".join(f"WHEN {spelled(c)} THEN {spelled(v)}" for c, v in branches)
            return f"CASE {whens} ELSE {spelled(otherwise)} END"
        case AggregateCall(function=function, args=args, distinct=distinct, filter=condition):
            inside = ("DISTINCT " if distinct else "") + (", ".join(spelled(a) for a in args) or "*")
            return f"{function.name}({inside})" + (f" FILTER (WHERE {spelled(condition)})" if condition else "")
    return str(expr)


def _literal(value: Any) -> str:
    match value:
        case None:
            return "NULL"
        case bool():
            return str(value).upper()
        case str():
            return literal(value)
        case dt.datetime():
            return f"TIMESTAMP '{value}'"
        case dt.date():
            return f"DATE '{value}'"
        case dt.time():
            return f"TIME '{value}'"
        case bytes():
            return f"X'{value.hex()}'"
    return str(value)


def _call(name: str, args: list[str]) -> str:
    if name in ("AND", "OR"):
        return "(" + f" {name} ".join(args) + ")"
    if name == "NOT":
        return f"NOT {args[0]}"
    if name == "IN":
        return f"{args[0]} IN ({', '.join(args[1:])})"
    if name == "[]":
        return f"{args[0]}[{args[1]}]"
    if name.startswith("IS ") and len(args) == 1:
        return f"{args[0]} {name}"
    if len(args) == 2 and not (name[0].isalpha() and name.replace("_", "").isalnum()):
        return f"({args[0]} {name} {args[1]})"
    return f"{name}({', '.join(args)})"
