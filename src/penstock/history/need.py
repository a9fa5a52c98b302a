"""What a question needs of a table's rows: comparisons that hold for each that counts, and how many are enough.

A row that is left out is in no answer: only comparisons of a column with a constant count, that stand alone in the
WHERE or are joined by AND, and whose meaning no setting of the question changes.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from sqlglot import exp

from penstock.history.bounds import comparisons

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.history.guard import Question

__all__ = ["Comparison", "Constant", "Kind", "Need", "need_of"]

Kind = Literal["number", "truth", "text", "said", "date", "timestamp", "instant"]
"""`said` is a text as the question writes it, which takes the type of the column; `instant` has its zone."""

_SIGNS: dict[type[exp.Expr], str] = {exp.EQ: "=", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">="}
_NUMBER = re.compile(r"\d{1,38}(\.\d{1,18})?")
_CASTS: dict[Any, Kind] = {
    exp.DataType.Type.DATE: "date",
    exp.DataType.Type.TIMESTAMP: "timestamp",
    exp.DataType.Type.TIMESTAMPNTZ: "timestamp",
    exp.DataType.Type.TIMESTAMPTZ: "instant",
}
_PLAIN = {"expressions", "from_", "limit"}
"""What a SELECT has of which the first rows are the answer."""


@dataclass(frozen=True, slots=True)
class Constant:
    """A value by its text; `true` or `false` of a truth."""

    kind: Kind
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """A column, by its name in small letters, and what it is compared with."""

    column: str
    sign: str
    value: Constant


@dataclass(frozen=True, slots=True)
class Need:
    """Rows count for which all comparisons of one of `places` hold; without one all do. `rows` of them are enough."""

    places: tuple[tuple[Comparison, ...], ...] = ()
    rows: int | None = None


def need_of(question: Question, name: tuple[str, ...], values: Mapping[str, Any]) -> Need:
    """What is needed of table `name`; `values` are those of the question's parameters."""
    tables = [one for one in question.tree.find_all(exp.Table) if tuple(part.name for part in one.parts) == name]
    places = []
    for table in tables:
        found = ((column, operator, _constant(value, values)) for column, operator, value in comparisons(table))
        said = tuple(Comparison(column, _SIGNS[sign], value) for column, sign, value in found if value is not None)
        if not said:
            return Need(rows=_first(question.tree))
        places.append(said)
    return Need(tuple(places))


def _first(tree: exp.Expr) -> int | None:
    """How many of the first rows of its one table the answer is, where it is no more than those."""
    limit = tree.args.get("limit")
    if not isinstance(tree, exp.Select) or limit is None or {key for key, one in tree.args.items() if one} != _PLAIN:
        return None
    from_, count = tree.args["from_"].this, limit.expression
    columns = (one.this if isinstance(one, exp.Alias) else one for one in tree.expressions)
    if not all(type(one) in (exp.Column, exp.Star) and not one.args.get("except_") for one in columns):
        return None
    if not isinstance(from_, exp.Table) or any(from_.args.get(more) for more in ("joins", "sample", "pivots")):
        return None
    if limit.args.get("limit_options"):  # a share of the rows
        return None
    return int(count.this) if isinstance(count, exp.Literal) and count.this.isdecimal() else None


def _constant(value: exp.Expr, values: Mapping[str, Any]) -> Constant | None:
    match value.unnest():
        case exp.Literal(is_string=True) as one:
            return Constant("said", one.this)
        case exp.Literal() as one if _NUMBER.fullmatch(one.this):
            return Constant("number", one.this)
        case exp.Neg(this=exp.Literal(is_string=False) as one) if _NUMBER.fullmatch(one.this):
            return Constant("number", f"-{one.this}")
        case exp.Boolean() as one:
            return Constant("truth", str(one.this).lower())
        case exp.Cast(this=exp.Literal(is_string=True) as one) as cast if cast.to.this in _CASTS:
            return Constant(_CASTS[cast.to.this], one.this)
        case exp.Parameter() | exp.Placeholder() as one:
            return _given(values.get(one.name))
    return None


def _given(value: object) -> Constant | None:
    match value:
        case bool():
            return Constant("truth", str(value).lower())
        case int() | Decimal() if _NUMBER.fullmatch(str(abs(value))):
            return Constant("number", str(value))
        case str():
            return Constant("text", value)
        case dt.datetime(tzinfo=None):
            return Constant("timestamp", value.isoformat(" "))
        case dt.datetime():
            return Constant("instant", value.isoformat(" "))
        case dt.date():
            return Constant("date", value.isoformat())
    return None
