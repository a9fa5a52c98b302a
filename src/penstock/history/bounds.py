"""Which files a question can need: what its WHERE says of a table's columns, as a condition on the files' ranges.

Only comparisons that stand alone or are joined by AND, of a column with a value that is the same for all rows. Such a
condition fails for NULL too, so rows that it does not hold for are in no answer, whatever the joins are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from penstock.history.guard import Question

__all__ = ["Bounds", "bounds_of", "comparisons"]

_VALUES = (
    exp.Literal, exp.Parameter, exp.Placeholder, exp.Identifier, exp.Var, exp.Neg, exp.Add, exp.Sub, exp.Mul, exp.Paren,
    exp.Cast, exp.DataType, exp.Interval, exp.CurrentTimestamp, exp.CurrentDate, exp.UnixToTime,
)  # fmt: skip
"""What a value that is the same for all rows may be made of."""
_TURNED: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE, exp.EQ: exp.EQ,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bounds:
    """`columns` are names in lower case; `condition`, on ``low_N`` and ``high_N`` of column N, has `parameters`."""

    columns: tuple[str, ...]
    condition: str
    parameters: frozenset[str]


@lru_cache(256)
def bounds_of(
    question: Question,
    name: tuple[str, ...],
    columns: tuple[str, ...],
    folders: frozenset[str] = frozenset(),
    texts: frozenset[str] = frozenset(),
) -> Bounds | None:
    """The bounds of table `name`, which has these `columns`; None where all of its rows may be needed.

    Those in `folders` have one value a file. `texts` are those of the question's parameters that have a text as value.
    """
    has = {column.lower(): column in folders for column in columns}
    used: dict[str, int] = {}
    parameters: set[str] = set()
    places = []
    for table in question.tree.find_all(exp.Table):
        if tuple(part.name for part in table.parts) != name:
            continue
        said = []
        for column, operator, value in comparisons(table):
            if column in has and _is_value(value, texts, compared_as_text=has[column]):
                said.append(_on_range(used.setdefault(column, len(used)), operator, value))
                parameters |= {node.name for node in value.find_all(exp.Parameter, exp.Placeholder)}
        if not said:
            return None
        places.append(" AND ".join(f"({one})" for one in said))
    return Bounds(tuple(used), " OR ".join(f"({place})" for place in places), frozenset(parameters)) if places else None


def comparisons(table: exp.Table) -> Iterator[tuple[str, type[exp.Expr], exp.Expr]]:
    """Column, operator and value of each comparison that holds for every row of `table` that counts."""
    select = table.parent.parent if isinstance(table.parent, (exp.From, exp.Join)) else None
    alias = table.args.get("alias")
    if not isinstance(select, exp.Select) or (where := select.args.get("where")) is None:
        return
    if (alias is not None and alias.args.get("columns")) or table.args.get("pivots"):
        return
    if table.args.get("sample") or select.args.get("sample"):
        return
    joins = [*(select.args.get("joins") or ()), *(table.args.get("joins") or ())]
    if any(join.method not in ("", "NATURAL") for join in joins):  # ASOF and POSITIONAL choose among all rows
        return
    alone = not (joins or select.args.get("laterals"))
    found: list[tuple[exp.Expr, type[exp.Expr], exp.Expr]]
    for conjunct in where.this.flatten() if isinstance(where.this, exp.And) else [where.this]:
        one = conjunct.unnest()
        if isinstance(one, exp.Between):
            found = [(one.this, exp.GTE, one.args["low"]), (one.this, exp.LTE, one.args["high"])]
        elif type(one) in _TURNED:
            found = [(one.this, type(one), one.expression), (one.expression, _TURNED[type(one)], one.this)]
        else:
            continue
        for column, operator, value in found:
            mine = isinstance(column, exp.Column) and (column.table or (table.alias_or_name if alone else ""))
            if mine and mine.lower() == table.alias_or_name.lower():
                yield column.name.lower(), operator, value


def _is_value(value: exp.Expr, texts: frozenset[str], *, compared_as_text: bool) -> bool:
    """Whether it is the same for all rows; and no text, unless a file has but one: texts have another order."""
    for node in value.walk():
        if not isinstance(node, _VALUES) and not (isinstance(node, exp.Anonymous) and node.name.lower() == "now"):
            return False
        if compared_as_text:
            continue
        if isinstance(node, (exp.Parameter, exp.Placeholder)) and node.name in texts:
            return False
        if isinstance(node, exp.Cast) and node.to.this not in (
            *exp.DataType.NUMERIC_TYPES,
            *exp.DataType.TEMPORAL_TYPES,
        ):
            return False
    return True


def _on_range(number: int, operator: type[exp.Expr], value: exp.Expr) -> str:
    """What must hold of the least and greatest value of a file, where these are known."""
    low, high, text = f"low_{number}", f"high_{number}", value.sql(dialect="duckdb")
    least = f"{low} IS NULL OR {low} {'<' if operator is exp.LT else '<='} {text}"
    most = f"{high} IS NULL OR {high} {'>' if operator is exp.GT else '>='} {text}"
    if operator is exp.EQ:
        return f"({least}) AND ({most})"
    return least if operator in (exp.LT, exp.LTE) else most
