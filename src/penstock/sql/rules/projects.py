"""Two projections on top of each other become one, where nothing is then computed twice."""

from __future__ import annotations

from penstock.sql.expr import Expr, Literal, Ref, rewrite, walk
from penstock.sql.plan import Node, Project, shared_nodes
from penstock.sql.rules.tree import with_inputs

__all__ = ["merge_projects"]


def merge_projects(plan: Node) -> Node:
    """The plan with adjacent projections merged, and those that change nothing taken out.

    One that several others stand on stays, so that it is computed once.
    """
    return _merged(plan, shared_nodes(plan))


def _merged(node: Node, shared: set[Node]) -> Node:
    inner = node.inputs[0] if isinstance(node, Project) else None
    if isinstance(node, Project) and isinstance(inner, Project) and inner not in shared and _cheap(node, inner):
        by_name = {c.name: e for c, e in zip(inner.columns, inner.exprs, strict=True)}
        exprs = tuple(
            rewrite(e, lambda part: by_name[part.name] if isinstance(part, Ref) else None) for e in node.exprs
        )
        return _merged(Project(node.columns, inner.input, exprs), shared)
    rebuilt = with_inputs(node, tuple(_merged(i, shared) for i in node.inputs))
    return rebuilt.input if isinstance(rebuilt, Project) and _changes_nothing(rebuilt) else rebuilt


def _changes_nothing(node: Project) -> bool:
    return node.columns == node.input.columns and all(
        isinstance(e, Ref) and e.name == c.name for e, c in zip(node.exprs, node.columns, strict=True)
    )


def _cheap(outer: Project, inner: Project) -> bool:
    """Whether each computed column of `inner` is used at most once."""
    uses: dict[str, int] = {}
    for expr in outer.exprs:
        for part in walk(expr):
            if isinstance(part, Ref):
                uses[part.name] = uses.get(part.name, 0) + 1
    return all(_plain(e) or uses.get(c.name, 0) <= 1 for c, e in zip(inner.columns, inner.exprs, strict=True))


def _plain(expr: Expr) -> bool:
    return isinstance(expr, (Ref, Literal))
