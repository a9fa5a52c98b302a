"""Whatever is done to a statement, it is run or refused with its place: nothing else comes out of the dialect."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from penstock.core.errors import PenstockError, SqlError
from penstock.sql.functions import FUNCTIONS
from penstock.sql.grammar.queries import Flink
from penstock.sql.session import Session
from tests.examples import examples
from tests.sql import test_statements, test_wrong_statements

if TYPE_CHECKING:
    from penstock.sql.catalog import Catalog

HERE = Path(__file__).resolve().parent
TABLES = (HERE / "wrong_statements.sql").read_text("utf-8")


def words(sql: str) -> list[str]:
    return [sql[t.start : t.end + 1] for t in Flink().tokenize(sql)]


STATEMENTS = [
    *(words(sql) for sql, _ in test_statements.read()),
    *(words(sql) for sql, error in test_wrong_statements.read() if not error.startswith("[sql-token]")),
    *(words(f"SELECT {example.sql}") for function in FUNCTIONS.values() for example in function.examples),
]
WORDS = sorted({word for statement in STATEMENTS for word in statement})
PLACES = st.integers(0, 60)
EDITS = st.one_of(
    st.tuples(st.just("drop"), PLACES, st.just("")),
    st.tuples(st.just("insert"), PLACES, st.sampled_from(WORDS)),
    st.tuples(st.just("replace"), PLACES, st.sampled_from(WORDS)),
)


@cache
def tables() -> Catalog:
    """A catalog with the tables of wrong_statements.sql."""
    session = Session()
    list(session.run(TABLES))
    return session.catalog


def a_session() -> Session:
    known = tables()
    return Session(replace(known, databases=dict(known.databases), objects=dict(known.objects)))


def mangled(statement: list[str], edits: list[tuple[str, int, str]]) -> str:
    result = list(statement)
    for what, place, word in edits:
        at = place % (len(result) + 1)
        result[at : at + (what != "insert")] = [word] if word else []
    return " ".join(result)


@examples(300)
@given(st.sampled_from(STATEMENTS), st.lists(EDITS, min_size=1, max_size=3))
def test_a_mangled_statement_runs_or_is_refused_with_its_place(
    statement: list[str], edits: list[tuple[str, int, str]]
) -> None:
    session = a_session()
    sql = mangled(statement, edits)
    try:
        list(session.run(sql))
    except SqlError as error:
        assert "line " in error.where, sql
    except PenstockError as error:
        assert error.message, sql


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ARRAY[1, 2][1, 2]",
        "SELECT .1.5",
        "SELECT * FROM TABLE(TUMBLE(TABLE orders, DESCRIPTOR('ts'), INTERVAL '7' SECOND))",
        "SELECT GROUPING(id) FROM orders",
        "ALTER TABLE orders ADD id",
        "SELECT EXTRACT(",
        "SELECT FLOOR(ts TO",
        "SELECT 1 /* never closed",
        "SELECT `never closed",
    ],
)
def test_what_once_broke(sql: str) -> None:
    session = a_session()
    with pytest.raises(SqlError) as error:
        list(session.run(sql))
    assert "^" in error.value.where
