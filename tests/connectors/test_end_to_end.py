"""Connectors in a project: from files, through windows, to files; what a reader finds afterwards."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.project.build import make_pipeline
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

PAGE_VIEWS = """
CREATE TABLE page_views (page STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'filesystem', 'path' = 'in/page_views.json', 'format' = 'json');
CREATE TABLE per_minute (page STRING, `date` STRING, n BIGINT) PARTITIONED BY (`date`)
WITH ('connector' = 'filesystem', 'path' = 'out/per_minute', 'format' = 'parquet');
INSERT INTO per_minute
SELECT page, DATE_FORMAT(window_start, 'yyyy-MM-dd'), COUNT(*)
FROM TABLE(TUMBLE(TABLE page_views, DESCRIPTOR(ts), INTERVAL '1' MINUTE)) GROUP BY page, window_start, window_end;
"""

HOURS = """
CREATE TABLE events (ts TIMESTAMP(3), n INT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'events', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
CREATE TABLE hours (n INT, dt STRING, `hour` STRING) PARTITIONED BY (dt, `hour`)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'json',
      'partition.time-extractor.timestamp-pattern' = '$dt $hour:00:00',
      'sink.partition-commit.trigger' = 'partition-time', 'sink.partition-commit.delay' = '1 h',
      'sink.partition-commit.policy.kind' = 'success-file');
INSERT INTO hours SELECT n, DATE_FORMAT(ts, 'yyyy-MM-dd'), DATE_FORMAT(ts, 'HH') FROM events;
"""


def project(folder: Path, sql: str) -> Penstock:
    (folder / "sql").mkdir(parents=True)
    (folder / "penstock.toml").write_text('[project]\nname = "files"\n')
    (folder / "sql" / "1.sql").write_text(sql)
    return penstock.open(folder)


def view(page: str, time: str) -> str:
    return json.dumps({"page": page, "ts": time}) + "\n"


def test_a_file_of_json_through_windows_into_partitions_of_parquet(tmp_path: Path) -> None:
    with project(tmp_path, PAGE_VIEWS) as p:
        source = tmp_path / "in" / "page_views.json"
        source.parent.mkdir()
        lines = [view("a", "2024-01-01 23:59:01"), view("a", "2024-01-01 23:59:59"), view("b", "2024-01-02 00:00:00")]
        source.write_text("".join(lines))
        p.run(bounded=True)
        parquet = sorted((tmp_path / "out" / "per_minute").rglob("*.parquet"))
        assert [f.parent.name for f in parquet] == ["date=2024-01-01", "date=2024-01-02"]
        assert pl.read_parquet(parquet[0]).rows() == [("a", 2)]
        asked = "SELECT page, date, n FROM per_minute ORDER BY ALL"
        assert p.query(asked).rows() == [("a", "2024-01-01", 2), ("b", "2024-01-02", 1)]
        p.run(bounded=True)
        assert sorted((tmp_path / "out" / "per_minute").rglob("*.parquet")) == parquet
        with source.open("a") as file:
            file.write(view("b", "2024-01-02 00:01:00"))
        p.run(bounded=True)
        assert p.query(asked).rows() == [("a", "2024-01-01", 2), *[("b", "2024-01-02", 1)] * 2]


def test_made_up_rows_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with penstock.memory() as p:
        p.sql("""
            CREATE TABLE made (id INT, name VARCHAR(3)) WITH ('connector' = 'datagen', 'seed' = '1',
            'fields.id.kind' = 'sequence', 'fields.id.start' = '1', 'fields.id.end' = '2');
            CREATE TABLE shown (id INT, name STRING) WITH ('connector' = 'print', 'print-identifier' = 'made');
            INSERT INTO shown SELECT id, CAST(NULL AS STRING) FROM made;
        """)
        p.run(bounded=True)
    assert capsys.readouterr().out == "made> +I[1, null]\nmade> +I[2, null]\n"


def test_a_folder_of_csv_into_a_topic(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE orders (id INT, item STRING) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv');
    CREATE TABLE kept (id INT, item STRING)
    WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
    INSERT INTO kept SELECT * FROM orders WHERE id > 1;
    """
    with project(tmp_path, sql) as p:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "b.csv").write_text("3,pear\n")
        (tmp_path / "in" / "a.csv").write_text('1,apple\n2,"plum, ripe"\n')
        p.run(bounded=True)
        assert p.query("SELECT id, item FROM kept").rows() == [(2, "plum, ripe"), (3, "pear")]
        values = pl.concat(p.log.read("kept"))["value"].to_list()
        assert values == [b'{"id":2,"item":"plum, ripe"}', b'{"id":3,"item":"pear"}']


def test_a_watched_folder_is_read_while_it_grows(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE orders (id INT, item STRING)
    WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv', 'source.monitor-interval' = '20 ms');
    CREATE TABLE kept (id INT, item STRING)
    WITH ('connector' = 'kafka', 'topic' = 'kept', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
    INSERT INTO kept SELECT * FROM orders;
    """
    (tmp_path / "in").mkdir()

    with project(tmp_path, sql) as p:

        def ids() -> list[int]:
            return [row[0] for row in p.query("SELECT id FROM kept ORDER BY id").rows()]

        p.start()
        (tmp_path / "in" / "a.csv").write_text("1,x\n2,")
        until(lambda: ids() == [1], "it never came")
        with (tmp_path / "in" / "a.csv").open("a") as file:
            file.write("y\n")
        (tmp_path / "in" / "b.csv").write_text("3,z\n4,w")
        until(lambda: ids() == [1, 2, 3], "it never came")
        assert p.stop() == {}
        p.run(bounded=True)
        assert ids() == [1, 2, 3, 4]


def test_bad_lines_of_files_are_rejects_with_their_place(tmp_path: Path) -> None:
    with project(tmp_path, PAGE_VIEWS) as p:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "page_views.json").write_text(view("a", "2024-01-01 00:00:00") + "oh no\n")
        p.run(bounded=True)
        rejects = p.query('SELECT topic, "offset", raw FROM penstock.rejects').rows()
        offset = len(view("a", "2024-01-01 00:00:00"))
        assert rejects == [(str(tmp_path / "in" / "page_views.json"), offset, b"oh no")]


def test_a_partition_is_committed_when_event_time_has_passed_it(tmp_path: Path) -> None:
    def committed() -> list[str]:
        return sorted(str(f.parent.relative_to(tmp_path / "out")) for f in (tmp_path / "out").rglob("_SUCCESS"))

    def feed(*times: str) -> None:
        p.append("events", [{"ts": dt.datetime.fromisoformat(f"2024-01-01 {time}"), "n": 1} for time in times])
        while pipeline.step(1000):
            pass
        pipeline.commit()

    with project(tmp_path, HOURS) as p:
        pipeline = make_pipeline(p.definition.pipelines[0], p.world, p.settings)
        feed("10:30:00", "11:00:00")
        assert committed() == []
        pipeline.close()
        pipeline = make_pipeline(p.definition.pipelines[0], p.world, p.settings)
        assert pipeline.restore()
        feed("11:00:00.001")
        assert committed() == ["dt=2024-01-01/hour=10"]
        pipeline.finish()
        assert committed() == ["dt=2024-01-01/hour=10", "dt=2024-01-01/hour=11"]
        pipeline.close()
        pipeline = make_pipeline(p.definition.pipelines[0], p.world, p.settings)
        assert pipeline.restore()
        feed("15:00:00")
        assert len(committed()) == 2  # the end of the first run was no time
        pipeline.close()


def test_columns_of_partitions_have_their_types_in_questions(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE given (a INT, s STRING, d DATE, n SMALLINT, m DECIMAL(4, 2), t TIMESTAMP(3))
    WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
    CREATE TABLE kept (a INT, s STRING, d DATE, n SMALLINT, m DECIMAL(4, 2), t TIMESTAMP(3))
    PARTITIONED BY (s, d, n, m, t) WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet');
    INSERT INTO kept SELECT * FROM given;
    """
    row = {"a": 1, "s": "01/é", "d": "2024-01-02", "n": 7, "m": 1.5, "t": "2024-01-02 03:04:05.678"}
    with project(tmp_path, sql) as p:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "x.json").write_text(f'{json.dumps(row)}\n{{"a":2}}\n')
        p.run(bounded=True)
        frame = p.query("SELECT * FROM kept ORDER BY a").frame
        moment = dt.datetime.fromisoformat("2024-01-02 03:04:05.678")
        assert frame.select("a", "s", "d", "n", "m", "t").rows() == [
            (1, "01/é", dt.date(2024, 1, 2), 7, decimal.Decimal("1.50"), moment),
            (2, None, None, None, None, None),
        ]
        assert [frame[c].dtype for c in "nm"] == [pl.Int16(), pl.Decimal(4, 2)]


def test_columns_that_the_files_lack_are_null_in_questions(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE t (later MAP<STRING, INT>, a INT, k INT) PARTITIONED BY (k)
    WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet');
    """
    with project(tmp_path, sql) as p:
        (tmp_path / "out" / "k=7").mkdir(parents=True)
        pl.DataFrame({"a": [1], "more": [2]}, schema_overrides={"a": pl.Int32}).write_parquet(
            tmp_path / "out" / "k=7" / "x.parquet"
        )
        asked = p.query("SELECT * FROM t").frame
        assert (asked.columns, asked.rows()) == (["later", "a", "k"], [(None, 1, 7)])


def test_columns_that_are_not_in_files_can_be_asked_for(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE t (a INT, twice AS a * 2, f STRING METADATA FROM 'file.name' VIRTUAL, k STRING) PARTITIONED BY (k)
    WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet', 'sink.file-name' = 'x');
    INSERT INTO t PARTITION (k = 'y') VALUES (1), (2);
    """
    with project(tmp_path, sql) as p:
        p.run(bounded=True)
        assert p.query("SELECT a, twice, f, k FROM t ORDER BY a").rows() == [
            (n, 2 * n, "x.parquet", "y") for n in (1, 2)
        ]


def test_insert_overwrite_needs_an_end_and_then_replaces_partitions(tmp_path: Path) -> None:
    sql = """
    CREATE TABLE orders (id INT, d STRING) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'csv');
    CREATE TABLE latest (id INT, d STRING) PARTITIONED BY (d)
    WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'csv');
    INSERT OVERWRITE latest SELECT * FROM orders;
    """
    with project(tmp_path, sql) as p:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "a.csv").write_text("1,x\n2,y\n")
        with pytest.raises(UnsupportedError, match="INSERT OVERWRITE needs an input that ends") as raised:
            p.run()
        assert raised.value.hint == "run with --bounded, or use INSERT INTO"
        p.run(bounded=True)
        (tmp_path / "in" / "b.csv").write_text("3,x\n")
        p.run(bounded=True)
        assert p.query("SELECT id, d FROM latest ORDER BY id").rows() == [(2, "y"), (3, "x")]


def test_a_connector_that_there_is_not() -> None:
    with penstock.memory() as p:
        p.sql("CREATE TABLE a (n INT) WITH ('connector' = 'datagen')")
        p.sql("CREATE TABLE b (n INT) WITH ('connector' = 'prnt'); INSERT INTO b SELECT n FROM a")
        with pytest.raises(ConfigError, match="there is no connector 'prnt'") as raised:
            p.run(bounded=True)
        assert raised.value.hint == "did you mean print?"
