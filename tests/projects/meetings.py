"""The project `collab` fed by its simulator on a clock of its own, and what DuckDB makes of the same events.

The reference knows nothing of the engine: it reads the raw JSON, works out the watermark from the order in which the
records were appended, and counts windows with window functions.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from penstock.apps import START_MS, events
from penstock.core.clock import ManualClock, SystemClock
from penstock.project.definition import read_definition
from penstock.project.penstock import HOME, Penstock
from tests.projects.folders import laid_out

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.core.clock import Clock

TOPICS = {
    "user_events": ("join", "leave"),
    "chat_events": ("message", "reaction", "emoji"),
    "meeting_events": ("video_start", "video_stop", "screen_share", "network_lag"),
}
PARTITIONS = 10
DELAY_MS = 5_000
IDLE_MS = 2_000
DAY_MS = 86_400_000

COUNTS = (
    "window_joined_users", "join_count", "leave_count", "message_count", "text_message_count", "reaction_count",
    "video_starts", "screen_shares", "avg_latency_ms", "packet_loss_pct",
)  # fmt: skip


class Afterwards:
    """A clock that goes on from `now_ms`: an hour after the events, none of them is old enough to be deleted."""

    def __init__(self, now_ms: int) -> None:
        self._system = SystemClock()
        self._began = self._system.monotonic()
        self._now = now_ms

    def now_ms(self) -> int:
        return self._now + round((self.monotonic() - self._began) * 1000)

    def monotonic(self) -> float:
        return self._system.monotonic()

    def sleep(self, seconds: float) -> None:
        self._system.sleep(seconds)


def opened(folder: Path, clock: Clock | None = None) -> Penstock:
    """The project in `folder`, an hour after the simulation began."""
    return Penstock(read_definition(folder), folder / HOME, clock or Afterwards(START_MS + 3_600_000))


def fed(folder: Path, count: int, rate: float) -> pl.DataFrame:
    """Lay the project out in `folder` and append `count` events at the times at which they were sent.

    Returns the records in their order: seq, topic, partition, offset, value, sent (ms), appended (ms), fault.
    """
    clock = ManualClock(START_MS)
    parts = []
    batches = events("collab", rate=rate, events=count, seed=7, late=0.01, duplicate=0.01, malformed=0.01, batch=1_000)
    with opened(laid_out("collab", folder), clock) as project:
        for batch in batches:
            last = max(int(frame["timestamp"].to_numpy()[-1]) for frame in batch.topics.values())
            clock.advance(last - clock.now_ms())
            for topic, frame in batch.topics.items():
                placed = project.append(topic, frame)
                parts.append(
                    pl.DataFrame([placed["partition"], placed["offset"], frame["value"], batch.faults[topic]])
                    .with_columns(frame["timestamp"].alias("sent"))
                    .with_columns(topic=pl.lit(topic), appended=pl.lit(clock.now_ms()))
                )
        assert all(project.log.topic(topic).partitions == PARTITIONS for topic in TOPICS)
    return (
        pl.concat(parts)
        .with_row_index("seq")
        .with_columns(pl.col("seq").cast(pl.Int64), pl.col("fault").cast(pl.String))
    )


class _Stream:
    """A frame as Arrow's C stream alone, which DuckDB reads without pyarrow."""

    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        return self.frame.__arrow_c_stream__(requested_schema)


class Reference:
    """What DuckDB makes of `records`."""

    def __init__(self, records: pl.DataFrame) -> None:
        self.db = duckdb.connect(config={"memory_limit": "3GB", "threads": 2})
        self.db.register("records", _Stream(records))
        self.db.execute(_READ)
        for topic in TOPICS:
            self.db.execute(_watermark_of(topic))
        self.db.execute(_BEFORE)

    def table(self, sql: str) -> pl.DataFrame:
        found = self.db.execute(sql)
        names = [column[0] for column in found.description or ()]
        return pl.DataFrame(found.fetchall(), schema=names, orient="row", infer_schema_length=None)

    @property
    def invalid(self) -> pl.DataFrame:
        """Topic, partition and offset of each event that is not valid."""
        return self.table('SELECT topic, part AS "partition", "offset" FROM read WHERE event_time IS NULL')

    def windows(self, size_s: int, slide_s: int) -> str:
        """SQL of the valid events by the windows they are in; `late` tells that a window had closed."""
        return f"""
            SELECT e.*, first + n * {slide_s * 1000} AS start, first + n * {slide_s * 1000} + {size_s * 1000} AS "end",
                coalesce("end" - 1 <= watermark, false) AS late
            FROM (SELECT *, event_time - event_time % {slide_s * 1000} - {(size_s - slide_s) * 1000} AS first
                  FROM before WHERE event_time IS NOT NULL) e, range({size_s // slide_s}) r(n)"""

    def lost(self, size_s: int, slide_s: int) -> int:
        """How many events found all their windows closed."""
        ((count,),) = self.db.execute(
            f"""SELECT count(*) FROM (SELECT seq FROM ({self.windows(size_s, slide_s)})
                                      GROUP BY seq HAVING bool_and(late))"""
        ).fetchall()
        return int(count)

    def metrics(self) -> pl.DataFrame:
        """The rows of `meeting_metrics`, sorted."""
        both = " UNION ALL ".join(
            f"""SELECT {_METRICS.format(size=size)} FROM ({self.windows(size, slide)})
                WHERE NOT late GROUP BY meeting_id, "end\""""
            for size, slide in ((30, 30), (60, 15))
        )
        return self.table(f"SELECT * FROM ({both}) ORDER BY meeting_id, window_size_seconds, timestamp")

    def rates(self) -> pl.DataFrame:
        """The rows of `message_rate`, sorted."""
        return self.table(
            f"""SELECT meeting_id, "end" AS timestamp, count(*) / 30 AS message_rate
                FROM ({self.windows(30, 10)}) WHERE NOT late AND type = 'message' GROUP BY ALL ORDER BY ALL"""
        )


_KNOWN = " OR ".join(
    f"(topic = '{topic}' AND type IN {types}{' AND user_id IS NOT NULL' if topic != 'meeting_events' else ''})"
    for topic, types in TOPICS.items()
)

_READ = f"""
CREATE TABLE read AS
WITH texts AS (
  SELECT seq, topic, "partition" AS part, "offset", sent, appended,
    CASE WHEN json_valid(CAST(decode(value) AS VARCHAR)) THEN CAST(decode(value) AS JSON) END AS j
  FROM records
), fields AS (
  SELECT seq, topic, part, "offset", sent, appended, j ->> '$.event_id' AS event_id, j ->> '$.user_id' AS user_id,
    j ->> '$.meeting_id' AS meeting_id, j ->> '$.event_type' AS type, CAST(j ->> '$.latency_ms' AS INT) AS latency,
    CAST(CAST(j ->> '$.packet_loss' AS DECIMAL(7, 4)) * 10000 AS BIGINT) AS loss,
    j IS NOT NULL AND coalesce(json_type(j, '$.timestamp'), 'NULL') <> 'VARCHAR' AS readable,
    TRY_CAST(j ->> '$.timestamp' AS BIGINT) AS happened
  FROM texts
)
SELECT *, CASE WHEN readable AND event_id IS NOT NULL AND meeting_id IS NOT NULL AND ({_KNOWN})
  AND happened <= sent + {DAY_MS} THEN happened END AS event_time
FROM fields"""


def _watermark_of(topic: str) -> str:
    """The watermark of one topic after each of its valid records: the least of partitions that are not idle."""
    tops = ", ".join(
        f"max(event_time - {DELAY_MS}) FILTER (part = {p}) OVER upto AS top{p}, "
        f"max(appended) FILTER (part = {p}) OVER upto AS seen{p}"
        for p in range(PARTITIONS)
    )
    least = ", ".join(
        f"CASE WHEN now - coalesce(seen{p}, since) >= {IDLE_MS} THEN 9000000000000000 ELSE coalesce(top{p}, -1) END"
        for p in range(PARTITIONS)
    )
    upto = "(ORDER BY seq ROWS UNBOUNDED PRECEDING)"
    return f"""
CREATE TABLE watermark_{topic} AS
WITH partitions AS (
  SELECT seq, max(appended) OVER upto AS now, first(appended) OVER upto AS since, {tops}
  FROM read WHERE topic = '{topic}' AND event_time IS NOT NULL WINDOW upto AS {upto}
)
SELECT seq, max(least({least})) OVER {upto} AS watermark FROM partitions"""


_BEFORE = """
CREATE TABLE before AS
WITH joined AS (
  SELECT read.*, {columns} FROM read {joins}
  WINDOW earlier AS (ORDER BY read.seq ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
)
SELECT * EXCLUDE ({names}), nullif(least({befores}), -1) AS watermark FROM joined
""".format(
    columns=", ".join(f"coalesce(max({t}.watermark) OVER earlier, -1) AS w_{t}" for t in TOPICS),
    joins=" ".join(f"LEFT JOIN watermark_{t} AS {t} ON {t}.seq = read.seq" for t in TOPICS),
    names=", ".join(f"w_{t}" for t in TOPICS),
    befores=", ".join(f"w_{t}" for t in TOPICS),
)

_METRICS = """meeting_id, "end" AS timestamp, CAST({size} AS INT) AS window_size_seconds,
  greatest(count(DISTINCT user_id) FILTER (type = 'join') - count(DISTINCT user_id) FILTER (type = 'leave'), 0)
    AS window_joined_users,
  count(*) FILTER (type = 'join') AS join_count,
  count(*) FILTER (type = 'leave') AS leave_count,
  count(*) FILTER (type IN ('message', 'reaction', 'emoji')) AS message_count,
  count(*) FILTER (type = 'message') AS text_message_count,
  count(*) FILTER (type IN ('reaction', 'emoji')) AS reaction_count,
  count(*) FILTER (type = 'video_start') AS video_starts,
  count(*) FILTER (type = 'screen_share') AS screen_shares,
  avg(latency) FILTER (type = 'network_lag') AS avg_latency_ms,
  CAST((200 * sum(loss) FILTER (type = 'network_lag') + count(*) FILTER (type = 'network_lag'))
    // (2 * count(*) FILTER (type = 'network_lag')) AS DOUBLE) / 1000000 AS packet_loss_pct"""


def metric_rows(project: Penstock, table: str) -> pl.DataFrame:
    """The rows of `meeting_metrics` or `metrics`, sorted."""
    columns = ", ".join(("meeting_id", "timestamp", "window_size_seconds", *COUNTS))
    asked = f"SELECT {columns} FROM {table} ORDER BY meeting_id, window_size_seconds, timestamp"
    return project.query(asked).polars()


def assert_same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Row for row, to the last bit."""
    assert found.columns == wanted.columns
    wanted = wanted.cast(dict(found.schema))  # type: ignore[arg-type]
    odd = itertools.islice(((a, b) for a, b in zip(found.rows(), wanted.rows(), strict=False) if a != b), 3)
    assert list(odd) == []
    assert found.height == wanted.height


def late_rows(ledger: pl.DataFrame) -> Mapping[str, int]:
    """Late rows of each window, by the operator's name."""
    return dict(ledger.filter(pl.col("kind") == "window aggregate").select("operator", "late").rows())
