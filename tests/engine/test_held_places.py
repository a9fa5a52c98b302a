"""Rows that an operator held and handed on later: what is late or bad above it still shows its own message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import pytest

from penstock.engine import graph
from penstock.engine.operators.over_aggregate import OverAggregate
from tests.engine.project import EVENTS, RESULTS, append, event, opened, restored, write_project
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

COUNT = """
INSERT INTO r SELECT k, window_end, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE held, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;
"""
OVER = """
CREATE VIEW held AS SELECT id, k, ts,
  SUM(v) OVER (PARTITION BY k ORDER BY ts ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS v FROM e;
"""
TWICE = OVER.replace("held", "summed") + OVER.replace("FROM e", "FROM summed")
BESIDE = OVER.replace("held", "summed") + (
    "CREATE VIEW held AS SELECT * FROM summed UNION ALL SELECT id, k, ts, v FROM e WHERE id < 0;"
)
NAMES = """
CREATE TABLE names (k STRING, name STRING, ts TIMESTAMP(3), WATERMARK FOR ts AS ts, PRIMARY KEY (k) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'names', 'key.format' = 'json', 'value.format' = 'json');
"""
JOINED = f"""{NAMES}
CREATE VIEW held AS SELECT id, e.k, v, e.ts FROM e JOIN names FOR SYSTEM_TIME AS OF e.ts AS n ON e.k = n.k;
"""
FILES = """
CREATE TABLE f (id BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
"""
BAD = """
CREATE TABLE bad (id BIGINT, q BIGINT) WITH ('connector' = 'kafka', 'topic' = 'bad', 'format' = 'json');
INSERT INTO bad SELECT id, 100 / (v - 7) FROM held;
"""

# the watermark is 25 when the third comes; the fourth sets it free
HELD = [event(0, 0), event(1, 30), event(2, 12, "b", 7), event(3, 40), event(4, 50)]
LATE = ("window aggregate", "e", 0, 2, 2)


def listed(penstock: Penstock, table: str = "late") -> list[tuple[Any, ...]]:
    """(operator, table, partition, offset, id in the bytes) of late or rejected rows."""
    found = penstock.query(f"SELECT * FROM penstock.{table} ORDER BY id").dicts()
    return [
        (
            r["operator"],
            r["table"],
            r["partition"],
            r["offset"],
            None if r["raw"] is None else orjson.loads(r["raw"])["id"],
        )
        for r in found
    ]


def go_on(penstock: Penstock) -> None:
    """From the last checkpoint to the next, as another process would."""
    with restored(penstock) as pipeline:
        pipeline.step(100)
        pipeline.commit()


@pytest.mark.parametrize("view", [OVER, TWICE, BESIDE])
def test_a_late_row_behind_an_over_has_its_own_place_and_bytes(tmp_path: Path, view: str) -> None:
    with opened(write_project(tmp_path, EVENTS + RESULTS + view + COUNT, partitions=2)) as penstock:
        append(penstock, [event(9, 90, "c")], 0)
        append(penstock, HELD, 1)
        penstock.run(bounded=True)
        assert listed(penstock) == [("window aggregate", "e", 1, 2, 2)]
        (row,) = penstock.query('SELECT "row" FROM penstock.late').rows()
        assert orjson.loads(row[0]).keys() == {"k", "v", "ts"}


def test_a_left_row_that_is_late_behind_a_temporal_join_is_the_left_message(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, EVENTS + RESULTS + JOINED + COUNT)) as penstock:
        names = [
            {"value": orjson.dumps({"k": k, "name": k, "ts": f"2024-01-01 00:0{m}:00"}), "key": orjson.dumps({"k": k})}
            for m in (0, 5)
            for k in "ab"
        ]
        penstock.append("names", pl.DataFrame(names))
        append(penstock, HELD)
        penstock.run(bounded=True)
        assert listed(penstock) == [LATE]


def test_the_place_outlives_the_process(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, EVENTS + RESULTS + OVER + COUNT)) as penstock:
        append(penstock, HELD[:3])
        go_on(penstock)
        append(penstock, HELD[3:])
        go_on(penstock)
        assert listed(penstock) == [LATE]


def test_rows_of_files_have_their_line_beside_those_of_a_topic(tmp_path: Path) -> None:
    """Two readers: places are the pipeline's own."""
    sql = EVENTS + FILES + RESULTS + OVER.replace("FROM e", "FROM (SELECT * FROM e UNION ALL SELECT * FROM f)") + COUNT
    (tmp_path / "in").mkdir()
    texts = [orjson.dumps({**e, "id": 10 + e["id"], "k": f"f{e['k']}", "ts": str(e["ts"])}) for e in HELD]
    (tmp_path / "in" / "a.json").write_bytes(b"\n".join(texts) + b"\n")
    with opened(write_project(tmp_path, sql)) as penstock:
        append(penstock, HELD)
        penstock.run(bounded=True)
        start = len(texts[0]) + len(texts[1]) + 2
        assert sorted(listed(penstock)) == [LATE, ("window aggregate", "f", 0, start, 12)]


def test_a_row_that_is_bad_behind_an_over_has_its_place(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, EVENTS + OVER + BAD, on_bad_row="reject")) as penstock:
        append(penstock, HELD)
        penstock.run(bounded=True)
        assert listed(penstock, "rejects") == [("calc", "e", 0, 2, 2)]


def test_bytes_that_retention_has_deleted_are_not_there_but_the_place_is(tmp_path: Path) -> None:
    with opened(write_project(tmp_path, EVENTS + RESULTS + OVER + COUNT)) as penstock:
        append(penstock, HELD[:3])
        with restored(penstock) as pipeline:
            pipeline.step(100)
            pipeline.commit()
            (before,) = penstock.log.describe("e")
            append(penstock, HELD[3:])
            (whole,) = penstock.log.describe("e")
            penstock.log.alter_topic("e", configs={"retention.bytes": whole.bytes - before.bytes})
            until(lambda: penstock.log.maintain(1.0), "nothing was deleted")
            pipeline.step(100)
            pipeline.commit()
        assert listed(penstock) == [(*LATE[:4], None)]


@pytest.mark.parametrize(("carried", "place"), [(False, (None, None, None)), (True, (0, 2, 2))])
def test_state_with_and_without_places_is_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, carried: bool, place: tuple[int | None, ...]
) -> None:
    """Without: as versions before have left it."""
    with opened(write_project(tmp_path, EVENTS + RESULTS + OVER + COUNT)) as penstock:
        append(penstock, HELD[:3])
        with monkeypatch.context() as patched:
            if not carried:
                patched.setattr(graph, "carrying", lambda *_, **__: frozenset())
                patched.setattr(OverAggregate, "version", 2)
            go_on(penstock)
        append(penstock, HELD[3:])
        go_on(penstock)
        assert listed(penstock) == [("window aggregate", "e", *place)]


def test_nothing_is_carried_where_no_row_can_be_late_or_bad_any_more(tmp_path: Path) -> None:
    sink = "CREATE TABLE b (k STRING, v BIGINT) WITH ('connector' = 'blackhole'); INSERT INTO b SELECT k, v FROM held;"
    with opened(write_project(tmp_path, EVENTS + OVER + sink)) as penstock, restored(penstock) as pipeline:
        assert not any(v.operator.carried for v in pipeline.executor.graph.vertices)
