"""Questions over tables, views, topics, files and the system's tables, in one statement."""

from __future__ import annotations

import datetime as dt
from importlib.util import find_spec
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, QueryError
from penstock.history import Rows, query

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from penstock.project.penstock import Penstock

SQL = """
CREATE TABLE clicks (id INT, page STRING, ts TIMESTAMP(3), twice AS id * 2, WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'raw-clicks', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
CREATE VIEW shop AS SELECT id, twice FROM clicks WHERE page = 'shop';
CREATE TABLE latest (page STRING, id INT, PRIMARY KEY (page) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'latest', 'key.format' = 'json', 'value.format' = 'json',
      'properties.bootstrap.servers' = 'embedded');
CREATE TABLE files (page STRING, n BIGINT) PARTITIONED BY (page)
WITH ('connector' = 'filesystem', 'path' = '{out}', 'format' = 'parquet');
INSERT INTO latest SELECT page, id FROM clicks;
INSERT INTO files SELECT page, COUNT(*) FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '1' MINUTE))
GROUP BY window_start, window_end, page;
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Penstock]:
    with penstock.memory() as p:
        p.sql(SQL.replace("{out}", str(tmp_path_factory.mktemp("out"))))
        start = dt.datetime(2025, 1, 1)  # noqa: DTZ001  # a TIMESTAMP has no zone
        p.append(
            "clicks",
            [
                {"id": i, "page": "shop" if i % 2 else "home", "ts": start + dt.timedelta(seconds=20 * i)}
                for i in range(6)
            ],
        )
        p.run(bounded=True)
        yield p


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT count(*) FROM clicks", [(6,)]),
        ("SELECT max(twice) FROM clicks", [(10,)]),
        ("SELECT * FROM shop ORDER BY id", [(1, 2), (3, 6), (5, 10)]),
        ("SELECT * FROM latest ORDER BY page", [("home", 4), ("shop", 5)]),
        ("SELECT page, sum(n) AS n FROM files GROUP BY ALL ORDER BY ALL", [("home", 3), ("shop", 3)]),
        ('SELECT count(*), max("offset") FROM "raw-clicks"', [(6, 5)]),
        ("SELECT topic, rows FROM penstock.topics ORDER BY topic", [("latest", 6), ("raw-clicks", 6)]),
        (
            "SELECT l.page, l.id, sum(f.n) FROM latest l JOIN files f USING (page) JOIN shop s USING (id) GROUP BY ALL",
            [("shop", 5, 3)],
        ),
        ("WITH c AS (SELECT page FROM clicks) SELECT count(DISTINCT page) FROM c", [(2,)]),
        ("SELECT count(*) FROM clicks a, clicks b", [(36,)]),
    ],
)
def test_answers(project: Penstock, sql: str, rows: list[tuple[object, ...]]) -> None:
    assert project.query(sql).rows() == rows


def test_tables_are_shown_and_described(project: Penstock) -> None:
    shown = project.query("SHOW TABLES").rows()
    assert shown[:5] == [
        ("clicks", "table"),
        ("files", "table"),
        ("latest", "table"),
        ("shop", "view"),
        ("raw-clicks", "topic"),
    ]
    assert ("penstock.rejects", "system table") in shown
    clicks = [("id", "INTEGER"), ("page", "VARCHAR"), ("ts", "TIMESTAMP_MS"), ("twice", "INTEGER")]
    for sql in ("DESCRIBE clicks", "describe table clicks", "DESCRIBE SELECT * FROM clicks"):
        assert [row[:2] for row in project.query(sql).rows()] == clicks
    assert [row[0] for row in project.query("DESCRIBE files").rows()] == ["page", "n"]
    assert [row[0] for row in project.query("DESCRIBE penstock.topics").rows()][:2] == ["topic", "partition"]
    (row,) = project.query("SUMMARIZE SELECT id FROM shop").dicts()
    assert (row["column_name"], row["min"], row["max"], row["count"]) == ("id", "1", "5", 3)


def test_what_is_no_question_leaves_nothing_in_the_log_of_the_program(
    project: Penstock, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(QueryError):
        project.query("VACUUM people")
    assert not caplog.records


def test_the_forms_of_an_answer(project: Penstock) -> None:
    answer = project.query("SELECT id FROM shop ORDER BY id LIMIT 1")
    assert answer.rows() == [(1,)]
    assert answer.dicts() == [{"id": 1}]
    assert answer.polars().equals(pl.DataFrame({"id": [1]}, schema={"id": pl.Int32}))
    assert pl.DataFrame(answer).equals(answer.polars())
    if find_spec("pyarrow") is None:
        with pytest.raises(ConfigError, match="an Arrow table needs pyarrow\nhint: pip install pyarrow"):
            answer.arrow()
    else:
        assert answer.arrow().column("id").to_pylist() == [1]


def test_an_answer_says_for_which_position_it_stands(project: Penstock) -> None:
    before = project.query("SELECT count(*) FROM clicks").position
    assert set(before["checkpoints"]) == {d.name for d in project.definition.pipelines}
    project.append("clicks", [{"id": 9, "page": "x", "ts": None}])
    after = project.query("SELECT count(*) FROM clicks").position
    assert after["log"] == before["log"] + 1


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("SELECT * FROM click", "there is no table, view or topic 'click'\nhint: did you mean clicks?"),
        ("SELECT idd FROM clicks", 'Referenced column "idd" not found'),
        ("SELECT * FROM penstock.reject", "there is no table 'penstock.reject'\nhint: did you mean rejects?"),
        ('SELECT * FROM "clicks$open"', "no pipeline writes into 'clicks'\nhint: ask for clicks itself"),
        (
            "VACUUM clicks",
            "a question is a SELECT, this is VACUUM\nhint: a question is a SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES",
        ),
        ("selec", "a question is a SELECT, this is 'selec'\nhint: a question is a SELECT, DESCRIBE"),
        ("select broken from", "SQL syntax: something is missing after 'from', line 1, column 18"),
        ("select 1 from clicks where", "SQL syntax: something is missing after 'where', line 1, column 26"),
        ("select a b c from clicks", "SQL syntax: unexpected 'c', line 1, column 12"),
        ("select 'a", "SQL syntax: a quote or a comment has no end"),
        ("select " + "(" * 5000 + "1" + ")" * 5000, "too much inside each other\nhint: use fewer brackets"),
        (" ; ", "there is no question\nhint: a question is a SELECT, DESCRIBE, SUMMARIZE or SHOW TABLES"),
        (
            "SELECT * FROM clicks WHERE ts > '2015'",
            "convert string '2015' to INT64\nhint: a time is written TIMESTAMP '2026-01-31 12:00:00'",
        ),
        ("SELECT * FROM read_csv('x')", "a question cannot read from read_csv\nhint: it can name the project's tables"),
        ("DESCRIBE click", "there is no table, view or topic 'click'\nhint: did you mean clicks?"),
        ("DESCRIBE SELECT getenv('HOME')", "a question cannot call getenv"),
        ("SUMMARIZE read_csv('x')", "a question cannot read from read_csv"),
        ("DELETE FROM clicks", "a question is a SELECT, this is DELETE\nhint: tables are changed by pipelines alone"),
        ("SELECT id INTO other FROM clicks", "a question cannot INTO"),
        ("SELECT getenv('HOME')", "a question cannot call getenv\nhint: it can name the project's tables"),
        ("SELECT * FROM pg_catalog_of()", "a question cannot read from pg_catalog_of\nhint: it can name the project's"),
        ("SELECT 1; SELECT 2", "a question is one statement, these are 2"),
    ],
)
def test_wrong_questions(project: Penstock, sql: str, words: str) -> None:
    with pytest.raises(QueryError) as error:
        project.query(sql)
    assert words in str(error.value)


def test_an_empty_topic_has_its_columns(tmp_path: Path) -> None:
    with penstock.memory() as p:
        p.sql(SQL.replace("{out}", str(tmp_path / "none")))
        p.log.create_topic("raw-clicks")
        assert p.query("SELECT * FROM clicks").polars().schema["ts"] == pl.Datetime("ms")
        assert p.query("SELECT count(*) FROM files").rows() == [(0,)]


DAY = dt.date(2020, 1, 1)


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("max(ts) - min(ts)", "00:01:40"),
        ("age(timestamp '2020-03-01', timestamp '2020-01-01')", "2 months"),
        ("[interval 1 day]", "[1 day]"),
        ("{'a': interval 1 day}", "{'a': 1 day}"),
        ("'1010'::bit", "1010"),
        ("123456::bignum", "123456"),
        ("340282366920938463463374607431768211455::uhugeint", "340282366920938463463374607431768211455"),
        ("union_value(k := 1)", "1"),
        ("170141183460469231731687303715884105727::hugeint", "170141183460469231731687303715884105727"),
        ("99999999999999999999999999999999999999::hugeint", 10**38 - 1),
        ("sum(id)", 15),
        ("'infinity'::timestamp::varchar", "infinity"),
        ("[date '2020-01-01']", [DAY]),
        ("map {date '2020-01-01': 1}", {DAY: 1}),
    ],
)
def test_types_that_polars_has_not_come_as_text(project: Penstock, sql: str, value: object) -> None:
    answer = project.query(f'SELECT {sql} AS "a "" b" FROM clicks WHERE id < 6 LIMIT 1')
    assert answer.rows() == [(value,)]
    assert answer.polars().columns == ['a " b']


@pytest.mark.parametrize(
    "sql",
    [
        "'infinity'::timestamp",
        "'-infinity'::timestamptz",
        "'infinity'::timestamp_ns",
        "date '5881580-07-10'",
        "[date 'infinity']",
        "{'a': [date 'infinity']}",
        "map {date 'infinity': 1}",
    ],
)
def test_a_time_that_no_calendar_has_is_an_error(project: Penstock, sql: str) -> None:
    with pytest.raises(QueryError) as error:
        project.query(f"SELECT {sql} AS x")
    assert str(error.value) == (
        'column "x" has a time outside of the years 1 to 9999\n'
        "hint: CAST(... AS VARCHAR) shows it; isfinite(...) tells infinity from a time"
    )


def test_the_zone_of_a_question_is_one_of_texts(project: Penstock) -> None:
    noon = dt.datetime(2025, 7, 1, 12, tzinfo=dt.UTC)
    sql = "SELECT t, [t] AS l, {'t': t} AS s, map {1: t} AS m, strftime(t, '%H:%M') AS c FROM (VALUES ({})) v(t)"
    for zone, text, shown in (("UTC", "12:00:00", "12:00"), ("Europe/Oslo", "14:00:00", "14:00")):
        answer = project.query(sql.replace("({})", f"(TIMESTAMPTZ '2025-07-01 {text}')"), zone=zone)
        assert answer.rows() == [(noon, [noon], {"t": noon}, {1: noon}, shown)]
        assert {str(answer.polars().schema[c]).count("time_zone='UTC'") for c in "tlsm"} == {1}
    with pytest.raises(QueryError, match="Unknown TimeZone 'Mars'"):
        project.query("SELECT 1", zone="Mars")


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        (
            "SELECT count(*), Max( id ) /* the last */ , id  , page AS p FROM clicks GROUP BY ALL",
            "count(*)|Max( id )|id|p",
        ),
        ("SELECT DISTINCT 1::UBIGINT, map {'a': 1}, -- a map\n 1 +\n 2 LIMIT 1", "1::UBIGINT|map {'a': 1}|1 + 2"),
        ("WITH c AS (SELECT 1, 2) FROM c SELECT ALL {'a': [1, 2]}, 'it''s'", "{'a': [1, 2]}|'it''s'"),
        (
            "SELECT count(*), count(*), * EXCLUDE (page), id + 1 FROM latest GROUP BY ALL",
            "count(*)|count(*)_1|id|id + 1",
        ),
        ("SELECT interval 1 day, interval 1 day", "interval 1 day|interval 1 day_1"),
        ("SELECT unnest({'a': 1, 'b': 2}), 1 + 1", "a|b|1 + 1"),
        ("SELECT DISTINCT ON (id) id, abs(id) FROM latest", "id|abs(id)"),
        ("SELECT 1 + 1 UNION ALL SELECT 2", "(1 + 1)"),
    ],
)
def test_columns_are_called_as_they_were_asked_for(project: Penstock, sql: str, names: str) -> None:
    assert "|".join(project.query(sql).polars().columns) == names


class Panicking:
    """Tables whose rows make Polars panic."""

    def table(self, name: tuple[str, ...], columns: frozenset[str] | None) -> Rows:
        return Rows(iter(map(pl.DataFrame, [duckdb.sql("SELECT INTERVAL 1 DAY")])), pl.Schema())

    def names(self) -> list[tuple[str, str]]:
        return []

    def position(self) -> None: ...


def test_what_makes_polars_panic_is_an_error_like_any_other() -> None:
    with pytest.raises(QueryError, match=r"Polars cannot hold this: .*month_day_nano_interval") as error:
        query("SELECT * FROM t", Panicking())
    assert error.value.hint == "CAST(... AS VARCHAR) turns any value into text"
