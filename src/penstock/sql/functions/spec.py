"""What a function is: its name, signatures, result type, Polars expression and an example that is a test.

A function is a value in one table (`penstock.sql.functions.FUNCTIONS`); nothing else knows its name. It is
built in columns: `build` gets the compiled arguments and gives a Polars expression. Nothing may raise while
it runs: where Flink would fail the job, the value carries a `Failure`, and the engine decides what becomes
of those rows.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol

from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from penstock.core.clock import Clock
    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

    Spans = tuple[NDArray[np.int64], NDArray[np.int64]]

__all__ = ["NOT_CONSTANT", "Aggregate", "Context", "Example", "Failure", "Function", "Refused", "Value"]

NOT_CONSTANT = object()


@dataclass(frozen=True, slots=True)
class Failure:
    """Rows on which Flink would fail the job.

    `when` is a boolean expression (NULL counts as false); `shown`, a String expression, is the value that
    could not be used, for the message. `expression` is what fails, as one would write it.
    """

    when: pl.Expr
    code: str
    message: str
    shown: pl.Expr | None = None
    expression: str = ""

    def guarded(self, condition: pl.Expr) -> Failure:
        """The same, only where `condition` holds."""
        return replace(self, when=self.when & condition)


@dataclass(frozen=True, slots=True)
class Value:
    """A compiled expression: what it computes, its type, and where it would fail.

    `constant` is the Python value of a literal, else NOT_CONSTANT.
    """

    expr: pl.Expr
    type: DataType
    failures: tuple[Failure, ...] = ()
    constant: Any = NOT_CONSTANT

    @property
    def is_constant(self) -> bool:
        return self.constant is not NOT_CONSTANT


@dataclass(frozen=True, slots=True)
class Context:
    """What an expression may depend on beside its columns.

    `zone` is the session's time zone; `clock` is read whenever an expression with the time of day in it
    (NOW, CURRENT_DATE) is evaluated, not when it is compiled.
    """

    zone: str = "UTC"
    database: str = "default_database"
    clock: Clock = field(default_factory=SystemClock, compare=False)


class Build(Protocol):
    """Make the Polars expression of a call.

    `args` are compiled and already cast to what `bind` asked for; `result` is the type of the call;
    `clauses` are the words beside the arguments. Failures of the arguments are carried on by the caller;
    return a Value to add failures, else a plain expression.
    """

    def __call__(
        self, context: Context, args: Sequence[Value], result: DataType, clauses: Mapping[str, Any], /
    ) -> pl.Expr | Value: ...


class Bind(Protocol):
    """Check the arguments of a call and decide their types.

    Gives the arguments, with casts put in where Flink coerces, and the type of the result. Raises
    `ArgumentError` (see signatures) with what was allowed.
    """

    def __call__(self, args: tuple[Expr, ...], clauses: Mapping[str, Any], /) -> tuple[tuple[Expr, ...], DataType]: ...


@dataclass(frozen=True, slots=True)
class Example:
    """A call and what Flink answers, as its changelog prints the value; tested here and on a real Flink."""

    sql: str
    result: Any


@dataclass(frozen=True, slots=True)
class Function:
    """A scalar function.

    `syntax` is its documented form; `kind` groups it in the documentation; `deterministic` is False where
    the same input may give another answer (NOW, RAND); `lazy` functions guard their arguments' failures
    themselves (CASE-like).
    """

    name: str
    kind: str
    syntax: str
    text: str
    bind: Bind = field(repr=False, compare=False)
    build: Build = field(repr=False, compare=False)
    examples: tuple[Example, ...] = field(default=(), compare=False)
    aliases: tuple[str, ...] = ()
    deterministic: bool = True
    lazy: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate function, as slices need it: partial results that merge.

    `bind` as in Function. For a group of rows, `partial` gives the state columns (name suffix -> expression
    over `args`, evaluated inside a group_by, rows in order); `merge` combines the states of several slices,
    given in order (expressions over columns of those names); `finish` makes the result of a state, outside
    any grouping. The types of state columns depend on the types of the arguments alone. What `merge` and
    `finish` must know of constant arguments is state too: arguments reach `partial` as columns.
    """

    name: str
    syntax: str
    text: str
    bind: Bind = field(repr=False, compare=False)
    partial: Callable[[Sequence[Value], DataType], Mapping[str, pl.Expr]] = field(repr=False, compare=False)
    merge: Callable[[Mapping[str, pl.Expr], DataType], Mapping[str, pl.Expr]] = field(repr=False, compare=False)
    finish: Callable[[Mapping[str, pl.Expr], DataType], pl.Expr | Value] = field(repr=False, compare=False)
    examples: tuple[Example, ...] = field(default=(), compare=False)
    aliases: tuple[str, ...] = ()
    distinct_matters: bool = True
    """False for MIN and MAX: DISTINCT changes nothing."""
    distinct: Callable[[Sequence[Value], DataType], Mapping[str, pl.Expr]] | None = field(
        default=None, repr=False, compare=False
    )
    """The state of the distinct values of one argument over rows with repeats, if there is a faster way than
    `partial` of the unique ones."""
    signed: Callable[[Sequence[Value], pl.Expr, DataType], Mapping[str, pl.Expr]] | None = field(
        default=None, repr=False, compare=False
    )
    """As `partial`, over rows of which some are taken back: the expression is 1 for a row that comes, -1 for one that
    goes. None where what was counted in cannot be counted out."""
    picks: bool = False
    """Whether the result is one of the values (state `v`): it stays as it is where another one goes."""
    order_matters: bool = False
    """Whether the result depends on the order in which rows come."""
    ignores_nulls: bool = True
    """Whether a NULL argument counts for nothing; then FILTER can make arguments NULL."""
    null_if_empty: bool = True
    """Whether a group without rows has the result NULL: then FILTER makes the result NULL-able."""
    joined: Callable[[Mapping[str, pl.Expr], Mapping[str, pl.Expr], DataType], Mapping[str, pl.Expr]] | None = field(
        default=None, repr=False, compare=False
    )
    """What `merge` makes of two states in order, row by row; None where states are as large as their groups."""
    running: Callable[[Mapping[str, pl.Expr], pl.Expr, DataType], Mapping[str, pl.Expr] | None] | None = field(
        default=None, repr=False, compare=False
    )
    """Of states in order, what `finish` needs of those up to each; the Int64 expression is the number of the first one
    that counts for it. None where `joined` has to do."""
    spans: Callable[[Mapping[str, pl.Series], Spans], Mapping[str, pl.Series]] | None = field(
        default=None, repr=False, compare=False
    )
    """Where there is no `joined`: of the states of single rows, a small state that `finish` makes the same of as of
    all those of a span, for each span: its first place, and the one behind its last."""
    over: Literal["", "rows", "range"] = ""
    """Of what stands with OVER only: the frame that it has there, up to the current row."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A function that Flink has and Penstock does not: why, and what to use."""

    name: str
    reason: str
