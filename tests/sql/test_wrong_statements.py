"""What is said of wrong statements: each of wrong_statements.txt, with the whole text of its error.

The file has a statement (or several, of which the last is wrong) on a line, and below it, indented, the error's
stable code in brackets and its text, as the command line prints it. The tables are those of wrong_statements.sql.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import PenstockError

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
INDENT = "    "


def read() -> list[tuple[str, str]]:
    """(statement, error) of each case of the file."""
    cases: list[tuple[str, list[str]]] = []
    for line in (HERE / "wrong_statements.txt").read_text("utf-8").splitlines():
        if line.startswith(INDENT):
            cases[-1][1].append(line.removeprefix(INDENT))
        elif line and not line.startswith("#"):
            cases.append((line, []))
    return [(sql, "\n".join(error)) for sql, error in cases]


CASES = read()


@pytest.fixture(scope="module")
def project() -> Iterator[penstock.Penstock]:
    with penstock.memory() as project:
        project.sql((HERE / "wrong_statements.sql").read_text("utf-8"))
        yield project


@pytest.fixture(autouse=True)
def _no_table_t(project: penstock.Penstock) -> None:
    project.sql("DROP TABLE IF EXISTS t")


@pytest.mark.parametrize(("sql", "text"), CASES, ids=[sql for sql, _ in CASES])
def test_a_wrong_statement(project: penstock.Penstock, sql: str, text: str) -> None:
    with pytest.raises(PenstockError) as error:
        project.sql(sql)
    assert f"[{error.value.code}]\n{error.value}" == text


def test_each_statement_stands_there_once() -> None:
    assert len({sql for sql, _ in CASES}) == len(CASES)


def test_the_file_of_the_statement_is_named() -> None:
    from penstock.sql.grammar import parse

    with pytest.raises(PenstockError) as error:
        parse("SELECT 1;\nSELECT 2 +\n  FROM", "sql/10_views.sql")
    assert error.value.where.startswith("sql/10_views.sql:3:3\n3 |   FROM\n")
