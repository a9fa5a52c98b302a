"""Functions of one or two numbers: size and sign, powers, logarithms, angles."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core import types as t
from penstock.sql.casts.decimals import fit, unscaled
from penstock.sql.coercion import cast_to
from penstock.sql.functions.building import columnwise, define
from penstock.sql.functions.signatures import NUMERIC, ArgumentError, takes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Bind, Context, Function, Value

__all__ = ["FUNCTIONS"]

_CERTAIN_DOUBLE = t.DOUBLE.with_nullable(False)


# -- size, sign, whole part --------------------------------------------------------------------------


def _whole_type(types: tuple[DataType, ...]) -> DataType:
    """A decimal loses its scale and keeps its precision."""
    kind = types[0]
    return t.Decimal(kind.precision, 0, nullable=kind.nullable) if isinstance(kind, t.Decimal) else kind


def _abs(_context: Context, args: Sequence[Value], result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    value = args[0].expr
    if isinstance(result, t.Integer):
        # the least number has no opposite and stays what it is
        return pl.when(value < 0).then(value * pl.lit(-1, result.polars)).otherwise(value)
    return value.abs()


def _floor(value: pl.Expr, kind: DataType) -> pl.Expr:
    match kind:
        case t.Integer():
            return value
        case t.Decimal(p, s):
            return fit(unscaled(value) // pl.lit(10**s, pl.Int128), t.Decimal(p, 0))
    return value.floor()


def _ceil(value: pl.Expr, kind: DataType) -> pl.Expr:
    match kind:
        case t.Integer():
            return value
        case t.Decimal(p, s):
            minus = pl.lit(-1, pl.Int128)
            return fit(unscaled(value) * minus // pl.lit(10**s, pl.Int128) * minus, t.Decimal(p, 0))
    return value.ceil()


def _by_type(expression: Callable[[pl.Expr, DataType], pl.Expr]) -> Callable[..., pl.Expr]:
    def build(_context: Context, args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
        return expression(args[0].expr, args[0].type)

    return build


def _bind_sign(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
    if len(args) == 1 and isinstance(args[0].type, t.Integer) and args[0].type.bits < 32:
        raise ArgumentError(f"takes no {args[0].type}: CAST it to INT")
    return takes(NUMERIC, gives=lambda types: types[0])(args, clauses)


def _sign(value: pl.Expr, kind: DataType) -> pl.Expr:
    if isinstance(kind, t.Decimal):
        return fit(unscaled(value).sign() * pl.lit(10**kind.scale, pl.Int128), kind)
    return value.sign()


# -- functions of doubles ----------------------------------------------------------------------------


def _doubles(*counts: int) -> Bind:
    """So many numbers, as DOUBLE."""
    allowed = " or ".join("(" + ", ".join(["number"] * n) + ")" for n in counts)

    def bind(args: tuple[Expr, ...], clauses: Mapping[str, Any]) -> tuple[tuple[Expr, ...], DataType]:
        if len(args) not in counts:
            raise ArgumentError(f"takes {allowed}, got {len(args)} argument{'s' if len(args) != 1 else ''}")
        bound, _ = takes(*[NUMERIC] * len(args), gives=lambda types: types[0])(args, clauses)
        nullable = any(a.type.nullable for a in bound)
        return tuple(cast_to(a, t.DOUBLE) for a in bound), t.Double(nullable=nullable)

    return bind


def _of_double(
    name: str, text: str, expression: Callable[..., pl.Expr], *examples: tuple[str, Any], parameters: str = "x"
) -> Function:
    count = parameters.count(",") + 1
    build = columnwise(expression)
    return define(name, "arithmetic", f"{name}({parameters})", text, _doubles(count), build, *examples)


def _log(*args: pl.Expr) -> pl.Expr:
    """To the base of the first of two arguments."""
    return args[0].log() if len(args) == 1 else args[1].log() / args[0].log()


def _constant(name: str, text: str, value: float) -> Function:
    return define(
        name,
        "arithmetic",
        f"{name}()",
        text,
        takes(gives=lambda _: _CERTAIN_DOUBLE),
        columnwise(lambda: pl.lit(value)),
        (f"{name}()", value),
    )


_KIND = "arithmetic"

FUNCTIONS = (
    define(
        "ABS",
        _KIND,
        "ABS(x)",
        "The number without its sign.",
        takes(NUMERIC, gives=lambda types: types[0]),
        _abs,
        ("ABS(-5)", 5),
        ("ABS(-2.50)", "2.50"),
        ("ABS(-5e-1)", 0.5),
    ),
    define(
        "FLOOR",
        _KIND,
        "FLOOR(x)",
        "The greatest whole number that is not above.",
        takes(NUMERIC, gives=_whole_type),
        _by_type(_floor),
        ("FLOOR(2.5)", "2"),
        ("FLOOR(-2.5)", "-3"),
        ("FLOOR(-5e-1)", -1.0),
        ("FLOOR(7)", 7),
    ),
    define(
        "CEIL",
        _KIND,
        "CEIL(x), CEILING(x)",
        "The least whole number that is not below.",
        takes(NUMERIC, gives=_whole_type),
        _by_type(_ceil),
        ("CEIL(2.5)", "3"),
        ("CEILING(-2.5)", "-2"),
        ("CEIL(25e-1)", 3.0),
        aliases=("CEILING",),
    ),
    define(
        "SIGN",
        _KIND,
        "SIGN(x)",
        "-1, 0 or 1, in the number's type.",
        _bind_sign,
        _by_type(_sign),
        ("SIGN(-5)", -1),
        ("SIGN(0.00)", "0.00"),
        ("SIGN(25e-1)", 1.0),
    ),
    _of_double("SQRT", "The square root; NaN of a negative number.", lambda x: x.sqrt(), ("SQRT(9)", 3.0)),
    _of_double("EXP", "e to the power.", lambda x: x.exp(), ("EXP(1)", math.e)),
    _of_double("LN", "The natural logarithm; NaN below zero.", _log, ("LN(10)", math.log(10)), ("LN(0)", "-Infinity")),
    _of_double("LOG10", "The logarithm to base 10.", lambda x: x.log10(), ("LOG10(1000)", 3.0)),
    _of_double("LOG2", "The logarithm to base 2.", lambda x: x.log() / math.log(2), ("LOG2(8)", 3.0)),
    define(
        "LOG",
        _KIND,
        "LOG([base,] x)",
        "The logarithm to a base; the natural one without.",
        _doubles(1, 2),
        columnwise(_log),
        ("LOG(2, 8)", 3.0),
        ("LOG(10)", math.log(10)),
    ),
    _of_double(
        "POWER",
        "To the power.",
        lambda x, y: x.pow(y),
        ("POWER(2, 10)", 1024.0),
        ("POWER(4, 0.5)", 2.0),
        parameters="x, y",
    ),
    _of_double("SIN", "Sine of an angle in radians.", lambda x: x.sin(), ("SIN(0)", 0.0)),
    _of_double("COS", "Cosine of an angle in radians.", lambda x: x.cos(), ("COS(0)", 1.0)),
    _of_double("TAN", "Tangent of an angle in radians.", lambda x: x.tan(), ("TAN(1)", math.tan(1))),
    _of_double("COT", "Cotangent of an angle in radians.", lambda x: x.cot(), ("COT(0)", "Infinity")),
    _of_double("ASIN", "The angle of a sine; NaN beyond 1.", lambda x: x.arcsin(), ("ASIN(1)", math.pi / 2)),
    _of_double("ACOS", "The angle of a cosine; NaN beyond 1.", lambda x: x.arccos(), ("ACOS(2)", "NaN")),
    _of_double("ATAN", "The angle of a tangent.", lambda x: x.arctan(), ("ATAN(1)", math.pi / 4)),
    _of_double(
        "ATAN2",
        "The angle of the point (x, y).",
        pl.arctan2,
        ("ATAN2(1, 1)", math.pi / 4),
        ("ATAN2(1, -1)", 3 * math.pi / 4),
        parameters="y, x",
    ),
    _of_double("SINH", "Hyperbolic sine.", lambda x: x.sinh(), ("SINH(0)", 0.0)),
    _of_double("COSH", "Hyperbolic cosine.", lambda x: x.cosh(), ("COSH(0)", 1.0)),
    _of_double("TANH", "Hyperbolic tangent.", lambda x: x.tanh(), ("TANH(0)", 0.0)),
    _of_double("DEGREES", "An angle in radians as degrees.", lambda x: x.degrees(), ("DEGREES(PI())", 180.0)),
    _of_double("RADIANS", "An angle in degrees as radians.", lambda x: x.radians(), ("RADIANS(180)", math.pi)),
    _constant("PI", "The ratio of a circle's circumference to its diameter.", math.pi),
    _constant("E", "The base of the natural logarithm.", math.e),
)
