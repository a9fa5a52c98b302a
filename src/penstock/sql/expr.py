"""Typed expressions: what the binder makes of the grammar's, and what `compile` turns into Polars.

An expression is a frozen value; equal expressions compare equal, which is how GROUP BY finds its keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Aggregate, Function

__all__ = [
    "AggregateCall",
    "Call",
    "Case",
    "Cast",
    "Expr",
    "Frame",
    "HashedOnce",
    "Literal",
    "Order",
    "OverCall",
    "OverWindow",
    "Ref",
    "refs",
    "rewrite",
    "walk",
]


class HashedOnce:
    """A frozen dataclass whose hash is computed once: rules look the same deep trees up again and again."""

    __slots__ = ("_hash",)

    _hash: int

    def __init_subclass__(cls) -> None:
        cls.__hash__ = HashedOnce.__hash__  # type: ignore[method-assign]  # else each dataclass makes its own

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            values = (getattr(self, f.name) for f in fields(self))  # type: ignore[arg-type]  # one, below here
            object.__setattr__(self, "_hash", hash((type(self), *values)))
            return self._hash


@dataclass(frozen=True, slots=True)
class Expr(HashedOnce):
    """An expression over the columns of one relation."""

    type: DataType

    @property
    def children(self) -> tuple[Expr, ...]:
        return ()


@dataclass(frozen=True, slots=True)
class Ref(Expr):
    """A column of the input, by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Literal(Expr):
    """A constant, as Python has it; None is NULL. Intervals are milliseconds or months."""

    value: Any


@dataclass(frozen=True, slots=True)
class Call(Expr):
    """A function of the table of functions; `clauses` are the words beside its arguments."""

    function: Function = field(repr=False)
    args: tuple[Expr, ...]
    clauses: tuple[tuple[str, Any], ...] = ()

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.args


@dataclass(frozen=True, slots=True)
class Cast(Expr):
    """CAST to `type`; where `safe` (TRY_CAST), what cannot be cast is NULL."""

    arg: Expr
    safe: bool = False

    @property
    def children(self) -> tuple[Expr, ...]:
        return (self.arg,)


@dataclass(frozen=True, slots=True)
class Case(Expr):
    """``CASE WHEN c THEN v ... ELSE otherwise END``; only the branch taken can fail."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr

    @property
    def children(self) -> tuple[Expr, ...]:
        return (*(part for branch in self.branches for part in branch), self.otherwise)


@dataclass(frozen=True, slots=True)
class AggregateCall(Expr):
    """An aggregate function over a group; stands in Aggregate nodes only."""

    function: Aggregate = field(repr=False)
    args: tuple[Expr, ...]
    distinct: bool = False
    filter: Expr | None = None

    @property
    def children(self) -> tuple[Expr, ...]:
        return self.args if self.filter is None else (*self.args, self.filter)


@dataclass(frozen=True, slots=True)
class Order:
    """One expression of an ORDER BY."""

    expr: Expr
    descending: bool
    nulls_first: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """The rows up to the current one that an OVER aggregate sees: of `preceding` rows or ms before, None for all.

    With `rows` they are counted; else they are told by their time, and rows of one time see each other.
    """

    rows: bool
    preceding: int | None = None


@dataclass(frozen=True, slots=True)
class OverWindow:
    """What stands in the brackets behind OVER."""

    partition: tuple[Expr, ...]
    order: tuple[Order, ...]
    frame: Frame


@dataclass(frozen=True, slots=True)
class OverCall(Expr):
    """``call OVER window``; stands in SELECT only, until the binder has made an OverAggregate of it."""

    call: AggregateCall
    window: OverWindow

    @property
    def children(self) -> tuple[Expr, ...]:
        return (*self.call.args, *self.window.partition, *(o.expr for o in self.window.order))


def walk(expr: Expr) -> Iterator[Expr]:
    """`expr` and everything below it."""
    yield expr
    for child in expr.children:
        yield from walk(child)


def refs(*exprs: Expr) -> set[str]:
    """The names of the columns that `exprs` read."""
    return {part.name for expr in exprs for part in walk(expr) if isinstance(part, Ref)}


def rewrite(expr: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """`expr` with every part for which `change` gives another replaced, from the top down."""
    changed = change(expr)
    if changed is not None:
        return changed
    match expr:
        case Call():
            return Call(expr.type, expr.function, tuple(rewrite(a, change) for a in expr.args), expr.clauses)
        case Cast():
            return Cast(expr.type, rewrite(expr.arg, change), expr.safe)
        case Case():
            branches = tuple((rewrite(c, change), rewrite(v, change)) for c, v in expr.branches)
            return Case(expr.type, branches, rewrite(expr.otherwise, change))
        case AggregateCall():
            condition = None if expr.filter is None else rewrite(expr.filter, change)
            args = tuple(rewrite(a, change) for a in expr.args)
            return AggregateCall(expr.type, expr.function, args, expr.distinct, condition)
        case OverCall():
            args = tuple(rewrite(a, change) for a in expr.call.args)
            window = OverWindow(
                tuple(rewrite(p, change) for p in expr.window.partition),
                tuple(replace(o, expr=rewrite(o.expr, change)) for o in expr.window.order),
                expr.window.frame,
            )
            return OverCall(expr.type, replace(expr.call, args=args), window)
    return expr
