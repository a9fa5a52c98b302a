"""Tables over topics: where reading ends, which partition a row goes to, columns out of keys."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import ConfigError, UnsupportedError
from penstock.project.build import make_pipeline

if TYPE_CHECKING:
    from pathlib import Path

KEYED = """
CREATE TABLE t (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 't', 'value.format' = 'json',
  'key.format' = 'json', 'key.fields' = 'id', 'value.fields-include' = 'EXCEPT_KEY')
"""


def table(name: str, **options: str) -> str:
    own = {"connector": "kafka", "topic": name, "format": "json"}
    given = own | {key.replace("_", "."): value for key, value in options.items()}
    words = ", ".join(f"'{key}' = '{value}'" for key, value in given.items())
    return f"CREATE TABLE {name} (n INT) WITH ({words});"


def test_a_topic_that_is_read_to_its_end_ends_the_run() -> None:
    with penstock.memory() as p:
        p.sql(table("a", scan_bounded_mode="latest-offset") + table("b") + "INSERT INTO b SELECT n + 1 FROM a")
        p.append("a", [{"n": 1}, {"n": 2}])
        p.run()
        assert p.query("SELECT n FROM b").rows() == [(2,), (3,)]


def test_topics_of_one_pipeline_end_together_or_not_at_all() -> None:
    with penstock.memory() as p:
        p.sql(table("a", scan_bounded_mode="latest-offset") + table("b") + table("c"))
        p.sql("INSERT INTO c SELECT n FROM a UNION ALL SELECT n FROM b")
        with pytest.raises(UnsupportedError) as raised:
            p.start()
        assert str(raised.value) == (
            "topic a is read to its end, and topic b without one, in one pipeline\n"
            "hint: give both 'scan.bounded.mode' = 'latest-offset', or neither"
        )
        p.run(bounded=True)


def test_the_partitioner_fixed_takes_the_first_partition() -> None:
    with penstock.memory() as p:
        p.log.create_topic("a", 4)
        p.log.create_topic("b", 4)
        p.sql(table("a") + table("b", sink_partitioner="fixed"))
        for name in ("a", "b"):
            for n in range(8):
                p.append(name, [{"n": n}])
        assert [d.rows for d in p.log.describe("a")] == [2, 2, 2, 2]
        assert [d.rows for d in p.log.describe("b")] == [8, 0, 0, 0]


def test_the_partitioner_round_robin_wants_rows_without_a_key() -> None:
    with penstock.memory() as p:
        p.sql(table("a", sink_partitioner="round-robin", key_format="json", key_fields="n"))
        with pytest.raises(ConfigError) as raised:
            p.append("a", [{"n": 1}])
        assert str(raised.value) == (
            "sink.partitioner = round-robin is for rows without a key\ntable a\n"
            "hint: leave out key.fields, or sink.partitioner"
        )


@pytest.mark.parametrize("batch_rows", [1, 100])
def test_a_column_of_the_key_stands_beside_its_own_value(batch_rows: int) -> None:
    records = pl.DataFrame(
        {
            "key": [b'{"id":1}', None, b'{"id":3}', b"{", b'{"id":5}'],
            "value": [b'{"name":"a"}', b'{"name":"b"}', b"nothing", b'{"name":"d"}', b'{"name":"e"}'],
        }
    )
    with penstock.memory() as p:
        p.sql(KEYED + ";" + "CREATE TABLE u (id INT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'u',"
              "'format' = 'json'); INSERT INTO u SELECT * FROM t")  # fmt: skip
        p.append("t", records)
        p.start(bounded=True, batch_rows=batch_rows).wait()
        assert p.stop() == {}
        assert p.query("SELECT id, name FROM u").rows() == [(1, "a"), (5, "e")]
        assert p.query('SELECT "offset" FROM penstock.rejects ORDER BY 1').rows() == [(2,), (3,)]
        counts = p.ledger().filter(pl.col("kind") == "source").row(0, named=True)
        assert (counts["taken"], counts["passed"], counts["rejected"], counts["filtered"]) == (5, 2, 2, 1)


def test_what_parse_errors_leave_out_is_counted_once(tmp_path: Path) -> None:
    lines = [b'{"id":1}', b"{", b'{"id":"x"}', b'{"id":3}']
    (tmp_path / "lines.json").write_bytes(b"\n".join(lines))
    with penstock.memory() as p:
        for name, place in {"f": f"'filesystem', 'path' = '{tmp_path}'", "t": "'kafka', 'topic' = 't'"}.items():
            p.sql(f"""
                CREATE TABLE {name} (id INT) WITH ('connector' = {place}, 'format' = 'json',
                  'json.ignore-parse-errors' = 'true');
                CREATE TABLE from_{name} (id INT)
                WITH ('connector' = 'kafka', 'topic' = 'from_{name}', 'format' = 'json');
                INSERT INTO from_{name} SELECT id FROM {name}
            """)
        p.append("t", pl.DataFrame({"value": [*lines, None]}))
        p.run(bounded=True)
        for name, taken in (("f", 4), ("t", 5)):
            assert p.query(f"SELECT id FROM from_{name}").rows() == [(1,), (None,), (3,)]
            counts = p.ledger().filter(pl.col("operator") == f"source {name}").row(0, named=True)
            assert [counts[k] for k in ("taken", "passed", "rejected", "filtered")] == [taken, 3, 1, taken - 4]


def test_a_prefix_is_taken_off_the_names_in_the_key() -> None:
    """Its decoded columns, kept by the append, are those of the value alone."""
    with penstock.memory() as p:
        p.sql(KEYED.replace("id INT", "k_id INT").replace("'id'", "'k_id', 'key.fields-prefix' = 'k_'"))
        p.append("t", [{"k_id": 7, "name": "x"}])
        assert next(p.log.read("t")).select("key", "value").row(0) == (b'{"id":7}', b'{"name":"x"}')
        assert p.query("SELECT k_id, name FROM t").rows() == [(7, "x")]


def test_a_table_of_changes_takes_a_prefix_off_too() -> None:
    with penstock.memory() as p:
        p.sql("""
            CREATE TABLE t (k_id INT, name STRING, PRIMARY KEY (k_id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 't', 'key.format' = 'json', 'value.format' = 'json', 'key.fields-prefix' = 'k_',
            'value.fields-include' = 'EXCEPT_KEY')
        """)
        p.append("t", [{"k_id": 7, "name": "x"}, {"k_id": 8, "name": "y"}, {"k_id": 7, "name": "z"}])
        assert p.query("SELECT k_id, name FROM t ORDER BY k_id").rows() == [(7, "z"), (8, "y")]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"key_fields": "n"}, "key.fields needs a key.format\ntable a"),
        ({"key_fields": "m", "key_format": "json"}, "key.fields names no column: 'm'\ntable a"),
        (
            {"scan_startup_mode": "group-offsets"},
            "scan.startup.mode = group-offsets needs a group\ntable a\nhint: 'properties.group.id' = '...'",
        ),
        (
            {"scan_startup_mode": "specific-offsets", "scan_startup_specific-offsets": "offset:1"},
            "scan.startup.specific-offsets has 'offset:1'\ntable a\nhint: partition:0,offset:42;partition:1,offset:300",
        ),
    ],
)
def test_options_that_do_not_fit_are_named(options: dict[str, str], words: str) -> None:
    with penstock.memory() as p:
        p.sql(table("a", **options))
        with pytest.raises(ConfigError) as raised:
            p.sql("SELECT n FROM a")
        assert str(raised.value) == words


def test_a_table_of_changes_needs_a_key_and_its_format() -> None:
    with penstock.memory() as p:
        p.sql("""
            CREATE TABLE t (k INT, v INT, PRIMARY KEY (k) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 't', 'value.format' = 'json')
        """)
        with pytest.raises(ConfigError) as raised:
            p.query("SELECT * FROM t")
        assert str(raised.value) == "option 'key.format' is required\ntable t"


def test_what_comes_after_the_start_is_not_read_to_the_end() -> None:
    """Rows that lie behind the end, in one poll with those before it."""
    with penstock.memory() as p:
        p.sql(table("a", scan_bounded_mode="latest-offset") + table("b") + "INSERT INTO b SELECT n FROM a")
        p.append("a", [{"n": 1}])
        definition, world = p.definition.pipelines[0], p.world
        pipeline = make_pipeline(definition, world, p.settings)
        p.append("a", [{"n": 2}])
        pipeline.run(threading.Event())
        pipeline.close()
        assert p.query("SELECT n FROM b").rows() == [(1,)]


def test_a_topic_that_several_need_at_once_is_made_once() -> None:
    names = [f"t{n}" for n in range(20)]
    errors: list[Exception] = []
    with penstock.memory() as p:
        p.sql("".join(map(table, names)))
        together = threading.Barrier(4)

        def append() -> None:
            try:
                for name in names:
                    together.wait(180)
                    p.append(name, [{"n": 1}])
            except Exception as error:  # noqa: BLE001  # looked at below
                errors.append(error)

        threads = [threading.Thread(target=append) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        assert sum(topic.records for topic in p.log.held()) == 4 * len(names)
