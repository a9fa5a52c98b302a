"""What is said of wrong statements: each of wrong_statements.txt, with the whole text of its error.

The file has a statement (or several, of which the last is wrong) on a line, and below it, indented, the error's
stable code in brackets and its text, as the command line prints it. The tables are those of wrong_statements.sql.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import PenstockError
from penstock.sql.functions import AGGREGATES, FUNCTIONS, REFUSED
from penstock.sql.functions.elsewhere import ELSEWHERE
from penstock.sql.grammar import parse

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


def test_what_other_dialects_name_otherwise_is_not_in_flink_and_its_nearest_is() -> None:
    there = {*FUNCTIONS, *AGGREGATES, "CAST", "COUNT", "TABLE", "TUMBLE", "FILTER"}
    assert not {*FUNCTIONS, *AGGREGATES, *REFUSED} & ELSEWHERE.keys()
    for hint in ELSEWHERE.values():
        assert hint.startswith("nearest is ")
        assert set(re.findall(r"\b([A-Z_]+)\(", hint)) <= there


def test_the_file_of_the_statement_is_named() -> None:
    with pytest.raises(PenstockError) as error:
        parse("SELECT 1;\nSELECT 2 +\n  FROM", "sql/10_views.sql")
    assert error.value.where.startswith("sql/10_views.sql:3:3\n3 |   FROM\n")


@pytest.mark.parametrize(
    ("sql", "text"),
    [
        (
            "SELECT 1;\nSELECT 'a",
            (
                "SQL syntax: a ' has no partner\nline 2, column 8\n2 | SELECT 'a\n           ^^\n"
                "hint: a ' inside a text is written twice: 'it''s'"
            ),
        ),
        (
            "SELECT 'a,\n  b FROM t",
            (
                "SQL syntax: a ' has no partner\nline 1, column 8\n1 | SELECT 'a,\n           ^^^\n"
                "hint: a ' inside a text is written twice: 'it''s'"
            ),
        ),
        (
            "SELECT 'it''s', `a'b` -- don't\nFROM `a",
            (
                "SQL syntax: a ` has no partner\nline 2, column 6\n2 | FROM `a\n         ^^\n"
                "hint: a name stands between two: `name`"
            ),
        ),
        (
            "SELECT '/*';\n  /* all of it\n",
            "SQL syntax: a comment has no end\nline 2, column 3\n2 |   /* all of it\n      ^^\nhint: */",
        ),
        (
            "SELECT 1;\nSELECT x'0g', 2",
            "SQL syntax: X'...' takes hexadecimal digits\nline 2, column 8\n2 | SELECT x'0g', 2\n           ^^^^^",
        ),
    ],
)
def test_what_is_not_closed_is_marked_where_it_opens(sql: str, text: str) -> None:
    with pytest.raises(PenstockError) as error:
        parse(sql)
    assert str(error.value) == text
