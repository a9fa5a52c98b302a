"""Two projections on top of each other become one, where nothing is then computed twice."""

from __future__ import annotations

from penstock.sql.expr import Expr, Literal, Ref, rewrite, walk
from penstock.sql.plan import Node, Project
from penstock.sql.rules.tree import bottom_up

__all__ = ["merge_projects"]


def merge_projects(plan: Node) -> Node:
    """The plan with adjacent projections merged, and those that change nothing taken out."""
    return bottom_up(plan, _merge)


def _merge(node: Node) -> Node:
    if not isinstance(node, Project):
        return node
    inner = node.input
    if isinstance(inner, Project) and _cheap(node, inner):
        by_name = {c.name: e for c, e in zip(inner.columns, inner.exprs, strict=True)}
        exprs = tuple(
            rewrite(e, lambda part: by_name[part.name] if isinstance(part, Ref) else None) for e in node.exprs
        )
        return _merge(Project(node.columns, inner.input, exprs))
    same = len(node.columns) == len(inner.columns) and all(
        isinstance(e, Ref) and e.name == c.name == i.name
        for e, c, i in zip(node.exprs, node.columns, inner.columns, strict=True)
    )
    return inner if same and node.columns == inner.columns else node


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
