"""Constant texts that grow by a change of case are cut to their type's length: Flink computes them when it plans."""

from __future__ import annotations

from dataclasses import replace

from penstock.core import types as t
from penstock.sql.expr import AggregateCall, Call, Expr, Literal, Ref, rewrite, walk
from penstock.sql.functions import FUNCTIONS
from penstock.sql.plan import Filter, Node, Project
from penstock.sql.rules.tree import bottom_up

__all__ = ["cut_constants"]

_MAY_GROW = ("UPPER", "LOWER", "INITCAP")


def cut_constants(plan: Node) -> Node:
    """The plan in which UPPER('straße'), of type CHAR(6), is 'STRASS'."""
    return bottom_up(plan, _cut)


def _cut(node: Node) -> Node:
    match node:
        case Project():
            return replace(node, exprs=tuple(rewrite(e, _whole) for e in node.exprs))
        case Filter():
            return replace(node, condition=rewrite(node.condition, _whole))
    return node


def _whole(expr: Expr) -> Expr | None:
    """A constant expression that is no part of another; None to look inside."""
    if any(isinstance(part, (Ref, AggregateCall)) for part in walk(expr)):
        return None
    grows = any(isinstance(part, Call) and part.function.name in _MAY_GROW for part in walk(expr))
    if not grows or not isinstance(expr.type, (t.Char, t.Varchar)) or expr.type.length == t.MAX_LENGTH:
        return expr
    return Call(expr.type, FUNCTIONS["LEFT"], (expr, Literal(t.INT.with_nullable(False), expr.type.length)))
