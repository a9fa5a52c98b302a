"""What the rows of a plan can do to rows before them, and by which columns, as Flink's planner derives it.

A relation is *append-only* where each row is one more (+I), else *updating*: its rows are changes of a table (+I, -U,
+U, -D), and a -U or -D is always the row that it takes back, as it was given. An *upsert key* is a set of columns of
which no two rows of that table have the same values: all changes of a row carry the same key, in order.
"""

from __future__ import annotations

from enum import Flag, auto
from functools import lru_cache
from itertools import product
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.core.errors import UnsupportedError
from penstock.sql.expr import Cast, Expr, Ref
from penstock.sql.plan import (
    Aggregate,
    Filter,
    FirstRows,
    IntervalJoin,
    Limit,
    Node,
    Normalize,
    OverAggregate,
    Project,
    Scan,
    Sink,
    Sinks,
    TemporalJoin,
    TopN,
    Union,
    Values,
    WindowAggregate,
    WindowTable,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    from penstock.core.types import DataType
    from penstock.sql.catalog import Table

__all__ = [
    "Changes",
    "changes",
    "changes_text",
    "is_keyed_by",
    "is_table_of_changes",
    "require_runnable",
    "updating",
    "upsert_keys",
]

_UPSERTS = ("upsert-kafka",)
"""Connectors whose records each replace the row of their key."""


class Changes(Flag):
    """What may come beside +I."""

    NONE = 0
    UPDATES = auto()
    DELETES = auto()


_ALL = Changes.UPDATES | Changes.DELETES


def is_table_of_changes(table: Table) -> bool:
    """Whether reading `table` gives changes of rows rather than rows."""
    return table.connector in _UPSERTS


@lru_cache(maxsize=4096)
def changes(node: Node) -> Changes:
    """What may come beside +I in the rows of `node`."""
    match node:
        case Normalize():
            return _ALL
        case Scan() | Values() | WindowTable() | WindowAggregate() | OverAggregate() | FirstRows():
            return Changes.NONE
        case TopN():
            return Changes.UPDATES if node.numbered or node.last == 1 else Changes.DELETES
        case IntervalJoin() | TemporalJoin():
            return Changes.NONE
        case Aggregate(input=below):  # to Flink without calls too, though keys alone never change
            return _ALL if updating(below) else Changes.UPDATES
        case Project() | Filter() | Limit() | Union() | Sink() | Sinks():
            found = Changes.NONE
            for below in node.inputs:
                found |= changes(below)
            # of an update whose one half passes, a filter leaves an insert or a delete
            return found | Changes.DELETES if isinstance(node, Filter) and found & Changes.UPDATES else found
    raise TypeError(f"what {type(node).__name__} does to a changelog is not known")


def updating(node: Node) -> bool:
    """Whether rows of `node` may change rows before them."""
    return changes(node) is not Changes.NONE


@lru_cache(maxsize=4096)
def upsert_keys(node: Node) -> frozenset[frozenset[str]]:
    """The sets of columns of which no two rows of the table that `node` gives have the same values.

    An empty set of columns: there is one row at most.
    """
    match node:
        case Normalize(key=key):
            return frozenset({frozenset(key)})
        case Aggregate(keys=keys, sets=sets):
            names = [c.name for c in node.columns[: len(keys)]] + ([node.columns[-1].name] if sets else [])
            return frozenset({frozenset(names)})
        case WindowAggregate(keys=keys, borders=borders, calls=calls):
            width = len(keys) + len(calls)
            names = [c.name for c in (*node.columns[: len(keys)], *node.columns[width:])]
            return frozenset({frozenset(names)}) if borders else frozenset()
        case TopN(partition=partition) | FirstRows(partition=partition):
            names = [e.name for e in partition if isinstance(e, Ref)]
            single = node.first == node.last
            if len(names) < len(partition) or not (single or node.numbered):
                return frozenset()
            return frozenset({frozenset(names if single else [*names, node.columns[-1].name])})
        case Filter(input=below) | Limit(input=below) | Sink(input=below):
            return upsert_keys(below)
        case Project(input=below, exprs=exprs):
            passed: dict[str, list[str]] = {}
            for column, expr in zip(node.columns, exprs, strict=True):
                if (name := _passed(expr)) is not None:
                    passed.setdefault(name, []).append(column.name)
            keys_below = [k for k in upsert_keys(below) if k <= passed.keys()]
            return frozenset(frozenset(names) for k in keys_below for names in product(*(passed[n] for n in sorted(k))))
    return frozenset()


def _passed(expr: Expr) -> str | None:
    """The column that `expr` passes on so that different values stay different."""
    match expr:
        case Ref(name=name):
            return name
        case Cast(arg=Ref(type=given, name=name), type=wanted) if _widens(given, wanted):
            return name
    return None


def _widens(given: DataType, wanted: DataType) -> bool:
    if given.with_nullable() == wanted.with_nullable():
        return True
    match given, wanted:
        case t.Integer(bits=n), t.Integer(bits=m):
            return n <= m
        case ((t.Char(length=n) | t.Varchar(length=n)), t.Varchar(length=m)):
            return n <= m
    return False


def is_keyed_by(node: Node, key: Collection[str]) -> bool:
    """Whether changes of rows with different values of `key` are changes of different rows."""
    return any(found <= frozenset(key) for found in upsert_keys(node))


def changes_text(node: Node) -> str:
    """``-U +U -D by item``; "" for what is append-only."""
    found = changes(node)
    if not found:
        return ""
    kinds = ["+I"]
    kinds += ["-U", "+U"] if Changes.UPDATES in found else []
    kinds += ["-D"] if Changes.DELETES in found else []
    key = min((sorted(k) for k in upsert_keys(node)), key=lambda k: (len(k), k), default=None)
    by = "" if key is None else " by " + (", ".join(key) if key else "nothing: it is one row")
    return " ".join(kinds) + by


_NEEDS_ROWS: dict[type[Node], tuple[str, str]] = {
    WindowTable: ("a window", "build windows over the rows before they are aggregated"),
    WindowAggregate: ("a window", "build windows over the rows before they are aggregated"),
    TopN: ("ROW_NUMBER", "number the rows before they are aggregated, or aggregate over windows"),
    FirstRows: ("ROW_NUMBER", "number the rows before they are aggregated, or aggregate over windows"),
    OverAggregate: ("OVER", "compute it over the rows before they are aggregated"),
    IntervalJoin: ("an interval join", "join the rows before they are aggregated"),
    Limit: ("LIMIT", "ask for the rows by a condition, or sort what is stored: penstock query"),
}


def require_runnable(plan: Node) -> None:
    """Raise UnsupportedError where what needs rows that never change is given others."""
    for below in plan.inputs:
        require_runnable(below)
        if updating(below):
            what, hint = _NEEDS_ROWS.get(type(plan)) or _remembers(plan)
            if what:
                raise UnsupportedError(
                    f"{what} over rows that change ({changes_text(below)}) is not supported",
                    code="sql-updating-input",
                    hint=hint,
                )


def _remembers(plan: Node) -> tuple[str, str]:
    """What in `plan` depends on the order in which rows came, of which some may be taken back."""
    for call in plan.calls if isinstance(plan, Aggregate) else ():
        if call.function.order_matters:
            return call.function.name, "MIN and MAX, or COLLECT, do not depend on the order of rows"
    return "", ""
