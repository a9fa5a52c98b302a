"""What a question may be: one SELECT over named tables, nothing that reaches files, the network or settings.

DESCRIBE and SUMMARIZE of a table or a SELECT are questions too, and so is SHOW TABLES.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError

from penstock.core.errors import QueryError
from penstock.history.growth import bound_growth
from penstock.history.headings import name_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Question", "is_forbidden", "read_question"]

# sqlglot remarks on each statement that it does not read; here that is an error of its own
logging.getLogger("sqlglot").addFilter(lambda record: "parsing as a 'Command'" not in record.getMessage())

_DIALECT = "duckdb"
_ALLOWED = "a question is a SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES"
_KEPT, _KEPT_LENGTH = 256, 10_000
"""So many questions are kept as they were read, of those with no more characters."""
_TABLE_FUNCTIONS = {"unnest", "range", "generate_series"}
_FORBIDDEN = (
    "read_",
    "scan_",
    "sniff_",
    "glob",
    "parquet_",
    "duckdb_",
    "pragma_",
    "iceberg_",
    "delta_",
    "postgres_",
    "mysql_",
    "sqlite_",
    "sql_auto_complete",
    "query",
    "query_table",
    "getenv",
    "current_setting",
    "getvariable",
    "which_secret",
    "json_execute_serialized_sql",
    "from_substrait",
    "arrow_scan",
    "pandas_scan",
    "seq_scan",
    "checkpoint",
    "force_checkpoint",
    "http_",
    "shellfs",
    "repeat_row",
    "test_",
    "summary",
    "storage_info",
    "write_log",
    "parse_duckdb_log_message",
    "enable_",
    "disable_",
    "set_",
    "nextval",
    "currval",
    "file_",
)


@dataclass(frozen=True, eq=False)
class Question:
    """A SELECT and the tables it names; `columns` of any table, None where a star asks for all.

    `parameters` are the names after $, "" for a ?. `about` is the word before it, "DESCRIBE" or "SUMMARIZE", or "".
    One is read once for all who ask it with whatever values: nobody changes its `tree`.
    """

    tree: exp.Expr
    tables: tuple[tuple[str, ...], ...]
    columns: frozenset[str] | None
    about: str = ""
    parameters: tuple[str, ...] = ()

    @property
    def shows_tables(self) -> bool:
        return isinstance(self.tree, exp.Show)

    @property
    def described(self) -> str:
        """The question for the columns of what this one is about, which reads no row of it."""
        tree = self.tree.sql(dialect=_DIALECT)
        return tree if self.shows_tables else f"DESCRIBE {tree}"

    @cached_property
    def names(self) -> dict[tuple[str, ...], str]:
        """What each of its tables is called in DuckDB."""
        return {table: f"t{number}" for number, table in enumerate(self.tables)}

    @cached_property
    def statement(self) -> str:
        """It with each table replaced by the name it has in DuckDB; it keeps its own as an alias."""
        tree, names = self.tree.copy(), self.names
        for table in list(_tables(tree)):
            parts = tuple(p.name for p in table.parts)
            alias = table.alias or parts[-1]
            new = exp.Table(this=exp.to_identifier(names[parts], quoted=True))
            new.set("alias", exp.TableAlias(this=exp.to_identifier(alias, quoted=True), columns=_alias_columns(table)))
            for key in ("joins", "sample", "pivots", "laterals"):
                if table.args.get(key):
                    new.set(key, table.args[key])
            table.replace(new)
        return f"{self.about} {tree.sql(dialect=_DIALECT, copy=False)}"


def _alias_columns(table: exp.Expr) -> list[exp.Expr] | None:
    alias = table.args.get("alias")
    return alias.args.get("columns") if alias is not None else None


def read_question(sql: str) -> Question:
    """What `sql` asks for.

    Raises QueryError where it is not one SELECT, or calls what a question may not call.
    """
    return _read(sql) if len(sql) > _KEPT_LENGTH else _read_once(sql)


def _read(sql: str) -> Question:
    try:
        statements = [s for s in sqlglot.parse(sql, dialect=_DIALECT) if s is not None]
    except (SqlglotError, RecursionError) as error:
        raise _mistake(error) from None
    if not statements:
        raise QueryError("there is no question", code="query-empty", hint=_ALLOWED)
    if len(statements) > 1:
        raise QueryError(f"a question is one statement, these are {len(statements)}", code="query-many")
    tree, about = statements[0], ""
    if isinstance(tree, exp.Show) and tree.name.upper() == "TABLES":
        return Question(tree, (), None)
    if isinstance(tree, (exp.Describe, exp.Summarize)):
        about, tree = tree.key.upper(), tree.this
        if isinstance(tree, exp.Table):
            tree = exp.select("*").from_(tree)
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)):
        word = _first_word(tree, sql)
        changes = isinstance(tree, (exp.Insert, exp.Update, exp.Delete, exp.Merge))
        raise QueryError(
            f"a question is a SELECT, this is {word}",
            code="query-not-select",
            hint="tables are changed by pipelines alone" if changes else _ALLOWED,
        )
    _require_harmless(tree)
    if isinstance(tree, exp.Select):
        name_columns(tree, sql, _DIALECT)
    bound_growth(tree)
    tables = tuple(dict.fromkeys(tuple(p.name for p in t.parts) for t in _tables(tree)))
    parameters = tuple(dict.fromkeys(found.name for found in tree.find_all(exp.Placeholder, exp.Parameter)))
    return Question(tree, tables, _columns(tree), about, parameters)


_read_once = lru_cache(_KEPT)(_read)


def _mistake(error: SqlglotError | RecursionError) -> QueryError:
    """What cannot be read, in our words: the parser's name its own parts."""
    if isinstance(error, RecursionError):
        return QueryError("the question has too much inside each other", code="query-syntax", hint="use fewer brackets")
    if not isinstance(error, ParseError) or not error.errors:
        return QueryError("SQL syntax: a quote or a comment has no end", code="query-syntax")
    first = error.errors[0]
    incomplete = first["description"].startswith(("Expect", "Required")) and not first["end_context"].strip()
    what = f"something is missing after '{first['highlight']}'" if incomplete else f"unexpected '{first['highlight']}'"
    return QueryError(f"SQL syntax: {what}, line {first['line']}, column {first['col']}", code="query-syntax")


def _first_word(tree: exp.Expr, sql: str) -> str:
    """What a statement does, or what it begins with where it is none."""
    if isinstance(tree, exp.Command):
        return tree.name.upper()
    if isinstance(tree, (exp.DDL, exp.DML, exp.Query, exp.Drop, exp.Set, exp.Use, exp.Pragma, exp.Attach, exp.Copy)):
        return tree.key.upper()
    return f"'{sql.split(maxsplit=1)[0][:40]}'"


def _tables(tree: exp.Expr) -> Iterator[exp.Table]:
    """The tables that are no WITH names and no functions."""
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        if isinstance(table.this, exp.Identifier) and not (len(table.parts) == 1 and table.name in ctes):
            yield table


def _columns(tree: exp.Expr) -> frozenset[str] | None:
    """The names of all columns that the statement mentions; None where it says ``*``."""
    for star in tree.find_all(exp.Star):
        if not isinstance(star.parent, exp.Count):
            return None
    names = {c.name for c in tree.find_all(exp.Column)} | {i.name for i in tree.find_all(exp.Identifier)}
    return frozenset(names)


def is_forbidden(function: str) -> bool:
    """Whether no question may call a function of that name."""
    return function.startswith(_FORBIDDEN)


def _called(function: exp.Func) -> str:
    """The name of a function, as it is called in SQL."""
    return (function.name if isinstance(function, exp.Anonymous) else function.sql_name()).lower()


def _require_harmless(tree: exp.Expr) -> None:
    for node in tree.walk():
        if isinstance(
            node,
            (
                exp.Command,
                exp.Copy,
                exp.Insert,
                exp.Update,
                exp.Delete,
                exp.Create,
                exp.Drop,
                exp.Attach,
                exp.Set,
                exp.Into,
            ),
        ):
            raise QueryError(f"a question cannot {node.key.upper()}", code="query-forbidden")
        if isinstance(node, exp.Func):
            name = _called(node)
            if is_forbidden(name):
                raise QueryError(
                    f"a question cannot call {name}", code="query-forbidden", hint="it can name the project's tables"
                )
        if isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier):
            name = _called(node.this) if isinstance(node.this, exp.Func) else node.this.key
            if name not in _TABLE_FUNCTIONS and not isinstance(node.this, (exp.Unnest, exp.GenerateSeries)):
                raise QueryError(
                    f"a question cannot read from {name}",
                    code="query-forbidden",
                    hint="it can name the project's tables",
                )
