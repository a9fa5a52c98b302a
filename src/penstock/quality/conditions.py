"""Rules about single rows as conditions of the dialect, bound to the columns of a table."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from penstock.core import types as t
from penstock.core.errors import SqlError, did_you_mean
from penstock.core.sql_text import backticked, literal
from penstock.engine.checks import MOST_CHECKS
from penstock.quality import rule as said
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.checks import Check, UniqueCheck
from penstock.sql.compile import compile_expr
from penstock.sql.grammar import parse_expression
from penstock.sql.plan import Column

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from penstock.core.types import DataType
    from penstock.quality.rule import Rule
    from penstock.sql.expr import Expr
    from penstock.sql.functions.spec import Context

__all__ = ["check_of", "require_few", "require_measurable", "unique_of"]

_NUMBERS = (t.Integer, t.Decimal, t.Double, t.Float)
_TIMES = (t.Date, t.Time, t.Timestamp, t.TimestampLtz)
_TEXTS = (t.Char, t.Varchar)
_SINGLE = (*_NUMBERS, *_TIMES, *_TEXTS, t.Boolean)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def check_of(rule: Rule, columns: Mapping[str, DataType], context: Context) -> Check:
    """A rule of ROW_FORMS over rows with `columns`. Raises ConfigError or SqlError with the place in its file."""
    _require_columns(rule, columns)
    sql, says = _sql(rule, columns, context)
    condition = _bound(rule, sql, columns, context)
    shown = rule.columns[0] if len(rule.columns) == 1 and rule.form != "not_null" else ""
    return Check(rule.file, rule.name, rule.form, condition, rule.then, rule.description or says, shown)


def unique_of(rule: Rule, columns: Mapping[str, DataType]) -> UniqueCheck:
    """A rule of the form unique. Raises ConfigError for a column that is not there, or has no single values."""
    _require_columns(rule, columns)
    for name in rule.columns:
        if not isinstance(columns[name], _SINGLE):
            raise rule.error(f"unique compares single values, '{name}' is {columns[name].name}", "quality-type")
    names = " and ".join(rule.columns)
    says = rule.description or f"{names} {'is' if len(rule.columns) == 1 else 'are'} there already"
    return UniqueCheck(rule.file, rule.name, rule.columns, rule.then, says)


def require_measurable(rule: Rule, columns: Mapping[str, DataType]) -> None:
    """Raises ConfigError where a rule about a whole load does not fit the columns."""
    _require_columns(rule, columns)
    for name in rule.columns:
        kind, of = columns[name], rule.values[said.OF]
        if rule.form == "anomaly" and of in ("mean", "sum", "min", "max") and not isinstance(kind, _NUMBERS):
            raise rule.error(f"the {of} is that of numbers, '{name}' is {kind.name}", "quality-type")
        if rule.form == "fresh" and not isinstance(kind, (t.Date, t.Timestamp, t.TimestampLtz)):
            raise rule.error(f"fresh looks at dates and times, '{name}' is {kind.name}", "quality-type")


def _require_columns(rule: Rule, columns: Iterable[str]) -> None:
    """Raises ConfigError for a column that is not among `columns`."""
    known = list(columns)
    for name in rule.columns:
        if name not in known:
            raise rule.error(
                f"there is no column '{name}'",
                "quality-column",
                hint=did_you_mean(name, known) or "columns are " + ", ".join(known),
            )


def _sql(rule: Rule, columns: Mapping[str, DataType], context: Context) -> tuple[str, str]:
    """The condition as SQL, and what is wrong with a row that breaks it."""
    values = rule.values
    if rule.form == "sql":
        text = values[said.SQL].strip().removesuffix(";")
        return text, f"{' '.join(text.split())} does not hold"
    names = " or ".join(rule.columns)
    if rule.form == "not_null":
        return " AND ".join(f"{backticked(n)} IS NOT NULL" for n in rule.columns), f"{names} is NULL"
    (name,) = rule.columns
    kind = columns[name]
    if rule.form == "matches":
        if not isinstance(kind, _TEXTS):
            raise rule.error(f"matches looks at texts, '{name}' is {kind.name}", "quality-type")
        pattern = values[said.PATTERN]
        return f"REGEXP({backticked(name)}, {literal(pattern)})", f"{name} does not match {pattern}"
    if rule.form == "accepted":
        if not isinstance(kind, _SINGLE):
            raise rule.error(f"accepted compares single values, '{name}' is {kind.name}", "quality-type")
        allowed = values[said.VALUES]
        if not allowed:
            raise rule.error("accepted needs at least one value", "option-value", said.VALUES.name)
        literals = ", ".join(_value(rule, v, kind, said.VALUES.name, context) for v in allowed)
        some = ", ".join(allowed[:10]) + (" ..." if len(allowed) > 10 else "")
        return f"{backticked(name)} IN ({literals})", f"{name} is none of {some}"
    if not isinstance(kind, (*_NUMBERS, *_TIMES)):
        raise rule.error(f"range compares numbers and times, '{name}' is {kind.name}", "quality-type")
    bounds = [(o, mark) for o, mark in ((said.FROM, ">="), (said.TO, "<=")) if values.given(o)]
    sql = " AND ".join(f"{backticked(name)} {m} {_value(rule, values[o], kind, o.name, context)}" for o, m in bounds)
    if len(bounds) == 2:
        return sql, f"{name} is not from {values[said.FROM]} to {values[said.TO]}"
    option, mark = bounds[0]
    return sql, f"{name} is {'below' if mark == '>=' else 'above'} {values[option]}"


def _value(rule: Rule, value: str, kind: DataType, key: str, context: Context) -> str:
    """A value of a rule as SQL of the column's type. Raises ConfigError where it is none."""
    wrong = rule.error(f"'{value}' is no {kind.name}", "quality-value", key)
    if isinstance(kind, _TEXTS):
        return literal(value)
    if isinstance(kind, _NUMBERS):
        if not _NUMBER.fullmatch(value):
            raise wrong
        return value
    sql = f"CAST({literal(value)} AS {kind.name})"
    bound = ExpressionBinder(Scope.of(Origin(sql, "", context), ())).bind(parse_expression(sql))
    made = compile_expr(bound, context)
    tried = pl.select(pl.any_horizontal(made.expr.is_null(), *(f.when.fill_null(False) for f in made.failures)))
    if tried.item():
        raise wrong
    return sql


def _bound(rule: Rule, sql: str, columns: Mapping[str, DataType], context: Context) -> Expr:
    """The condition over the columns. Raises with the place in the rule's file."""
    scope = Scope.of(Origin(sql, "", context), (Column(n, k) for n, k in columns.items()))
    try:
        bound = ExpressionBinder(scope, place="in a quality rule").bind_boolean(parse_expression(sql), "a quality rule")
    except SqlError as error:
        marked = error.where.partition("\n")[2]
        error.message = f"rule '{rule.name}': {error.message}"
        error.where = rule.where(rule.form) + (f"\n{marked}" if marked else "")
        raise
    return bound


def require_few(rules: Iterable[Rule]) -> None:
    """Raises ConfigError for more rules about single rows than a table may have."""
    found = [r for r in rules if r.form in said.ROW_FORMS]
    if len(found) > MOST_CHECKS:
        raise found[MOST_CHECKS].error(
            f"a table may have {MOST_CHECKS} rules about single rows, these are {len(found)}", "quality-many"
        )
