"""Every kind of statement, one after the other in one session: statements.txt, each with what it answers.

A line that begins with `=` is a row of the answer, its values as JSON; a statement without one answers nothing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import penstock
from penstock.core.errors import ParseError, UnsupportedError
from penstock.project.definition import Definition
from penstock.project.settings import Settings
from penstock.sql import statements as st
from penstock.sql.catalog import Table
from penstock.sql.grammar import parse
from penstock.sql.grammar.statements import StatementParser
from penstock.sql.session import Rows, Session

HERE = Path(__file__).resolve().parent


def read() -> list[tuple[str, list[str]]]:
    """(statement, rows) in order."""
    cases: list[tuple[str, list[str]]] = []
    for line in (HERE / "statements.txt").read_text("utf-8").splitlines():
        if line.startswith("= "):
            cases[-1][1].append(line.removeprefix("= "))
        elif line and not line.startswith("#"):
            cases.append((line, []))
    return cases


def answers(statements: list[str]) -> list[tuple[str, list[str]]]:
    """What each statement answers, in one session."""
    found = []
    with penstock.memory() as project:
        for sql in statements:
            result = project.sql(sql)
            rows = [] if result is None else [json.dumps(row, ensure_ascii=False, default=str) for row in result.rows()]
            found.append((sql, rows))
    return found


def test_each_statement_answers_what_stands_there() -> None:
    expected = read()
    assert answers([sql for sql, _ in expected]) == expected


def test_every_kind_of_statement_is_there() -> None:
    kinds = {type(s) for sql, _ in read() for s in parse(sql)}
    assert kinds == {
        kind for kind in vars(st).values() if isinstance(kind, type) and issubclass(kind, st.Statement)
    } - {st.Statement}


def test_every_action_of_alter_table_is_there() -> None:
    actions = {type(s.action) for sql, _ in read() for s in parse(sql) if isinstance(s, st.AlterTable)}
    assert actions == {
        st.AddColumns,
        st.DropColumns,
        st.DropWatermark,
        st.ModifyColumns,
        st.RenameColumn,
        st.RenameTable,
        st.ResetOptions,
        st.SetOptions,
    }


def test_what_show_create_says_makes_the_same_table_again() -> None:
    with penstock.memory() as project:
        project.sql((HERE / "wrong_statements.sql").read_text("utf-8"))
        for name in ("orders", "prices", "totals"):
            (text,) = _row(project, f"SHOW CREATE TABLE {name}")
            before = project.catalog.get((name,))
            assert isinstance(before, Table)
            project.sql(f"DROP TABLE {name}")
            project.sql(str(text))
            after = project.catalog.get((name,))
            assert isinstance(after, Table)
            assert replace(after, watermark_text="") == replace(before, watermark_text="")
            assert _row(project, f"SHOW CREATE TABLE {name}") == (text,)


def _row(project: penstock.Penstock, sql: str) -> tuple[object, ...]:
    result = project.sql(sql)
    assert result is not None
    (row,) = result.rows()
    return tuple(row)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("SELCT 1;", "SQL syntax: 'SELCT' does not begin a statement"),
        ("SELECT 'a;", "SQL syntax: a ' has no partner"),
        ("BEGIN STATEMENT SET; INSERT INTO t SELECT 'a;", "SQL syntax: a ' has no partner"),
        ("SELECT x'0g', 'a", "SQL syntax: X'...' takes hexadecimal digits"),
    ],
)
def test_statements_before_a_wrong_one_are_done(wrong: str, message: str) -> None:
    session = Session()
    outcomes = session.run(f"CREATE DATABASE db1;\nUSE db1;\n{wrong}")
    assert len([next(outcomes), next(outcomes)]) == 2
    assert session.catalog.current[1] == "db1"
    with pytest.raises(ParseError) as error:
        next(outcomes)
    assert error.value.message == message
    assert error.value.where.startswith("line 3, ")


@pytest.mark.parametrize("word", ["QUIT", "exit"])
def test_nothing_runs_behind_quit(word: str) -> None:
    session = Session()
    assert len(list(session.run(f"CREATE DATABASE db1; {word}; CREATE DATABASE db2"))) == 1
    assert [name for _, name in session.catalog.databases] == ["default_database", "db1"]


def test_help_names_every_statement() -> None:
    (outcome,) = Session().run("HELP;")
    assert isinstance(outcome, Rows)
    assert outcome.names == ("statement", "what it does")
    assert ("USE database", "what unqualified names mean") in outcome.rows
    said = " ".join(str(statement) for statement, _ in outcome.rows).replace(",", "").split()
    assert {*StatementParser.STATEMENTS} - {"HELP", "DESC"} <= {*said}


def test_a_file_of_a_project_does_not_quit(tmp_path: Path) -> None:
    definition = Definition(tmp_path, Settings("shop"))
    with pytest.raises(UnsupportedError) as error:
        definition.add("CREATE DATABASE db1;\nQUIT;", "sql/a.sql")
    assert str(error.value) == (
        "QUIT is not supported here\nsql/a.sql:2:1\n2 | QUIT;\n    ^^^^\n"
        "hint: it ends a session of penstock sql; a file of a project ends by itself"
    )


def test_a_file_of_a_project_is_read_whole(tmp_path: Path) -> None:
    definition = Definition(tmp_path, Settings("shop"))
    with pytest.raises(ParseError):
        definition.add("CREATE DATABASE db1;\nSELCT 1;", "sql/a.sql")
    assert len(definition.session.catalog.databases) == 1
