"""SELECT ... GROUP BY ... HAVING: what is aggregated, by what, and what is made of it."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.core import types as t
from penstock.core.errors import BindError, UnsupportedError
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.names import free_name, projected
from penstock.sql.bind.over import named_windows, with_over
from penstock.sql.expr import AggregateCall, Call, Case, Expr, Literal, Ref, rewrite, walk
from penstock.sql.functions import FUNCTIONS
from penstock.sql.plan import SET_COLUMN, Aggregate, Column, Filter, Node, window_borders

if TYPE_CHECKING:
    from penstock.sql.bind.scope import Scope

__all__ = ["Grouping"]


class Grouping:
    """One SELECT over an input that FROM and WHERE have made."""

    def __init__(self, scope: Scope, input_plan: Node, query: exp.Select) -> None:
        self.scope = scope
        self.origin = scope.origin
        self.input = input_plan
        self.query = query
        windows = named_windows(query, scope.origin)
        alone = query.args.get("group") is None
        self.binder = ExpressionBinder(scope, aggregates=True, may_be_empty=alone, windows=windows)
        self.keys: list[Expr] = []
        self.sets: list[tuple[int, ...]] = []
        self.calls: list[AggregateCall] = []

    def select(self) -> Node:
        """The plan of the SELECT list, grouped where the query is."""
        items = self._items()
        having = self.query.args.get("having")
        condition = self._having(having) if having is not None else None
        group = self.query.args.get("group")
        distinct = self.query.args.get("distinct") is not None
        exprs = [e for _, e, _ in items] + ([condition] if condition is not None else [])
        grouped = group is not None or any(ExpressionBinder.has_aggregate(e) for e in exprs)
        if not grouped:
            self._require_no_grouping(items)
        if condition is not None and not grouped:
            raise self._error("HAVING without GROUP BY or an aggregate", "sql-having", having, "use WHERE")
        plan = self.input
        if grouped:
            if group is not None:
                self._group_by(group)
            self._require_slices(group)
            plan, items, condition = self._aggregated(items, condition, having)
        if condition is not None:
            plan = Filter(plan.columns, plan, condition)
        plan, items = with_over(plan, items, self.origin)
        plan = projected(plan, [(name, e) for name, e, _ in items])
        return self._distinct(plan) if distinct else plan

    def _having(self, having: exp.Expr) -> Expr:
        alone = self.query.args.get("group") is None
        binder = ExpressionBinder(self.scope, aggregates=True, may_be_empty=alone, place="in HAVING")
        return binder.bind_boolean(having.this, "the condition of HAVING")

    def _require_no_grouping(self, items: list[tuple[str, Expr, exp.Expr]]) -> None:
        for _, e, place in items:
            for part in walk(e):
                if isinstance(part, Call) and part.function.kind == "grouping":
                    hint = f"GROUP BY GROUPING SETS (...), then {part.function.syntax}"
                    raise self._error(f"{part.function.name} without GROUP BY", "sql-grouping", place, hint)

    def _error(self, message: str, code: str, place: exp.Expr | None, hint: str = "") -> Exception:
        return self.origin.error(BindError, message, code, place, hint)

    def _items(self) -> list[tuple[str, Expr, exp.Expr]]:
        """(name, expression, place) of each column of the result, stars spelled out."""
        items: list[tuple[str, Expr, exp.Expr]] = []
        for node in self.query.expressions:
            if isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star)):
                for name, e in self._star(node):
                    taken = {n for n, _, _ in items}
                    items.append((free_name(name, taken), e, node))
                continue
            inner = node.this if isinstance(node, exp.Alias) else node
            bound = self.binder.bind(inner)
            if isinstance(bound.type, t.Null):
                raise self._error("a bare NULL has no type", "sql-null", inner, "CAST(NULL AS INT)")
            items.append((self._name(node, bound, len(items)), bound, inner))
        return items

    def _star(self, node: exp.Expr) -> list[tuple[str, Expr]]:
        """What ``*``, ``table.*`` or ``row.*`` spells out."""
        parts = tuple(p.name for p in node.parts[:-1]) if isinstance(node, exp.Column) else ()
        reach = self.scope.columns
        rows = [r for r in reach if parts and r.name == parts[-1] and isinstance(r.column.type, t.Row)]
        if rows and not any(r.path and r.path[-1] == parts[-1] for r in reach):
            row = self.binder.bind_name(parts, node)
            assert isinstance(row.type, t.Row)
            return [(f.name, self.binder.field(row, f.name, node)) for f in row.type.fields]
        return [(r.name, Ref(r.column.type, r.column.name)) for r in self.scope.star(parts, node)]

    @staticmethod
    def _name(node: exp.Expr, _bound: Expr, position: int) -> str:
        if isinstance(node, exp.Alias):
            return str(node.alias)
        if isinstance(node, exp.Column):
            return str(node.name)
        if isinstance(node, exp.Dot):
            return str(node.expression.name)
        return f"EXPR${position}"

    def _borders(self) -> dict[int, Column] | None:
        """The keys that are borders of the window that is grouped by; None where that is all time."""
        borders = window_borders(self.input.columns, tuple(self.keys))
        return None if borders is None or any(i not in s for s in self.sets for i in borders) else borders

    def _require_slices(self, group: exp.Group | None) -> None:
        borders = self._borders()
        window = next(iter(borders.values())).window if borders else None
        if window is not None and window.size % window.slide:
            raise self._error(
                "an aggregate over HOP needs a size that is a multiple of its slide: "
                f"{window.size} ms and {window.slide} ms",
                "sql-window",
                group,
            )

    # -- GROUP BY ----------------------------------------------------------------------------------

    def _group_by(self, group: exp.Group) -> None:
        """Fill `keys` and `sets`: the cross product of the sets of each element, as SQL has it."""
        sets: list[tuple[int, ...]] = [()]
        for element in group.expressions:
            options = self._element_sets(element)
            sets = [(*s, *(i for i in o if i not in s)) for s in sets for o in options]
        self.sets = [tuple(sorted(s)) for s in sets]
        if len(self.sets) == 1 and len(self.sets[0]) == len(self.keys):
            self.sets = []

    def _element_sets(self, element: exp.Expr) -> list[tuple[int, ...]]:
        match element:
            case exp.GroupingSets():
                return [s for e in element.expressions for s in self._element_sets(e)]
            case exp.Rollup():
                parts = [self._key_tuple(e) for e in element.expressions]
                return [tuple(i for p in parts[:n] for i in p) for n in range(len(parts), -1, -1)]
            case exp.Cube():
                parts = [self._key_tuple(e) for e in element.expressions]
                chosen = [c for n in range(len(parts), -1, -1) for c in combinations(parts, n)]
                return [tuple(i for p in c for i in p) for c in chosen]
            case _:
                return [self._key_tuple(element)]

    def _key_tuple(self, node: exp.Expr) -> tuple[int, ...]:
        if isinstance(node, exp.Tuple):
            return tuple(self._key(e) for e in node.expressions)
        if isinstance(node, exp.Paren):
            return self._key_tuple(node.this)
        return (self._key(node),)

    def _key(self, node: exp.Expr) -> int:
        bound = ExpressionBinder(self.scope, place="in GROUP BY").bind(node)
        if bound not in self.keys:
            self.keys.append(bound)
        return self.keys.index(bound)

    # -- what the aggregate gives ------------------------------------------------------------------

    def _aggregated(
        self, items: list[tuple[str, Expr, exp.Expr]], condition: Expr | None, having: exp.Expr | None
    ) -> tuple[Node, list[tuple[str, Expr, exp.Expr]], Expr | None]:
        by_name = {c.name: c for c in self.input.columns}
        windowed = self._borders() is not None
        key_columns = []
        for i, key in enumerate(self.keys):
            name = key.name if isinstance(key, Ref) else f"$key{i}"
            source = by_name.get(key.name) if isinstance(key, Ref) else None
            # a key that some set leaves out may be NULL
            nullable = key.type.nullable or any(i not in s for s in self.sets)
            role, window = (source.role, source.window) if source and windowed else ("", None)
            key_columns.append(Column(name, key.type.with_nullable(nullable), role, window))
        rewritten = [(n, self._over_groups(e, key_columns, place), place) for n, e, place in items]
        if condition is not None and having is not None:
            condition = self._over_groups(condition, key_columns, having.this)
        self._require_mergeable()
        columns = [*key_columns, *(Column(f"$agg{i}", c.type) for i, c in enumerate(self.calls))]
        if self.sets:
            columns.append(Column(SET_COLUMN, t.INT.with_nullable(False)))
        plan = Aggregate(tuple(columns), self.input, tuple(self.keys), tuple(self.calls), tuple(self.sets))
        return plan, rewritten, condition

    def _require_mergeable(self) -> None:
        """Raise where Flink has no way to put the slices of overlapping windows together."""
        borders = window_borders(self.input.columns, tuple(self.keys)) or {}
        kind = next((c.window.kind for c in borders.values() if c.window is not None), "TUMBLE")
        for call in self.calls:
            name = call.function.name
            if kind != "TUMBLE" and name in ("FIRST_VALUE", "LAST_VALUE"):
                hint = "over TUMBLE it is; or MIN and MAX of the time"
                raise self._refused(f"{name} over {kind}", hint)
            if kind == "HOP" and name == "SUM" and call.distinct:
                raise self._refused("SUM(DISTINCT ...) over HOP", "over TUMBLE and CUMULATE it is")
            if call.distinct and any(isinstance(a.type, (t.Row, t.Binary, t.Varbinary)) for a in call.args):
                raise self._refused(f"{name}(DISTINCT ...) of {call.args[0].type.name}", "CAST it to STRING")

    def _refused(self, what: str, hint: str) -> Exception:
        return self.origin.error(
            UnsupportedError, f"{what} is not supported, nor by Flink", "sql-aggregate", self.query, hint
        )

    def _over_groups(self, expr: Expr, key_columns: list[Column], place: exp.Expr) -> Expr:
        """`expr` in terms of the aggregate's result."""

        def change(part: Expr) -> Expr | None:
            if part in self.keys:
                column = key_columns[self.keys.index(part)]
                return Ref(column.type, column.name)
            if isinstance(part, AggregateCall):
                if part not in self.calls:
                    self.calls.append(part)
                return Ref(part.type, f"$agg{self.calls.index(part)}")
            if isinstance(part, Call) and part.function.name in ("GROUPING", "GROUPING_ID", "GROUP_ID"):
                return self._grouping(part, place)
            return None

        changed = rewrite(expr, change)
        known = {c.name for c in key_columns} | {f"$agg{i}" for i in range(len(self.calls))} | {SET_COLUMN}
        for part in walk(changed):
            if isinstance(part, Ref) and part.name not in known:
                raise self._error(
                    f"column '{part.name}' is neither grouped nor aggregated",
                    "sql-not-grouped",
                    place,
                    f"add it to GROUP BY, or aggregate it: MAX({part.name})",
                )
        return changed

    def _grouping(self, call: Call, place: exp.Expr) -> Expr:
        """GROUPING(a, b): a bit per argument, 1 where the set leaves it out."""
        sets = self.sets or [tuple(range(len(self.keys)))]
        positions = []
        for arg in call.args:
            if arg not in self.keys:
                raise self._error(f"{call.function.name} takes columns of GROUP BY", "sql-grouping", place)
            positions.append(self.keys.index(arg))
        values = []
        for s in sets:
            bits = "".join("0" if p in s else "1" for p in positions)
            values.append(Literal(call.type, int(bits, 2) if bits else 0))
        if not self.sets:
            return values[0]
        number = Ref(t.INT.with_nullable(False), SET_COLUMN)
        equals = FUNCTIONS["="]
        branches = tuple(
            (Call(t.BOOLEAN.with_nullable(False), equals, (number, Literal(t.INT.with_nullable(False), i))), v)
            for i, v in enumerate(values[:-1])
        )
        return Case(call.type, branches, values[-1]) if branches else values[-1]

    def _distinct(self, plan: Node) -> Node:
        """SELECT DISTINCT is a GROUP BY of all columns without aggregates."""
        keys = tuple(Ref(c.type, c.name) for c in plan.columns)
        columns = plan.columns
        if window_borders(columns, keys) is None:
            columns = tuple(replace(c, role="", window=None) for c in columns)
        return Aggregate(columns, plan, keys, ())
