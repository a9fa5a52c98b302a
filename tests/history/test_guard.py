"""Questions that reach for what they may not: each is refused before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import penstock
from penstock.core.errors import QueryError, UnsupportedError
from penstock.history import Limits

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

HOSTILE = [
    "SELECT * FROM '/etc/passwd'",
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT content FROM read_blob('/etc/passwd')",
    "SELECT * FROM read_parquet('s3://bucket/x.parquet')",
    "SELECT * FROM parquet_metadata('x.parquet')",
    "SELECT * FROM glob('/*')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT getenv('HOME')",
    "SELECT current_setting('temp_directory')",
    "SELECT * FROM duckdb_settings()",
    "SELECT * FROM duckdb_secrets()",
    "SELECT * FROM pragma_table_info('t')",
    "SELECT * FROM query('SELECT 1')",
    "SELECT * FROM query_table(['people'])",
    "SELECT * FROM sqlite_scan('log.db', 'chunk')",
    "SELECT * FROM json_execute_serialized_sql('{}')",
    "SELECT * FROM information_schema.tables",
    "SELECT (SELECT max(content) FROM read_text('/etc/passwd'))",
    "SELECT * FROM people WHERE name IN (SELECT content FROM read_text('/etc/passwd'))",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    'SELECT * FROM (WITH "/etc/passwd" AS (SELECT 1) SELECT 1), "/etc/passwd"',
    "SELECT * FROM (WITH first AS (SELECT 1) SELECT 1), first",
    "COPY people TO '/tmp/x.csv'",
    "ATTACH 'x.db'",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET memory_limit = '100GB'",
    "PRAGMA database_list",
    "CALL pragma_version()",
    "EXPORT DATABASE '/tmp/x'",
    "CREATE TABLE x AS SELECT 1",
    "DROP TABLE people",
    "INSERT INTO people VALUES (1, 'x')",
    "UPDATE people SET id = 2",
    "DELETE FROM people",
    "SELECT 1; DROP TABLE people",
    "EXPLAIN ANALYZE SELECT 1",
    "",
    "SELEC 1",
]


@pytest.fixture(scope="module")
def project() -> Iterator[Penstock]:
    with penstock.memory() as p:
        p.sql(
            "CREATE TABLE people (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'people',"
            " 'format' = 'json', 'properties.bootstrap.servers' = 'embedded')"
        )
        p.append("people", [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Grace"}])
        yield p


@pytest.mark.parametrize("sql", HOSTILE)
def test_hostile_questions_are_refused(project: Penstock, sql: str) -> None:
    with pytest.raises((QueryError, UnsupportedError)):
        project.query(sql)
    assert project.query("SELECT count(*) FROM people").rows() == [(2,)]


def test_files_beside_those_asked_for_stay_out_of_reach(tmp_path: Path) -> None:
    """Reading a table's Parquet files opens their folder alone."""
    (tmp_path / "secret.csv").write_text("password\n")
    with penstock.memory() as p:
        p.sql(
            f"CREATE TABLE t (a INT) WITH ('connector' = 'filesystem', 'path' = '{tmp_path / 'out'}', 'format' ="
            " 'parquet'); INSERT INTO t VALUES (1)"
        )
        p.run(bounded=True)
        assert p.query("SELECT * FROM t").rows() == [(1,)]
        with pytest.raises(QueryError):
            p.query(f"SELECT * FROM t, '{tmp_path / 'secret.csv'}'")


def test_a_question_that_takes_too_long_is_stopped(project: Penstock) -> None:
    slow = "SELECT count(*) FROM range(100000000) a, range(100000000) b"
    with pytest.raises(QueryError, match=r"the question took longer than 0\.2 s"):
        project.query(slow, Limits(seconds=0.2))


def test_reading_the_rows_of_a_long_topic_is_bounded_in_time_too(project: Penstock) -> None:
    project.sql(
        "CREATE TABLE numbers (n BIGINT) WITH ('connector' = 'datagen', 'number-of-rows' = '200000000',"
        " 'rows-per-second' = '1000000000')"
    )
    with pytest.raises(QueryError, match=r"the question took longer than 0\.3 s"):
        project.query("SELECT sum(n) FROM numbers", Limits(seconds=0.3))


def test_an_answer_of_too_many_rows_is_an_error_not_a_part_of_it(project: Penstock) -> None:
    with pytest.raises(QueryError, match="the answer has more than 1,000 rows"):
        project.query("SELECT * FROM range(1001)", Limits(rows=1_000))
    assert len(project.query("SELECT * FROM range(1000)", Limits(rows=1_000))) == 1_000


def test_a_question_that_needs_too_much_memory_is_an_error(project: Penstock) -> None:
    with pytest.raises(QueryError, match="the question needs more than 32 MB"):
        project.query("SELECT list(range) FROM range(100000000)", Limits(memory=32 << 20))
