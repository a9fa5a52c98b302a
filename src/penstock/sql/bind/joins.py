"""JOIN: both sides under names of their own, what is equal on both, and which kind of join that makes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlglot import exp

from penstock.core.errors import BindError, UnsupportedError
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.names import free_name
from penstock.sql.bind.scope import Reach, Scope
from penstock.sql.changelog import upsert_keys
from penstock.sql.expr import Ref, refs
from penstock.sql.join_terms import conjuncts, terms, together
from penstock.sql.plan import Column, Filter, IntervalJoin, Node, Project, TemporalJoin, without_window
from penstock.sql.rules.ranking import rank_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.sql.bind.scope import Origin
    from penstock.sql.expr import Expr
    from penstock.sql.join_terms import JoinTerms
    from penstock.sql.plan import JoinKind

__all__ = ["Joined", "join_words"]

_INTERVAL_HINT = (
    "bound the event times of both sides: ON l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL '1' HOUR AND r.ts; or look up"
    " a version: JOIN t FOR SYSTEM_TIME AS OF l.ts"
)
_KINDS: dict[str, JoinKind] = {"": "INNER", "LEFT": "LEFT", "RIGHT": "RIGHT", "FULL": "FULL"}


def join_words(join: exp.Expr) -> str:
    """``LEFT OUTER JOIN``, as it was written."""
    words = [str(join.args[k]) for k in ("method", "side", "kind") if join.args.get(k)]
    return " ".join([*words, "JOIN"])


@dataclass(frozen=True, slots=True)
class _Step:
    """One JOIN of a chain: what stands on its right, and its own condition."""

    join: exp.Expr
    right: Node
    kind: JoinKind
    conditions: tuple[Expr, ...]
    as_of: str
    """The left event time at which a version is looked up, or ""."""


class Joined:
    """A chain of joins, from left to right; `plan` decides for each what kind of join it is."""

    def __init__(self, origin: Origin, plan: Node, reach: tuple[Reach, ...]) -> None:
        self.origin = origin
        self.first = plan
        self.reach = reach
        self.steps: list[_Step] = []
        self._names = {r.column.name for r in reach}

    def add(self, join: exp.Expr, right: Node, reach: tuple[Reach, ...]) -> None:
        """One more JOIN; `reach` is how its right side's columns are named."""
        side = str(join.args.get("side") or "")
        if join.args.get("method") not in (None, "", "NATURAL") or join.args.get("kind") not in (
            *(None, "", "INNER", "OUTER", "CROSS"),
        ):
            raise self._unsupported(join, join_words(join))
        right, reach = self._renamed(right, reach)
        shared = self._shared(join, reach)
        version = join.this.args.get("version")
        before = self.reach
        self.reach = (*before, *reach)
        as_of = "" if version is None else self._time_of(version, before)
        conditions = [self._using(name, before, reach, join) for name in shared]
        if join.args.get("on") is not None:
            conditions += self._on(join.args["on"])
        elif not shared and join.args.get("kind") != "CROSS" and join.args.get("method") != "NATURAL":
            hint = f"{join_words(join)} ... ON l.k = r.k AND l.ts BETWEEN r.ts - INTERVAL '1' HOUR AND r.ts"
            raise self.origin.error(BindError, f"{join_words(join)} needs a condition", "sql-join", join, hint)
        kind = _KINDS[side]
        self.steps.append(_Step(join, right, kind, tuple(conditions), as_of))
        self._merge(shared, before, reach, kind)

    def _unsupported(self, place: exp.Expr, what: str, hint: str = _INTERVAL_HINT) -> Exception:
        return self.origin.error(UnsupportedError, f"{what} is not supported", "sql-unsupported", place, hint)

    def _renamed(self, right: Node, reach: tuple[Reach, ...]) -> tuple[Node, tuple[Reach, ...]]:
        """The right side with names that the left one does not have."""
        columns: list[Column] = []
        for column in right.columns:
            name = free_name(column.name, self._names)
            self._names.add(name)
            columns.append(replace(column, name=name))
        if tuple(columns) == right.columns:
            return right, reach
        inner = tuple(Ref(c.type, c.name) for c in right.columns)
        renamed = Project(tuple(columns), right, inner)
        return renamed, tuple(replace(r, column=c) for r, c in zip(reach, columns, strict=True))

    # -- conditions --------------------------------------------------------------------------------

    def _shared(self, join: exp.Expr, reach: tuple[Reach, ...]) -> list[str]:
        """The columns of USING, or those that NATURAL means."""
        if join.args.get("method") == "NATURAL":
            there = {r.name for r in reach}
            return [r.name for r in self.reach if not r.covered and r.name in there]
        return [node.name for node in join.args.get("using") or []]

    def _using(self, name: str, before: tuple[Reach, ...], reach: tuple[Reach, ...], join: exp.Expr) -> Expr:
        left, right = (Scope(self.origin, side).resolve((name,), join)[0] for side in (before, reach))
        scope = Scope.of(self.origin, (left, right))
        columns = (exp.Column(this=exp.to_identifier(c.name)) for c in (left, right))
        return ExpressionBinder(scope, place="in USING").bind(exp.EQ(this=next(columns), expression=next(columns)))

    def _on(self, node: exp.Expr) -> list[Expr]:
        scope = Scope(self.origin, self.reach)
        binder = ExpressionBinder(scope, place="in ON")
        condition = binder.bind_boolean(node, "the condition of ON")
        return conjuncts(condition)

    def _time_of(self, version: exp.Expr, before: tuple[Reach, ...]) -> str:
        """The left column of FOR SYSTEM_TIME AS OF."""
        place = version.expression
        bound = ExpressionBinder(Scope(self.origin, before), place="in FOR SYSTEM_TIME AS OF").bind(place)
        times = {r.column.name for r in before if r.column.is_time}
        if not isinstance(bound, Ref) or bound.name not in times:
            hint = "FOR SYSTEM_TIME AS OF l.ts, the column that the left table's WATERMARK FOR names"
            message = "FOR SYSTEM_TIME AS OF needs an event time of the left side"
            raise self.origin.error(UnsupportedError, message, "sql-temporal-join", place, hint)
        return bound.name

    def _merge(self, shared: list[str], before: tuple[Reach, ...], reach: tuple[Reach, ...], kind: JoinKind) -> None:
        """Of columns of USING one stands for both: that of the side which is never filled up."""
        if not shared:
            return
        if kind == "FULL":
            raise self._unsupported(
                self.steps[-1].join, "FULL JOIN with USING", "write ON l.k = r.k and COALESCE(l.k, r.k)"
            )
        kept = reach if kind == "RIGHT" else before
        merged = [next(r for r in kept if r.name == name and not r.covered) for name in shared]
        others = [replace(r, covered=r.covered or r.name in shared) for r in self.reach]
        self.reach = (*(replace(r, path=()) for r in merged), *others)

    # -- kinds -------------------------------------------------------------------------------------

    def plan(self, where: Expr | None) -> Node:
        """The joins, with what of WHERE belongs to them, under what is left of it."""
        rest = conjuncts(where)
        known = {c.name for c in self.first.columns}
        below: list[list[Expr]] = []
        for step in self.steps:
            known |= {c.name for c in step.right.columns}
            below.append([e for e in rest if refs(e) and refs(e) <= known] if step.kind == "INNER" else [])
            rest = [e for e in rest if e not in below[-1]]
        plan = self.first
        for step, more in zip(self.steps, below, strict=True):
            plan = self._joined(plan, step, [*step.conditions, *more])
        condition = together(rest)
        return plan if condition is None else Filter(plan.columns, plan, condition)

    def _joined(self, left: Node, step: _Step, conditions: Sequence[Expr]) -> Node:
        found = terms(conditions, left, step.right, timed=not step.as_of)
        right, rest = step.right, list(found.rest)
        # a condition on one side goes below the join, unless the rows of that side come out without it
        if step.kind in ("INNER", "RIGHT"):
            left = _filtered(left, found.left_only)
        else:
            rest += found.left_only
        if step.kind in ("INNER", "LEFT") and not step.as_of:
            right = _filtered(right, found.right_only)
        else:
            rest += found.right_only
        if step.as_of:
            return self._temporal(left, right, step, found, together(rest))
        bounds = found.bounds
        if bounds is None:
            what = "a join whose event times are not bounded on both sides"
            raise self._unsupported(step.join, what)
        if bounds.lower > bounds.upper:
            message = (
                f"no times fit these bounds: {bounds.left} - {bounds.right} in {bounds.lower} to {bounds.upper} ms"
            )
            raise self.origin.error(BindError, message, "sql-join", step.join, "swap the bounds of BETWEEN")
        columns = _columns(left, right, step.kind, both_times=True)
        keys, condition = found.keys, together(rest)
        return IntervalJoin(
            columns, left, right, step.kind, keys, bounds.left, bounds.right, bounds.lower, bounds.upper, condition
        )

    def _temporal(self, left: Node, right: Node, step: _Step, found: JoinTerms, condition: Expr | None) -> Node:
        place = step.join
        if step.kind not in ("INNER", "LEFT"):
            raise self._unsupported(place, f"{step.kind} JOIN with FOR SYSTEM_TIME AS OF", "JOIN and LEFT JOIN are")
        time = next((c.name for c in right.columns if c.is_time), None)
        keys = upsert_keys(rank_rows(right))
        if time is None or not keys:
            lacks = "a PRIMARY KEY" if time is not None else "an event time (WATERMARK FOR)"
            hint = (
                "a versioned table has both: an 'upsert-kafka' table with PRIMARY KEY and WATERMARK FOR, or a view of"
                " the last row of each key: ROW_NUMBER() OVER (PARTITION BY k ORDER BY ts DESC) = 1"
            )
            message = f"FOR SYSTEM_TIME AS OF needs versions, and the right side lacks {lacks}"
            raise self.origin.error(BindError, message, "sql-temporal-join", place, hint)
        compared = {e.name for e in found.keys.right if isinstance(e, Ref)}
        if not any(one <= compared for one in keys):
            names = min((sorted(one) for one in keys), key=lambda names: (len(names), names))
            key = ", ".join(names)
            message = f"the condition of this join must hold the right side's key equal to something: {key}"
            raise self.origin.error(BindError, message, "sql-temporal-join", place, f"ON ... = {key}")
        columns = _columns(left, right, step.kind, both_times=False)
        return TemporalJoin(columns, left, right, step.kind, found.keys, step.as_of, time, condition)


def _filtered(plan: Node, conditions: Sequence[Expr]) -> Node:
    condition = together(conditions)
    return plan if condition is None else Filter(plan.columns, plan, condition)


def _columns(left: Node, right: Node, kind: JoinKind, *, both_times: bool) -> tuple[Column, ...]:
    """The columns of both; those of a side that is filled up can be NULL. Windows end here."""
    here, there = without_window(left.columns), without_window(right.columns)
    if not both_times:
        there = tuple(replace(c, role="") if c.is_time else c for c in there)
    if kind in ("RIGHT", "FULL"):
        here = tuple(replace(c, type=c.type.with_nullable()) for c in here)
    if kind in ("LEFT", "FULL"):
        there = tuple(replace(c, type=c.type.with_nullable()) for c in there)
    return (*here, *there)
