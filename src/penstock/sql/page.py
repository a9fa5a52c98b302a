"""The page of all functions, made of their table: `page` gives the text of docs/functions.md."""

from __future__ import annotations

import json
from itertools import groupby
from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.core.sql_text import literal
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.queries import QueryBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.catalog import Catalog
from penstock.sql.functions import AGGREGATES, FUNCTIONS, OVER_ONLY, REFUSED
from penstock.sql.functions.flink_names import FORMS, catalog, sql_name
from penstock.sql.grammar import parse, parse_expression
from penstock.sql.statements import Query

if TYPE_CHECKING:
    from collections.abc import Iterable

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Aggregate, Example, Function

__all__ = ["page"]

_HEAD = """\
# Functions

<!-- Made by scripts/pages.py of the table in src/penstock/sql/functions; change the table, not this page. -->

All scalar and aggregate functions of Flink 2.3, each with an example, its result and its type; types and results are
Flink's. What is refused stands at the end, with the reason, and the names of Flink's own catalog after it."""

_KINDS = {
    "comparison": "Comparison",
    "logical": "Logic",
    "arithmetic": "Numbers",
    "string": "Texts",
    "temporal": "Dates and times",
    "conditional": "Conditions",
    "json": "JSON",
    "constructor": "Making and reaching into rows, arrays and maps",
    "collection": "Arrays and maps",
    "hash": "Hashes",
    "grouping": "Grouping sets",
    "other": "Others",
}

_NOT_HERE = ("refused", "no SQL")
_INDEX = "| there | here |\n|--|--|\n"


def page() -> str:
    """The page, as Markdown."""
    parts = [_HEAD]
    functions = {f.name: f for f in FUNCTIONS.values()}.values()
    for kind, title in _KINDS.items():
        parts += [f"## {title}", _table(f for f in functions if f.kind == kind)]
    parts += ["## Aggregates", _table({a.name: a for a in AGGREGATES.values()}.values())]
    parts += ["## With OVER only", _table(OVER_ONLY.values())]
    parts += ["## Grammar", "\n".join(f"- {text}" for text in FORMS.values() if not text.startswith(_NOT_HERE))]
    parts += ["## Refused", "| function | reason |\n|--|--|\n" + "\n".join(_refused())]
    index = "\n".join(f"| `{name}` | {_place(sql_name(name))} |" for name in sorted(catalog(), key=str.casefold))
    parts += ["## The names of Flink's catalog", "As SHOW FUNCTIONS of Flink 2.3 has them.", _INDEX + index]
    return "\n\n".join(parts) + "\n"


def _refused() -> Iterable[str]:
    """A row per reason, the names that share it together."""
    for reason, group in groupby(REFUSED.values(), key=lambda r: r.reason):
        yield f"| {', '.join(f'`{r.name}`' for r in group)} | {_cell(reason)} |"


def _table(functions: Iterable[Function | Aggregate]) -> str:
    rows = "".join(
        f"\n| {_code(f.syntax)}{_also(f)} | {_cell(f.text)} | {'<br>'.join(_example(e) for e in f.examples)} |"
        for f in functions
    )
    return "| | | example |\n|--|--|--|" + rows


def _also(function: Function | Aggregate) -> str:
    names = [n for n in function.aliases if n not in function.syntax]
    return f"<br>also {', '.join(map(_code, names))}" if names else ""


def _example(example: Example) -> str:
    call, kind = _bound(example.sql)
    return f"{_code(call)} → {_code(_shown(example.result, kind))} {_cell(str(kind))}"


def _bound(sql: str) -> tuple[str, DataType]:
    """An example without its SELECT, and the type of its result."""
    if not sql.startswith("SELECT "):
        return sql, ExpressionBinder(Scope(Origin(sql))).bind(parse_expression(sql)).type
    call, source = sql.removeprefix("SELECT ").split(" FROM ", 1)
    rows = f"SELECT * FROM {source}"
    (statement,) = parse(rows)
    assert isinstance(statement, Query)
    plan = QueryBinder(Catalog(), Origin(rows)).bind(statement.query)
    scope = Scope.of(Origin(call), plan.columns, ("t",))
    kind = ExpressionBinder(scope, aggregates=True).bind(parse_expression(call)).type
    return f"{call} FROM {source.removesuffix(' AS t(x)')}", kind


def _shown(value: Any, kind: DataType) -> str:
    match value:
        case None | bool():
            return {None: "NULL", True: "TRUE", False: "FALSE"}[value]
        case str() if isinstance(kind, (t.Char, t.Varchar)):
            return literal(value)
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)


def _place(name: str) -> str:
    if name in FORMS:
        return _cell(FORMS[name])
    if name in REFUSED:
        return "refused"
    return _code((FUNCTIONS.get(name) or AGGREGATES.get(name) or OVER_ONLY[name]).syntax)


def _code(text: str) -> str:
    return f"`` {_cell(text)} ``" if "`" in text else f"`{_cell(text)}`"


def _cell(text: str) -> str:
    """Text inside a table: a bar would end the cell."""
    return text.replace("|", "\\|").replace("\n", "\\n")
