"""Expressions as values."""

from __future__ import annotations

from penstock.core import types as t
from penstock.sql.expr import Case, Expr, Literal, Ref


def _doubled(times: int) -> Expr:
    """A tree whose two halves are one object, as often nested: written out it has 2^times leaves."""
    expr: Expr = Ref(t.INT, "x")
    for _ in range(times):
        expr = Case(t.INT, ((Literal(t.BOOLEAN, value=True), expr),), expr)
    return expr


def test_the_hash_of_a_deep_tree_takes_one_look_at_each_of_its_parts() -> None:
    assert isinstance(hash(_doubled(60)), int)


def test_expressions_built_apart_are_found_by_each_other() -> None:
    names = {_doubled(3): "deep", Ref(t.INT, "x"): "leaf"}
    assert names[_doubled(3)] == "deep"
    assert names[Ref(t.INT, "x")] == "leaf"
    assert _doubled(2) not in names
    assert Ref(t.BIGINT, "x") not in names
