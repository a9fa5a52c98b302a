"""What a join's condition consists of: keys that are equal, bounds between event times, and the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from penstock.core import types as t
from penstock.sql.expr import Call, Cast, Expr, Literal, Ref, refs
from penstock.sql.functions import FUNCTIONS
from penstock.sql.plan import JoinKeys

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.sql.plan import Column, Node

__all__ = ["Bounds", "JoinTerms", "conjuncts", "terms", "together"]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The event times `left` - `right` lie in [`lower`, `upper`] ms."""

    left: str
    right: str
    lower: int
    upper: int


@dataclass(frozen=True, slots=True)
class JoinTerms:
    """A condition taken apart. `bounds` is None where the times are not bounded on both sides.

    `left_only` and `right_only` read one side alone; `rest` is what else must hold.
    """

    keys: JoinKeys
    bounds: Bounds | None
    left_only: tuple[Expr, ...]
    right_only: tuple[Expr, ...]
    rest: tuple[Expr, ...]


def conjuncts(condition: Expr | None) -> list[Expr]:
    """What all must hold for `condition` to."""
    if condition is None:
        return []
    if isinstance(condition, Call) and condition.function.name == "AND":
        return [part for arg in condition.args for part in conjuncts(arg)]
    return [condition]


def together(parts: Iterable[Expr]) -> Expr | None:
    """The condition that all of `parts` hold; None for none."""
    found: Expr | None = None
    for part in parts:
        if found is None:
            found = part
        else:
            kind = t.BOOLEAN.with_nullable(found.type.nullable or part.type.nullable)
            found = Call(kind, FUNCTIONS["AND"], (found, part))
    return found


def terms(parts: Iterable[Expr], left: Node, right: Node, *, timed: bool) -> JoinTerms:
    """The terms of a join of `left` and `right`, whose columns have different names; `timed`: bounds are looked for."""
    here, there = {c.name for c in left.columns}, {c.name for c in right.columns}
    keys: list[tuple[Expr, Expr, bool]] = []
    times: list[tuple[Expr, _Distance]] = []
    sides: tuple[list[Expr], list[Expr], list[Expr]] = ([], [], [])
    by_name = {c.name: c for c in (*left.columns, *right.columns)}
    for part in parts:
        read = refs(part)
        pair = _equal(part, here, there)
        distance = _distance(part, here, there, by_name) if timed else None
        if distance is not None:
            times.append((part, distance))
        elif pair is not None:
            keys.append(pair)
        else:
            sides[0 if read <= here else 1 if read <= there else 2].append(part)
    bounds = _bounds([d for _, d in times])
    rest = sides[2] if bounds is not None else [*sides[2], *(part for part, _ in times)]
    made = JoinKeys(tuple(k[0] for k in keys), tuple(k[1] for k in keys), tuple(k[2] for k in keys))
    return JoinTerms(made, bounds, tuple(sides[0]), tuple(sides[1]), tuple(rest))


def _equal(part: Expr, here: set[str], there: set[str]) -> tuple[Expr, Expr, bool] | None:
    if not isinstance(part, Call) or part.function.name not in ("=", "IS NOT DISTINCT FROM"):
        return None
    a, b = part.args
    safe = part.function.name != "="
    reads_a, reads_b = refs(a), refs(b)
    if not reads_a or not reads_b:
        return None
    if reads_a <= here and reads_b <= there:
        return a, b, safe
    if reads_b <= here and reads_a <= there:
        return b, a, safe
    return None


@dataclass(frozen=True, slots=True)
class _Distance:
    """What one comparison says about `left` - `right`, in ms."""

    left: str
    right: str
    lower: int | None
    upper: int | None


_FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "=": "="}


def _distance(part: Expr, here: set[str], there: set[str], by_name: dict[str, Column]) -> _Distance | None:
    if not isinstance(part, Call) or part.function.name not in _FLIPPED:
        return None
    a, b = (_shifted(arg, by_name) for arg in part.args)
    if a is None or b is None:
        return None
    sign = part.function.name
    if a[0] in there and b[0] in here:
        a, b, sign = b, a, _FLIPPED[sign]
    if a[0] not in here or b[0] not in there:
        return None
    apart = b[1] - a[1]
    lower = {">": apart + 1, ">=": apart, "=": apart}.get(sign)
    upper = {"<": apart - 1, "<=": apart, "=": apart}.get(sign)
    return _Distance(a[0], b[0], lower, upper)


def _shifted(expr: Expr, by_name: dict[str, Column]) -> tuple[str, int] | None:
    """An event time and the ms added to it."""
    match expr:
        case Ref(name=name):
            return (name, 0) if by_name[name].is_time else None
        case Cast(arg=arg) if arg.type.with_nullable() == expr.type.with_nullable():
            return _shifted(arg, by_name)
        case Call(function=function, args=(a, b)) if function.name in ("+", "-"):
            if function.name == "+" and isinstance(a, Literal):
                a, b = b, a
            found = _shifted(a, by_name)
            if found is None or not isinstance(b, Literal) or not isinstance(b.type, t.IntervalDay):
                return None
            return found[0], found[1] + (int(b.value) if function.name == "+" else -int(b.value))
    return None


def _bounds(found: list[_Distance]) -> Bounds | None:
    """One bound from below and one from above, between the same two columns."""
    lowers = [d.lower for d in found if d.lower is not None]
    uppers = [d.upper for d in found if d.upper is not None]
    if len(lowers) != 1 or len(uppers) != 1 or len({(d.left, d.right) for d in found}) != 1:
        return None
    return Bounds(found[0].left, found[0].right, lowers[0], uppers[0])
