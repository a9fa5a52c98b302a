"""``f(x) OVER (PARTITION BY ... ORDER BY ... ROWS ...)``: the call, its window, and the plan that computes it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.core import types as t
from penstock.core.errors import BindError, ParseError, SqlError, UnsupportedError, did_you_mean
from penstock.sql.expr import AggregateCall, Expr, Frame, Literal, Order, OverCall, OverWindow, Ref, rewrite, walk
from penstock.sql.functions import AGGREGATES, OVER_ONLY
from penstock.sql.functions.aggregates import of_sums
from penstock.sql.grammar.nodes import IntervalLiteral, Special
from penstock.sql.plan import Column, Node, OverAggregate, without_window

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.sql.bind.expressions import ExpressionBinder
    from penstock.sql.bind.scope import Origin
    from penstock.sql.functions.spec import Aggregate

__all__ = ["named_windows", "over_call", "with_over"]

Windows = dict[str, exp.Expr]

_FRAMES = "frames are ROWS n PRECEDING, RANGE INTERVAL '5' MINUTE PRECEDING, or UNBOUNDED PRECEDING"
_SAME = "compute the others in a view of their own, over this one"


def named_windows(query: exp.Select, origin: Origin) -> Windows:
    """The windows of a WINDOW clause, by name."""
    named: Windows = {}
    for window in query.args.get("windows") or []:
        if any(_bare(window) == _bare(other) for other in named.values()):
            message = f"the window '{window.this.name}' has been named before"
            raise origin.error(BindError, message, "sql-over", window, "use one name for it")
        named[window.this.name] = window
    return named


def _bare(window: exp.Expr) -> tuple[object, ...]:
    return tuple(window.args.get(part) for part in ("partition_by", "order", "spec", "alias"))


def over_call(binder: ExpressionBinder, node: exp.Window, windows: Mapping[str, exp.Expr]) -> OverCall:
    """What ``OVER`` means; `binder` binds what stands inside.

    Raises BindError or UnsupportedError with the place marked.
    """
    call = _called(binder, node)
    window = _Brackets(binder, windows).window(node, call.function)
    # to Flink a bounded frame may be empty
    nullable = call.type.nullable or (window.frame.preceding is not None and call.function.null_if_empty)
    result = call.type.with_nullable(nullable)
    return OverCall(result, replace(call, type=result), window)


def _called(binder: ExpressionBinder, node: exp.Window) -> AggregateCall:
    origin, called = binder.origin, node.this
    if isinstance(called, exp.Filter):
        hint = "make what does not count NULL: SUM(CASE WHEN ... THEN x END) OVER (...)"
        raise origin.error(BindError, "FILTER does not go with OVER", "sql-over", called, hint)
    if isinstance(called, (exp.IgnoreNulls, exp.RespectNulls)):
        hint = "FIRST_VALUE and LAST_VALUE pass over NULL"
        raise origin.error(UnsupportedError, "IGNORE NULLS and RESPECT NULLS are not supported", "sql-over", node, hint)
    name = str(called.name).upper()
    if isinstance(called, Special):
        raise origin.error(ParseError, f"{name} does not go with OVER", "sql-over", called)
    function = OVER_ONLY.get(name) or AGGREGATES.get(name)
    if function is None:
        binder.function(name, called)
        hint = "such as COUNT, SUM, LAG, ROW_NUMBER"
        raise origin.error(BindError, f"OVER belongs to an aggregate function, {name} is none", "sql-over", node, hint)
    call = binder.aggregate(function, called, called.expressions)
    computed = of_sums(function)
    if computed is not function and function.name != "AVG" and isinstance(call.type, t.Decimal):
        hint = "CAST it to DOUBLE"
        raise origin.error(UnsupportedError, f"{name} of DECIMAL with OVER is not supported", "sql-over", called, hint)
    return replace(call, function=computed)


class _Brackets:
    """Binds what stands behind OVER."""

    def __init__(self, binder: ExpressionBinder, windows: Mapping[str, exp.Expr]) -> None:
        self.binder = binder
        self.origin = binder.origin
        self.windows = windows

    def window(self, node: exp.Expr, function: Aggregate) -> OverWindow:
        """The window of a call of `function`."""
        written = [node, *self._bases(node)]
        partition: list[exp.Expr] = next((w.args["partition_by"] for w in written if w.args.get("partition_by")), [])
        order = next((w.args["order"] for w in written if w.args.get("order")), None)
        spec = next((w.args["spec"] for w in written if w.args.get("spec")), None)
        if function.over and spec is not None:
            raise self._error(f"{function.name} takes no ROWS or RANGE", spec if spec.meta else node)
        ordered = tuple(
            Order(self.binder.bind(o.this), bool(o.args.get("desc")), bool(o.args.get("nulls_first")))
            for o in (order.expressions if order is not None else [])
        )
        frame = Frame(function.over == "rows") if function.over or spec is None else self._frame(spec, node)
        return OverWindow(tuple(self.binder.bind(p) for p in partition), ordered, frame)

    def _bases(self, node: exp.Expr) -> list[exp.Expr]:
        """The named windows that `node` stands on."""
        alias = node.args.get("alias")
        if alias is None:
            return []
        base = self.windows.get(alias.name)
        if base is None:
            hint = did_you_mean(alias.name, self.windows) or "name it: WINDOW w AS (PARTITION BY ... ORDER BY ...)"
            raise self._error(f"there is no window '{alias.name}'", alias, hint)
        return [base, *self._bases(base)]

    def _frame(self, spec: exp.Expr, node: exp.Expr) -> Frame:
        rows = spec.args["kind"] == "ROWS"
        ends = spec.args.get("end") or "CURRENT ROW"
        if ends != "CURRENT ROW" or spec.args.get("start_side") != "PRECEDING":
            raise self.origin.error(
                UnsupportedError,
                "a frame that does not go from rows before up to the current row is not supported, nor by Flink",
                "sql-over",
                node,
                _FRAMES,
            )
        start = spec.args["start"]
        if start == "UNBOUNDED":
            return Frame(rows)
        return Frame(rows, self._rows(start, node) if rows else self._time(start, node))

    def _rows(self, start: exp.Expr, node: exp.Expr) -> int:
        bound = self.binder.bind(start) if isinstance(start, exp.Literal) else None
        if not isinstance(bound, Literal) or not isinstance(bound.type, t.Integer):
            raise self._error("ROWS takes a number of rows, 0 or more", node, _FRAMES)
        return int(bound.value)

    def _time(self, start: exp.Expr, node: exp.Expr) -> int:
        bound = self.binder.bind(start) if isinstance(start, IntervalLiteral) else None
        if not isinstance(bound, Literal) or not isinstance(bound.type, t.IntervalDay) or bound.value < 0:
            raise self._error("RANGE takes an interval of days, hours, minutes or seconds", node, _FRAMES)
        return int(bound.value)

    def _error(self, message: str, place: exp.Expr, hint: str = "") -> SqlError:
        return self.origin.error(BindError, message, "sql-over", place, hint)


def with_over(
    plan: Node, items: list[tuple[str, Expr, exp.Expr]], origin: Origin
) -> tuple[Node, list[tuple[str, Expr, exp.Expr]]]:
    """`plan` with the OVER aggregates of `items` (name, expression, place), and the items in terms of it.

    What Flink cannot compute is kept in the plan as its `refusal`: it may be part of a Top-N, which can.
    """
    calls: list[OverCall] = []
    places: list[exp.Expr] = []
    for _, expr, place in items:
        for part in walk(expr):
            if isinstance(part, OverCall) and part not in calls:
                calls.append(part)
                places.append(place)
    if not calls:
        return plan, items
    window = calls[0].window
    refusal = _refusal(plan, calls, places, origin)
    columns = tuple(Column(f"$over{i}", c.type) for i, c in enumerate(calls))
    below = without_window(plan.columns)
    over = OverAggregate(
        (*below, *columns),
        plan,
        window.partition,
        window.order,
        window.frame,
        tuple(c.call for c in calls),
        refusal,
    )

    def change(part: Expr) -> Expr | None:
        if isinstance(part, OverCall):
            return Ref(part.type, columns[calls.index(part)].name)
        return None

    return over, [(name, rewrite(expr, change), place) for name, expr, place in items]


def _refusal(plan: Node, calls: Sequence[OverCall], places: Sequence[exp.Expr], origin: Origin) -> SqlError | None:
    """Why Flink cannot compute the calls row by row; None where it can."""

    def refused(what: str, place: exp.Expr, hint: str) -> SqlError:
        return origin.error(UnsupportedError, what, "sql-over", place, hint)

    window = calls[0].window
    for call, place in zip(calls, places, strict=True):
        if call.window != window:
            return refused("different windows behind OVER in one SELECT are not supported, nor by Flink", place, _SAME)
    times = {c.name for c in plan.columns if c.is_time}
    ordered = [o.expr.name for o in window.order if isinstance(o.expr, Ref) and o.expr.name in times]
    if not ordered or len(window.order) > 1:
        hint = "ORDER BY the column that WATERMARK FOR names"
        return refused("OVER needs ORDER BY one event time, and nothing else", places[0], hint)
    if window.order[0].descending:
        return refused("OVER with ORDER BY ... DESC is not supported, nor by Flink", places[0], "time runs upwards")
    return None
