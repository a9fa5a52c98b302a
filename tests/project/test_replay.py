"""Replaying rejected and late rows: one event counts once, and windows that had closed are computed anew."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest

import penstock
from penstock.core.errors import LockedError, LogError, StateError, UnsupportedError
from penstock.project.replay import HEADER, closed_windows, replay
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.penstock import Penstock

SOURCE = """
CREATE TABLE clicks (id INT, ts TIMESTAMP(3), n INT, WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
"""
COUNTS = """
CREATE TABLE counts (window_start TIMESTAMP(3), rows_in BIGINT, total BIGINT, PRIMARY KEY (window_start) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'counts', 'key.format' = 'json', 'value.format' = 'json',
      'properties.bootstrap.servers' = 'embedded');
INSERT INTO counts
SELECT window_start, COUNT(*), SUM(n)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
"""
SLIDING = COUNTS.replace(
    "TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)",
    "HOP(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND, INTERVAL '20' SECOND)",
)
FILES = """
CREATE TABLE counts (window_start TIMESTAMP(3), rows_in BIGINT, total BIGINT)
WITH ('connector' = 'filesystem', 'path' = 'out', 'format' = 'parquet');
INSERT INTO counts
SELECT window_start, COUNT(*), SUM(n)
FROM TABLE(TUMBLE(TABLE clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
"""

HELD = COUNTS.replace("TABLE clicks,", "TABLE summed,").replace(
    "INSERT",
    """CREATE VIEW summed AS SELECT id, ts,
SUM(n) OVER (PARTITION BY id ORDER BY ts ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS n FROM clicks;
INSERT""",
)


def row(id_: int, second: int, n: int = 1) -> bytes:
    return json.dumps({"id": id_, "ts": f"2025-01-01 00:00:{second:02}", "n": n}).encode()


def project(folder: Path, sql: str) -> Penstock:
    (folder / "sql").mkdir(parents=True, exist_ok=True)
    (folder / "penstock.toml").write_text('[project]\nname = "replays"\n')
    (folder / "sql" / "1.sql").write_text(SOURCE + sql)
    return penstock.open(folder)


def feed(project: Penstock, *values: bytes) -> None:
    project.append("clicks", pl.DataFrame({"value": list(values)}))


def run(project: Penstock) -> None:
    project.run(bounded=True)


def present(project: Penstock) -> dict[int, tuple[int, int]]:
    rows = project.query("SELECT window_start, rows_in, total FROM counts ORDER BY window_start").rows()
    return {start.second: (rows_in, total) for start, rows_in, total in rows}


def double_n(value: bytes) -> bytes:
    return value.replace(b'"two"', b"2")


def test_a_mended_reject_counts_once_and_is_tied_to_its_original(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1), b'{"id": 2, "ts": "2025-01-01 00:00:02", "n": "two"}')
        p.start()
        until(lambda: p.query("SELECT * FROM penstock.rejects").rows(), "it never came")
        done = replay(p, [1], mend=double_n)
        assert done.copies.rows() == [(1, "clicks", 0, 2)]
        until(lambda: p.query("""SELECT * FROM "counts$open" WHERE rows_in = 2""").rows(), "it never came")
        p.stop()
        run(p)
        assert present(p) == {0: (2, 3)}
        copy = pl.concat(list(p.log.read("clicks", {0: 2}, {0: 3})))
        assert copy["headers"].to_list() == [[{"key": HEADER, "value": b"clicks:0:1"}]]
        assert p.query("SELECT replayed_partition, replayed_offset FROM penstock.rejects").rows() == [(0, 2)]
        source = p.ledger().filter(pl.col("kind") == "source").row(0, named=True)
        assert (source["taken"], source["passed"], source["rejected"], source["replayed"]) == (3, 2, 1, 1)
        with pytest.raises(LogError, match=r"row 1 was replayed already, as offset 2 of partition 0"):
            replay(p, [1], mend=double_n)


def test_a_late_row_is_rebuilt_into_its_window(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1), row(2, 15), row(3, 5, n=10), row(4, 25))
        run(p)
        assert present(p) == {0: (1, 1), 10: (1, 1), 20: (1, 1)}
        (closed,) = closed_windows(p, [1], late_rows=True)
        assert (closed.row, closed.window_end and closed.window_end.second) == (1, 10)
        done = replay(p, [1], late_rows=True, rebuild=True)
        assert [(r.table, r.written, r.removed) for r in done.rebuilt] == [("counts", 1, 0)]
        assert present(p) == {0: (2, 11), 10: (1, 1), 20: (1, 1)}
        # its copy is passed over: it stands already, and is no late row again
        run(p)
        assert present(p) == {0: (2, 11), 10: (1, 1), 20: (1, 1)}
        assert p.query("SELECT count(*) FROM penstock.late").rows() == [(1,)]


@pytest.mark.parametrize("sql", [COUNTS, SLIDING, FILES])
def test_what_was_rebuilt_stands_when_the_log_is_read_from_the_beginning(tmp_path: Path, sql: str) -> None:
    with project(tmp_path, sql) as p:
        bad = b'{"id": 2, "ts": "2025-01-01 00:00:02", "n": "two"}'
        feed(p, row(1, 1), bad, row(3, 15), row(4, 5, n=10), row(5, 45))
        run(p)
        replay(p, [1], mend=double_n, rebuild=True)
        replay(p, [1], late_rows=True, rebuild=True)
        run(p)
        before = present(p)
        p.start(fresh=True, bounded=True)
        until(lambda: all(r.ended for r in p.running), "it never came")
        p.stop()
        assert present(p) == before
        feed(p, row(6, 7, n=100), row(7, 50))
        run(p)
        ((late_id,),) = p.query("SELECT max(id) FROM penstock.late WHERE decode(raw) LIKE '%100%'").rows()
        replay(p, [late_id], late_rows=True, rebuild=True)
        assert present(p)[0] == (before[0][0] + 1, before[0][1] + 100)


def test_a_late_row_behind_an_over_is_rebuilt_into_its_window(tmp_path: Path) -> None:
    """The OVER has counted it already; of its own time, no window's, it would be late there."""
    with project(tmp_path, HELD) as p:
        feed(p, row(1, 1), row(1, 15), row(3, 5, n=10), row(1, 25), row(1, 35))
        run(p)
        before = present(p)
        assert p.query("SELECT operator, \"offset\", decode(raw) LIKE '%10}' FROM penstock.late").rows() == [
            ("window aggregate", 2, True)
        ]
        (closed,) = closed_windows(p, [1], late_rows=True)
        assert (closed.operator, closed.window_start, closed.window_end) == ("over aggregate", None, None)
        with pytest.raises(LogError, match="row 1 counts in some windows already"):
            replay(p, [1], late_rows=True)
        replay(p, [1], late_rows=True, rebuild=True)
        run(p)
        assert present(p) == before | {0: (before[0][0] + 1, before[0][1] + 10)}


def test_without_rebuild_a_late_row_is_late_again_and_says_so_before(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1), row(2, 15), row(3, 5))
        run(p)
        replay(p, [1], late_rows=True)
        run(p)
        assert present(p) == {0: (1, 1), 10: (1, 1)}
        assert p.query("SELECT count(*) AS n FROM penstock.late").rows() == [(2,)]


def test_rebuilds_add_up(tmp_path: Path) -> None:
    """A second rebuild keeps what the first has brought in, before and after the copy was read."""
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1), row(2, 15), row(3, 5, n=10), row(4, 6, n=100), row(5, 7, n=1000))
        run(p)
        replay(p, [1], late_rows=True, rebuild=True)
        assert present(p)[0] == (2, 11)
        replay(p, [2], late_rows=True, rebuild=True)
        assert present(p)[0] == (3, 111)
        run(p)
        replay(p, [3], late_rows=True, rebuild=True)
        assert present(p)[0] == (4, 1111)


def test_the_copy_of_a_row_that_some_windows_can_use_counts_once_when_it_is_rebuilt_too(tmp_path: Path) -> None:
    """The mended copy is late for one window and in time for the next; rebuilt again it still counts once."""
    with project(tmp_path, SLIDING) as p:
        p.start()
        feed(p, row(1, 1), b'{"id": 2, "ts": "2025-01-01 00:00:05", "n": "two"}', row(3, 12))
        until(lambda: present(p).get(50) and p.query("SELECT * FROM penstock.rejects").rows(), "it never came")
        p.stop()
        replay(p, [1], mend=double_n, rebuild=True)
        assert present(p)[50] == (2, 3)
        run(p)
        assert (present(p)[50], present(p)[0]) == ((2, 3), (3, 4))
        replay(p, [1], late_rows=True, rebuild=True)
        assert (present(p)[50], present(p)[0]) == ((2, 3), (3, 4))


def test_a_row_late_for_some_windows_is_rebuilt_in_place(tmp_path: Path) -> None:
    """Its copy would count once more where it counts already."""
    with project(tmp_path, SLIDING) as p:
        feed(p, row(1, 1), row(2, 12), row(3, 5, n=10), row(4, 31))
        run(p)
        before = present(p)
        with pytest.raises(LogError, match="row 1 counts in some windows already"):
            replay(p, [1], late_rows=True)
        with pytest.raises(LogError, match="row 1 cannot be mended: it counts in some windows as it is\nhint"):
            replay(p, [1], late_rows=True, mend=lambda value: value + b" ", rebuild=True)
        done = replay(p, [1], late_rows=True, rebuild=True)
        assert done.copies.rows() == [(1, "clicks", None, None)]
        after = present(p)
        assert {k for k in after if after[k] != before[k]} == {50}
        assert after[50] == (2, 11)
        assert after[0] == before[0] == (3, 12)
        with pytest.raises(LogError, match="in place, into windows that had closed"):
            replay(p, [1], late_rows=True, rebuild=True)


def test_a_rejected_row_of_closed_windows_is_rebuilt_mended(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1), b'{"id": 2, "ts": "2025-01-01 00:00:02", "n": "two"}', row(3, 15))
        run(p)
        assert [c.window_end and c.window_end.second for c in closed_windows(p, [1], mend=double_n)] == [10]
        replay(p, [1], mend=double_n, rebuild=True)
        assert present(p) == {0: (2, 3), 10: (1, 1)}


def test_a_window_that_nobody_had_seen_appears(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 35), row(2, 5))
        run(p)
        assert present(p) == {30: (1, 1)}
        replay(p, [1], late_rows=True, rebuild=True)
        assert present(p) == {0: (1, 1), 30: (1, 1)}


def test_files_are_replaced_whole(tmp_path: Path) -> None:
    with project(tmp_path, FILES) as p:
        feed(p, row(1, 1), row(2, 15), row(3, 5, n=10))
        run(p)
        done = replay(p, [1], late_rows=True, rebuild=True)
        assert [(r.written, r.removed) for r in done.rebuilt] == [(1, 1)]
        assert present(p) == {0: (2, 11), 10: (1, 1)}


def test_what_cannot_be_replaced_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    appended = COUNTS.replace("upsert-kafka", "kafka").replace("'key.format' = 'json', 'value.format'", "'format'")
    with project(tmp_path, appended.replace(", PRIMARY KEY (window_start) NOT ENFORCED", "")) as p:
        feed(p, row(1, 1), row(2, 15), row(3, 5))
        run(p)
        end = p.log.ends("clicks")
        with pytest.raises(UnsupportedError, match="rows of table counts cannot be replaced"):
            replay(p, [1], late_rows=True, rebuild=True)
        assert p.log.ends("clicks") == end


def test_a_rebuild_needs_the_log_from_where_reading_began(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, row(1, 1))
        (first,) = p.log.describe("clicks")
        feed(p, row(2, 15), row(3, 5))
        (whole,) = p.log.describe("clicks")
        run(p)
        p.log.alter_topic("clicks", configs={"retention.bytes": whole.bytes - first.bytes})
        until(lambda: p.log.maintain(1.0), "it never came")
        with pytest.raises(StateError, match="offsets 0 to 0 of topic 'clicks', partition 0, are deleted"):
            replay(p, [1], late_rows=True, rebuild=True)


def test_a_rebuild_needs_the_engine_stopped(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p, penstock.open(tmp_path) as other:
        feed(p, row(1, 1), row(2, 15), row(3, 5))
        run(p)
        p.start()
        with pytest.raises(LockedError):
            replay(other, [1], late_rows=True, rebuild=True)
        p.stop()


def test_a_pipeline_that_had_counted_a_row_passes_its_copy_over(tmp_path: Path) -> None:
    """Two pipelines: one has rejected the row, the other has used it."""
    strict = (
        COUNTS
        + """
CREATE TABLE strict_clicks (id INT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts)
WITH ('connector' = 'kafka', 'topic' = 'clicks', 'format' = 'json', 'properties.bootstrap.servers' = 'embedded');
CREATE TABLE ids (window_start TIMESTAMP(3), ids BIGINT, PRIMARY KEY (window_start) NOT ENFORCED)
WITH ('connector' = 'upsert-kafka', 'topic' = 'ids', 'key.format' = 'json', 'value.format' = 'json',
      'properties.bootstrap.servers' = 'embedded');
INSERT INTO ids SELECT window_start, COUNT(id)
FROM TABLE(TUMBLE(TABLE strict_clicks, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY window_start, window_end;
"""
    )
    with project(tmp_path, strict) as p:
        feed(p, row(1, 1), b'{"id": 2, "ts": "2025-01-01 00:00:02", "n": "two"}')
        p.start()
        until(lambda: p.query("SELECT * FROM penstock.rejects").rows(), "it never came")
        p.stop()
        replay(p, [1], mend=double_n)
        run(p)
        assert present(p) == {0: (2, 3)}
        assert p.query("SELECT ids FROM ids").rows() == [(2,)]


@pytest.mark.parametrize(
    ("ids", "words"),
    [([9], "there is no reject 9"), ([1], "cannot be replayed: it is from")],
)
def test_what_cannot_be_replayed_is_named(tmp_path: Path, ids: list[int], words: str) -> None:
    files = """
CREATE TABLE lines (id INT) WITH ('connector' = 'filesystem', 'path' = 'in', 'format' = 'json');
CREATE TABLE copies (id INT) WITH ('connector' = 'kafka', 'topic' = 'copies', 'format' = 'json',
  'properties.bootstrap.servers' = 'embedded');
INSERT INTO copies SELECT id FROM lines;
"""
    (tmp_path / "in").mkdir(parents=True)
    (tmp_path / "in" / "a.json").write_text('{"id": 1}\n{"id": "x"}\n')
    with project(tmp_path, files) as p:
        run(p)
        with pytest.raises(LogError, match=words):
            replay(p, ids)


def test_a_row_that_retention_has_deleted_is_gone(tmp_path: Path) -> None:
    with project(tmp_path, COUNTS) as p:
        feed(p, b"nonsense")
        (first,) = p.log.describe("clicks")
        feed(p, row(1, 1))
        (whole,) = p.log.describe("clicks")
        run(p)
        p.log.alter_topic("clicks", configs={"retention.bytes": whole.bytes - first.bytes})
        until(lambda: p.log.maintain(1.0), "it never came")
        with pytest.raises(LogError, match="row 1 is no longer in topic 'clicks'\nhint: retention has deleted it"):
            replay(p, [1])


def test_a_rebuild_reads_topics_alone(tmp_path: Path) -> None:
    mixed = COUNTS.replace("TABLE clicks,", "TABLE both_of_them,").replace(
        "INSERT",
        "CREATE VIEW both_of_them AS SELECT * FROM clicks UNION ALL SELECT * FROM filed; INSERT",
    )
    filed = SOURCE.replace("clicks", "filed").replace("kafka", "filesystem").replace("'topic'", "'path'")
    (tmp_path / "filed").mkdir()
    with project(tmp_path, filed.replace(", 'properties.bootstrap.servers' = 'embedded'", "") + mixed) as p:
        feed(p, row(1, 1), b"nonsense")
        run(p)
        with pytest.raises(UnsupportedError) as raised:
            replay(p, [1], rebuild=True)
        assert raised.value.message == "the pipeline reads table filed of connector 'filesystem'"
