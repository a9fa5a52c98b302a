"""Queries whose rows change, through the log: into a table by key, out of it, and over restarts."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl

from tests.engine.project import EVENTS, append, event, fates, opened, restored, write_project

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock


def by_key(name: str, columns: str, key: str) -> str:
    return (
        f"CREATE TABLE {name} ({columns}, PRIMARY KEY ({key}) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',"
        f" 'topic' = '{name}', 'key.format' = 'json', 'value.format' = 'json');\n"
    )


COUNTED = EVENTS + by_key("counted", "k STRING, n BIGINT, top BIGINT", "k")
INTO_COUNTED = "INSERT INTO counted SELECT k, COUNT(*), MAX(v) FROM e GROUP BY k;\n"
HISTOGRAM = by_key("histogram", "n BIGINT, ks BIGINT", "n")
INTO_HISTOGRAM = "INSERT INTO histogram SELECT n, COUNT(*) FROM counted GROUP BY n;\n"


def table(penstock: Penstock, name: str) -> list[tuple[Any, ...]]:
    return sorted(penstock.query(f"SELECT * FROM {name}").rows())


def records(penstock: Penstock, topic: str) -> list[tuple[str, str | None]]:
    frame = pl.concat(list(penstock.log.read(topic, columns=("key", "value"))))
    return [(k.decode(), None if v is None else v.decode()) for k, v in frame.iter_rows()]


def made_of(events: list[dict[str, Any]]) -> list[tuple[str, int, int]]:
    counts = Counter(e["k"] for e in events)
    return sorted((k, n, max(e["v"] for e in events if e["k"] == k)) for k, n in counts.items())


def test_a_table_by_key_is_written_and_read_as_changes(tmp_path: Path) -> None:
    write_project(tmp_path, COUNTED + HISTOGRAM + INTO_COUNTED + INTO_HISTOGRAM)
    events = [event(n, n, key, n) for n, key in enumerate("abcabdab")]
    with opened(tmp_path) as penstock:
        append(penstock, events[:5])
        penstock.run(bounded=True)
        assert table(penstock, "counted") == [("a", 2, 3), ("b", 2, 4), ("c", 1, 2)]
        assert table(penstock, "histogram") == [(1, 1), (2, 2)]
    with opened(tmp_path) as penstock:
        append(penstock, events[5:])
        penstock.run(bounded=True)
        assert table(penstock, "counted") == made_of(events)
        assert table(penstock, "histogram") == [(1, 2), (3, 2)]
        assert ('{"n":2}', None) in records(penstock, "histogram")
        ledger = fates(penstock)
    with opened(tmp_path) as penstock:
        penstock.run(bounded=True)
        assert fates(penstock) == ledger


def test_only_what_nothing_replaces_is_ended(tmp_path: Path) -> None:
    sql = COUNTED + "INSERT INTO counted SELECT k, COUNT(*), MAX(v) FROM e GROUP BY k HAVING MAX(v) < 5;\n"
    write_project(tmp_path, sql)
    with opened(tmp_path) as penstock:
        for n, v in enumerate([1, 2, 9]):
            append(penstock, [event(n, n, "a", v)])
            penstock.run(bounded=True)
        assert records(penstock, "counted") == [
            ('{"k":"a"}', '{"k":"a","n":1,"top":1}'),
            ('{"k":"a"}', '{"k":"a","n":2,"top":2}'),
            ('{"k":"a"}', None),
        ]
        assert table(penstock, "counted") == []


def test_changes_that_were_rolled_back_are_made_again(tmp_path: Path) -> None:
    write_project(tmp_path, COUNTED + INTO_COUNTED)
    chance = random.Random(3)
    events = [event(n, n, chance.choice("abcdefgh"), chance.randrange(99)) for n in range(300)]
    with opened(tmp_path) as penstock:
        append(penstock, events)
        while True:
            with restored(penstock, bounded=True) as pipeline:
                pipeline.input.bound()
                if not pipeline.step(chance.randrange(1, 40)):
                    break
                pipeline.commit()
                pipeline.step(chance.randrange(1, 40))
        assert table(penstock, "counted") == made_of(events)


def test_tombstones_and_records_of_others_are_changes_too(tmp_path: Path) -> None:
    write_project(tmp_path, COUNTED + HISTOGRAM + INTO_HISTOGRAM)
    with opened(tmp_path) as penstock:
        penstock.log.create_topic("counted", 1)
        put = {b'{"k":"a"}': b'{"k":"a","n":1,"top":0}', b'{"k":"b"}': b'{"k":"b","n":1,"top":0}'}
        penstock.log.append("counted", pl.DataFrame({"key": list(put), "value": list(put.values())}))
        gone = pl.Series([None, None], dtype=pl.Binary)
        penstock.log.append("counted", pl.DataFrame({"key": [b'{"k":"b"}', b'{"k":"z"}'], "value": gone}))
        penstock.run(bounded=True)
        assert table(penstock, "histogram") == [(1, 1)]
        read, normalized = (fates(penstock)[n] for n in ("source counted", "normalize"))
        assert (read["taken"], read["passed"]) == (4, 4)
        assert (normalized["taken"], normalized["passed"], normalized["filtered"]) == (4, 3, 1)


def test_the_rows_that_stand_are_the_answer_to_a_question(tmp_path: Path) -> None:
    sql = EVENTS + "CREATE VIEW counted AS SELECT k, COUNT(*) AS n FROM e GROUP BY k;\n"
    write_project(tmp_path, sql + "CREATE VIEW twice AS SELECT n FROM counted UNION ALL SELECT n FROM counted;\n")
    with opened(tmp_path) as penstock:
        append(penstock, [event(n, n, key) for n, key in enumerate("aabbc")])
        assert table(penstock, "counted") == [("a", 2), ("b", 2), ("c", 1)]
        assert table(penstock, "twice") == [(1,), (1,), (2,), (2,), (2,), (2,)]
