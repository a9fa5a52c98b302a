"""Signatures: what a function takes and what type it gives, as small combinators.

``takes(CHARACTER, INTEGER, optional=1, gives=always(STRING))`` is a `Bind`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.sql.coercion import cast_to, is_character, is_numeric, may_cast_implicitly, merged_type

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind

__all__ = [
    "ANY",
    "ARRAY",
    "BINARY",
    "BOOLEAN",
    "CHARACTER",
    "DATE",
    "DOUBLE",
    "INTEGER",
    "LONG",
    "MAP",
    "NUMERIC",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP_LTZ",
    "ArgumentError",
    "Family",
    "Gives",
    "always",
    "either",
    "like",
    "literal",
    "nullable",
    "overloaded",
    "same",
    "takes",
]


class ArgumentError(Exception):
    """The arguments do not fit; the message says what is allowed. The binder adds the call and the place."""


@dataclass(frozen=True, slots=True)
class Family:
    """What one parameter accepts: a type as it is, or one that is cast to `target` unasked."""

    name: str
    accepts: Callable[[DataType], bool]
    target: DataType | None = None
    constant: bool = False

    def fit(self, arg: Expr) -> Expr | None:
        """The argument as the function wants it, or None."""
        from penstock.sql.expr import Literal

        if self.constant and not isinstance(arg, Literal):
            return None
        if isinstance(arg.type, t.Null):
            return cast_to(arg, self.target) if self.target else arg
        if self.accepts(arg.type):
            return arg
        if self.target is not None and may_cast_implicitly(arg.type, self.target):
            return cast_to(arg, self.target)
        return None


ANY = Family("any", lambda _: True)
BOOLEAN = Family("BOOLEAN", lambda x: isinstance(x, t.Boolean), t.BOOLEAN)
NUMERIC = Family("a number", is_numeric, t.DOUBLE)
INTEGER = Family("INT", lambda x: isinstance(x, t.Integer) and x.bits <= 32, t.INT)
LONG = Family("BIGINT", lambda x: isinstance(x, t.Integer), t.BIGINT)
DOUBLE = Family("DOUBLE", lambda x: isinstance(x, t.Double), t.DOUBLE)
CHARACTER = Family("STRING", is_character, t.STRING)
BINARY = Family("BYTES", lambda x: isinstance(x, (t.Binary, t.Varbinary)), t.BYTES)
DATE = Family("DATE", lambda x: isinstance(x, t.Date), t.DATE)
TIME = Family("TIME", lambda x: isinstance(x, t.Time), t.Time())
TIMESTAMP = Family("TIMESTAMP", lambda x: isinstance(x, t.Timestamp), t.Timestamp(3))
TIMESTAMP_LTZ = Family("TIMESTAMP_LTZ", lambda x: isinstance(x, t.TimestampLtz), t.TimestampLtz(3))
ARRAY = Family("ARRAY", lambda x: isinstance(x, t.Array))
MAP = Family("MAP", lambda x: isinstance(x, t.Map))


def either(*families: Family) -> Family:
    """Any of `families` as it is; else the first one's cast."""
    name = " or ".join(f.name for f in families)
    return Family(name, lambda x: any(f.accepts(x) for f in families), families[0].target)


def literal(family: Family) -> Family:
    """The family, as a constant."""
    return Family(f"constant {family.name}", family.accepts, family.target, constant=True)


Gives = "Callable[[tuple[DataType, ...]], DataType]"
"""The result's type from the arguments' types."""


def always(data_type: DataType) -> Callable[[tuple[DataType, ...]], DataType]:
    """`data_type`, NULL-able if an argument is."""
    return lambda types: data_type.with_nullable(any(x.nullable for x in types))


def nullable(data_type: DataType) -> Callable[[tuple[DataType, ...]], DataType]:
    """`data_type`, always NULL-able: the function itself may have no answer."""
    return lambda _: data_type.with_nullable()


def like(position: int) -> Callable[[tuple[DataType, ...]], DataType]:
    """The type of one argument, NULL-able if any argument is."""
    return lambda types: types[position].with_nullable(any(x.nullable for x in types))


def takes(
    *families: Family,
    gives: Callable[[tuple[DataType, ...]], DataType],
    optional: int = 0,
    variadic: Family | None = None,
) -> Bind:
    """A fixed list of parameters, the last `optional` of which may be left out, then any number of `variadic`."""
    shown = [f.name for f in families]
    for i in range(len(shown) - optional, len(shown)):
        shown[i] = f"[{shown[i]}]"
    if variadic:
        shown.append(f"{variadic.name}...")
    allowed = f"({', '.join(shown)})" if shown else "no arguments"

    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        too_many = len(args) > len(families) and variadic is None
        if len(args) < len(families) - optional or too_many:
            raise ArgumentError(f"takes {allowed}, got {len(args)} argument{'s' if len(args) != 1 else ''}")
        wanted = [*families[: len(args)], *[variadic] * (len(args) - len(families))]
        fitted = [f.fit(a) if f else None for f, a in zip(wanted, args, strict=True)]
        if any(a is None for a in fitted):
            raise ArgumentError(f"takes {allowed}, got ({', '.join(str(a.type) for a in args)})")
        bound = tuple(a for a in fitted if a is not None)
        return bound, gives(tuple(a.type for a in bound))

    return bind


def overloaded(*binds: Bind) -> Bind:
    """The first of several signatures that fits."""

    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        refused = []
        for option in binds:
            try:
                return option(args, clauses)
            except ArgumentError as error:
                refused.append(str(error))
        allowed = [r.split(", got")[0].removeprefix("takes ") for r in refused]
        raise ArgumentError(f"takes {' or '.join(allowed)}, got ({', '.join(str(a.type) for a in args)})")

    return bind


def same(
    *,
    at_least: int = 1,
    gives: Callable[[DataType], DataType] | None = None,
    common_of: Callable[[Sequence[DataType]], DataType | None] = merged_type,
) -> Bind:
    """Arguments that become one common type, which is also the result's unless `gives` says otherwise."""

    def bind(args: tuple[Expr, ...], _clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        if len(args) < at_least:
            raise ArgumentError(f"takes at least {at_least} argument{'s' if at_least != 1 else ''}, got {len(args)}")
        common = common_of([a.type for a in args])
        if common is None:
            raise ArgumentError(f"takes arguments of one type, got ({', '.join(str(a.type) for a in args)})")
        return tuple(cast_to(a, common) for a in args), gives(common) if gives else common

    return bind
