"""Expressions of SQL, evaluated in this process: bound, compiled, computed over a small frame, shown as Flink's JSON.

>>> evaluate("x + 1", {"x": ("INT", [1, None])})
Answer(type='INT', values=[2, None])
"""

from __future__ import annotations

import datetime as dt
import math
import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

import polars as pl
from sqlglot import exp

from penstock.core import types as t
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.compile import compile_expr
from penstock.sql.expr import Literal
from penstock.sql.functions.spec import Context
from penstock.sql.grammar import parse_expression
from penstock.sql.grammar.nodes import IntervalLiteral, TypedLiteral
from penstock.sql.plan import Column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.sql.expr import Expr

Columns: TypeAlias = "Mapping[str, tuple[str, Sequence[Any]]]"
"""Columns by name: a type as SQL writes it, and values as the oracle prints them."""


@dataclass(frozen=True, slots=True)
class Fails:
    """A row on which Flink would fail the job; equal to another one whatever the value shown."""

    message: str
    shown: Any = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fails) and self.message == other.message

    def __hash__(self) -> int:
        return hash(self.message)


@dataclass(frozen=True, slots=True)
class Answer:
    """The type that was bound, and a value a row: JSON as the oracle prints it, or `Fails`."""

    type: str
    values: list[Any]

    @property
    def value(self) -> Any:
        """The only value."""
        (value,) = self.values
        return value


def evaluate(sql: str, columns: Columns | None = None, *, zone: str = "UTC") -> Answer:
    """The value of an expression for each row of `columns`; one row without any."""
    return Sheet.of(columns or {}, zone).evaluate(sql)


class Sheet:
    """Columns over which expressions are evaluated."""

    def __init__(self, columns: Mapping[str, tuple[DataType, Sequence[Any]]], zone: str = "UTC") -> None:
        self.context = Context(zone=zone)
        self.columns = tuple(Column(name, kind) for name, (kind, _) in columns.items())
        series = [series_of(name, values, kind) for name, (kind, values) in columns.items()]
        self.frame = pl.DataFrame([*series, pl.Series("$row", range(len(series[0]) if series else 1))])

    @classmethod
    def of(cls, columns: Columns, zone: str = "UTC") -> Sheet:
        """Types as SQL writes them."""
        return cls({name: (type_of(kind), values) for name, (kind, values) in columns.items()}, zone)

    def evaluate(self, sql: str, node: exp.Expr | None = None) -> Answer:
        """The value of `sql` (of `node`, where it has been parsed and changed) for each row."""
        scope = Scope.of(Origin(sql, "", self.context), self.columns, ("t",))
        return self.run(ExpressionBinder(scope).bind(parse_expression(sql) if node is None else node))

    def run(self, bound: Expr) -> Answer:
        """Evaluates a typed expression, and checks that the claims of its type hold."""
        value = compile_expr(bound, self.context)
        none = pl.lit(None, pl.String)
        failures = [
            pl.struct(when=f.when.fill_null(False), shown=none if f.shown is None else f.shown).alias(f"$failure{i}")
            for i, f in enumerate(value.failures)
        ]
        result = self.frame.select("$row", value.expr.alias("$value"), *failures)
        assert result["$value"].dtype == bound.type.polars, f"{result['$value'].dtype} is no {bound.type}"
        shown: list[Any] = [encode(v, bound.type) for v in values_of(result["$value"], bound.type)]
        for i, failure in reversed(list(enumerate(value.failures))):
            for row, flag in enumerate(result[f"$failure{i}"].to_list()):
                if flag["when"]:
                    shown[row] = Fails(failure.message, flag["shown"])
        return Answer(str(bound.type), shown)


@cache
def type_of(text: str) -> DataType:
    """A type as SQL writes it."""
    node = parse_expression(f"CAST(NULL AS {text})")
    result: DataType = node.args["to"]
    return result


def literals_as_columns(sql: str) -> tuple[exp.Expr, dict[str, tuple[DataType, list[Any]]]]:
    """The expression with a column in place of each literal, and these columns: nullable, with the literal alone."""
    node = parse_expression(sql)
    columns: dict[str, tuple[DataType, list[Any]]] = {}
    binder = ExpressionBinder(Scope(Origin(sql)))
    for leaf in list(node.find_all(exp.Literal, exp.Boolean, TypedLiteral, IntervalLiteral, exp.HexString)):
        if isinstance(leaf.parent, (IntervalLiteral, TypedLiteral)) or _is_word(leaf):
            continue
        target = leaf.parent if isinstance(leaf.parent, exp.Neg) else leaf
        bound = binder.bind(target)
        assert isinstance(bound, Literal)
        name = f"c{len(columns)}"
        columns[name] = (bound.type.with_nullable(), [encode(bound.value, bound.type)])
        column = exp.Column(this=exp.Identifier(this=name, quoted=False))
        if target is node:
            node = column
        else:
            target.replace(column)
    return node, columns


def _is_word(leaf: exp.Expr) -> bool:
    """TRUE in IS TRUE, the name of an escape character: part of the grammar."""
    return isinstance(leaf.parent, exp.Is) and leaf.arg_key == "expression"


# -- values: what Polars has, and the oracle's JSON --------------------------------------------------


def values_of(series: pl.Series, kind: DataType) -> list[Any]:
    """The Python values of a series; dates and timestamps as text, since Python's reach less far."""
    match kind:
        case t.Date():
            return series.dt.to_string("%Y-%m-%d").to_list()
        case t.Timestamp(precision) | t.TimestampLtz(precision):
            dropped = {0: 10, 9: 0}.get(precision, 9 - precision)
            text = series.dt.to_string("%Y-%m-%d %H:%M:%S%.9f")
            return (text.str.head(-dropped) if dropped else text).to_list()
    return series.to_list()


def series_of(name: str, values: Sequence[Any], kind: DataType) -> pl.Series:
    """The oracle's JSON as a column."""
    if isinstance(kind, (t.Timestamp, t.TimestampLtz)):
        texts = pl.Series(name, [v and v.removesuffix("Z") for v in values], dtype=pl.String)
        data_type = pl.Datetime("us") if kind.precision <= 6 else pl.Datetime("ns")
        return texts.str.strptime(data_type, "%Y-%m-%d %H:%M:%S%.f").cast(kind.polars)
    return pl.Series(name, [decode(v, kind) for v in values], dtype=kind.polars, strict=True)


def encode(value: Any, kind: DataType) -> Any:
    """A Python value as the oracle's JSON."""
    if value is None:
        return None
    match kind:
        case t.Float() | t.Double():
            if not math.isfinite(value):
                return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
            return _shortest(value) if isinstance(kind, t.Float) else value
        case t.Decimal(_, scale):
            return f"{Decimal(value):.{scale}f}"
        case t.Date():
            return value if isinstance(value, str) else value.isoformat()
        case t.Time(p):
            return value.strftime("%H:%M:%S") + _fraction(value.microsecond * 1000, p)
        case t.Timestamp(p):
            return _moment(value, p)
        case t.TimestampLtz(p):
            return _moment(value, p) + "Z"
        case t.IntervalDay():
            return value // dt.timedelta(milliseconds=1) if isinstance(value, dt.timedelta) else value
        case t.Binary() | t.Varbinary():
            return "0x" + value.hex()
        case t.Array(element):
            return [encode(v, element) for v in value]
        case t.Map(key, item):
            return _pairs(value, key, item)
        case t.Multiset(element):
            return _pairs(value, element, t.INT)
        case t.Row(fields):
            return {f.name: encode(value[f.name], f.type) for f in fields}
    return value


def _pairs(value: list[dict[str, Any]], key: DataType, item: DataType) -> list[list[Any]]:
    return sorted(([encode(v["key"], key), encode(v["value"], item)] for v in value), key=repr)


def _moment(value: str | dt.datetime, precision: int) -> str:
    if isinstance(value, str):
        return value
    return f"{value.year:04d}-{value:%m-%d %H:%M:%S}" + _fraction(value.microsecond * 1000, precision)


def _fraction(nanos: int, precision: int) -> str:
    return "." + f"{nanos:09d}"[:precision] if precision else ""


def _shortest(value: float) -> float:
    """The double with the fewest digits that is the same FLOAT."""
    single = struct.unpack("f", struct.pack("f", value))[0]
    for digits in range(1, 10):
        short = float(f"{single:.{digits}g}")
        if struct.unpack("f", struct.pack("f", short))[0] == single:
            return short
    return float(single)


def decode(value: Any, kind: DataType) -> Any:
    """The oracle's JSON as a Python value that Polars takes for `kind`."""
    if value is None:
        return None
    match kind:
        case t.Float() | t.Double():
            return float(value)
        case t.Decimal():
            return Decimal(value)
        case t.Date():
            return dt.date.fromisoformat(value)
        case t.Time():
            return dt.time.fromisoformat(value)
        case t.Timestamp() | t.TimestampLtz():
            zone = dt.UTC if isinstance(kind, t.TimestampLtz) else None
            return dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d*", r"\1", value.removesuffix("Z"))).replace(
                tzinfo=zone
            )
        case t.IntervalDay():
            return dt.timedelta(milliseconds=value)
        case t.Binary() | t.Varbinary():
            return bytes.fromhex(value.removeprefix("0x"))
        case t.Array(element):
            return [decode(v, element) for v in value]
        case t.Map(key, item):
            return [{"key": decode(k, key), "value": decode(v, item)} for k, v in value]
        case t.Row(fields):
            return {f.name: decode(value[f.name], f.type) for f in fields}
    return value
