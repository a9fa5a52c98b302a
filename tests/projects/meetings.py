"""The project `collab` fed by its simulator on a clock of its own, and what DuckDB makes of the same events.

The reference knows nothing of the engine: it reads the raw JSON, works out the watermark from the order in which the
records were appended, and computes each result anew.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import duckdb
import polars as pl

from penstock.apps import START_MS, events
from penstock.core.clock import ManualClock, SystemClock
from penstock.project.definition import read_definition
from penstock.project.home import HOME
from penstock.project.penstock import Penstock
from tests.projects.folders import laid_out

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path
    from threading import Event

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

    def wait(self, stop: Event, seconds: float) -> bool:
        return self._system.wait(stop, seconds)

    def awaiting(self, give_up: Callable[[], None]) -> AbstractContextManager[None]:
        return self._system.awaiting(give_up)


def opened(folder: Path, clock: Clock | None = None) -> Penstock:
    """The project in `folder`, an hour after the simulation began."""
    return Penstock(read_definition(folder), folder / HOME, clock or Afterwards(START_MS + 3_600_000))


def fed(folder: Path, count: int, rate: float, seed: int = 7) -> pl.DataFrame:
    """Lay the project out in `folder` and append `count` events at the times at which they were sent.

    Returns the records in their order: seq, topic, partition, offset, value, sent (ms), appended (ms), fault,
    anomalous.
    """
    clock = ManualClock(START_MS)
    parts = []
    faults = {"late": 0.01, "duplicate": 0.01, "malformed": 0.01, "anomaly": 0.3}
    batches = events("collab", rate=rate, events=count, seed=seed, batch=1_000, **faults)  # type: ignore[arg-type]
    shutil.rmtree(laid_out("collab", folder) / "alerts")  # these tests are about the results, and count their rows
    with opened(folder, clock) as project:
        for batch in batches:
            last = max(int(frame["timestamp"].to_numpy()[-1]) for frame in batch.topics.values())
            clock.advance(last - clock.now_ms())
            for topic, frame in batch.topics.items():
                placed = project.append(topic, frame)
                parts.append(
                    pl.DataFrame([placed["partition"], placed["offset"], frame["value"], batch.faults[topic]])
                    .with_columns(batch.anomalous[topic])
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


def spells(records: pl.DataFrame) -> pl.DataFrame:
    """From when to when (ms) each meeting was made to be out of the ordinary: meeting_id, begins, ends."""
    told = pl.Struct({"meeting_id": pl.String, "timestamp": pl.Int64})
    bad = records.filter(pl.col("anomalous") & (pl.col("fault") == "none"))
    return (
        bad.select(pl.col("value").cast(pl.String).str.json_decode(told).struct.unnest())
        .group_by("meeting_id")
        .agg(begins=pl.col("timestamp").min(), ends=pl.col("timestamp").max())
    )


class Reference:
    """What DuckDB makes of `records`; who is there after each event is told by sets in plain Python."""

    def __init__(self, records: pl.DataFrame) -> None:
        self.db = duckdb.connect(config={"memory_limit": "3GB", "threads": 2})
        self.db.register("records", _Stream(records))
        self.db.execute(_READ)
        for topic in TOPICS:
            self.db.execute(_watermark_of(topic))
        self.db.execute(_BEFORE)
        self.db.execute(_ONCE)
        self.db.register("there", _Stream(_presence(self.db.execute("SELECT * FROM once ORDER BY meeting_id, place"))))
        self.db.execute("CREATE TABLE attended AS SELECT * FROM once JOIN there USING (seq)")

    def table(self, sql: str) -> pl.DataFrame:
        found = self.db.execute(sql)
        names = [column[0] for column in found.description or ()]
        return pl.DataFrame(found.fetchall(), schema=names, orient="row", infer_schema_length=None)

    def count(self, sql: str) -> int:
        ((count,),) = self.db.execute(f"SELECT count(*) FROM {sql}").fetchall()
        return int(count)

    @property
    def invalid(self) -> pl.DataFrame:
        """Topic, partition and offset of each event that is not valid."""
        return self.table('SELECT topic, part AS "partition", "offset" FROM read WHERE event_time IS NULL')

    @property
    def late(self) -> int:
        """How many valid events came when event time had passed them."""
        return self.count("before WHERE event_time <= watermark")

    @property
    def repeated(self) -> int:
        """How many events came in time, and had been there within a day."""
        return self.count("before WHERE event_time IS NOT NULL AND NOT coalesce(event_time <= watermark, false)") - (
            self.count("once")
        )

    def _over(self, size_s: int, slide_s: int, columns: str, where: str = "true") -> str:
        """SQL of one row for each meeting and window."""
        return f"""
            SELECT meeting_id, "end" AS timestamp, {columns} FROM (
              SELECT e.*, first + n * {slide_s * 1000} + {size_s * 1000} AS "end"
              FROM (SELECT *, event_time - event_time % {slide_s * 1000} - {(size_s - slide_s) * 1000} AS first
                    FROM attended) e, range({size_s // slide_s}) r(n))
            WHERE {where} GROUP BY meeting_id, "end\""""

    def rows(self, table: str) -> pl.DataFrame:
        """The rows that `table` is to have, sorted by all columns."""
        made = getattr(self, f"_{table}")()
        return self.table(f"SELECT * FROM ({made}) ORDER BY ALL")

    def _meeting_metrics(self) -> str:
        both = " UNION ALL ".join(
            self._over(size, slide, f"{size} AS window_size_seconds, {_METRICS}")
            for size, slide in ((30, 30), (60, 15))
        )
        return f"SELECT *, {_SCORES}, {_HEALTH} FROM ({both})"

    _metrics = _meeting_metrics

    def _meetings(self) -> str:
        return f"""SELECT * EXCLUDE (window_size_seconds) FROM ({self._meeting_metrics()})
                   WHERE window_size_seconds = 30
                   QUALIFY timestamp = max(timestamp) OVER (PARTITION BY meeting_id)"""

    def _message_rate(self) -> str:
        return self._over(30, 10, "count(*) / 30 AS message_rate", "type = 'message'")

    def _meeting_metrics_1m(self) -> str:
        network = ", ".join(f"quantile_cont(latency, {q / 100}) AS p{q}_latency_ms" for q in (50, 95, 99))
        columns = f"{_ACTIVE}, {_VIDEO}, {_MESSAGES}, count(latency) AS samples, {_LATENCY}, {network}, {_LOSS}"
        made = self._over(60, 60, columns)
        rate = "video_users / greatest(active_users, 1) AS video_participation_rate"
        return f"SELECT *, {rate}, {_ENGAGEMENT} FROM ({made})"

    def _meeting_metrics_5m(self) -> str:
        made = self._over(300, 300, f"{_ACTIVE}, {_COMINGS}, {_SHOWN}, avg(length) AS avg_message_length")
        return f"SELECT *, {_CHURN} FROM ({made})"

    def _meeting_comings(self) -> str:
        return self._over(300, 30, _COMINGS)

    def _meeting_metrics_15m(self) -> str:
        return f"SELECT *, {_ENGAGEMENT} FROM ({self._over(900, 300, f'{_ACTIVE}, {_MESSAGES}, {_LATENCY}')})"

    def _meeting_sessions(self) -> str:
        return """SELECT meeting_id, min(event_time) AS started, (max(event_time) - min(event_time)) // 1000
                    AS meeting_duration_seconds, count(*) AS events, count(DISTINCT user_id) AS participants
                  FROM attended GROUP BY meeting_id, episode"""

    def _user_activity(self) -> str:
        return f"""SELECT user_id, meeting_id, strftime(make_timestamp_ms(event_time), '%Y-%m-%d') AS activity_date,
                     min(event_time) AS first_event, max(event_time) AS last_event,
                     count(*) FILTER (type = 'join') AS joins, count(*) FILTER (type = 'leave') AS leaves,
                     count(*) FILTER (type = 'message') AS messages,
                     count(*) FILTER (type IN ('reaction', 'emoji')) AS reactions,
                     count(*) FILTER (type = 'screen_share') AS screen_shares,
                     count(*) FILTER (type = 'video_start') AS video_starts, {_LATENCY}, {_LOSS}
                   FROM attended WHERE user_id IS NOT NULL GROUP BY ALL"""

    def _meeting_anomalies(self) -> str:
        past = "(PARTITION BY meeting_id ORDER BY timestamp ROWS BETWEEN 60 PRECEDING AND CURRENT ROW)"
        level = self._over(10, 10, "avg(latency) AS avg_latency_ms, ln(avg(latency)) AS level", "latency > 0")
        return f"""
            WITH steps AS (SELECT *, abs(level - lag(level) OVER (PARTITION BY meeting_id ORDER BY timestamp)) AS step
                           FROM ({level})),
                 compared AS (SELECT *, count(*) OVER past AS seen, quantile_cont(level, 0.1) OVER past AS well,
                                1.0483 * quantile_cont(step, 0.5) OVER past AS spread FROM steps WINDOW past AS {past})
            SELECT meeting_id, timestamp, avg_latency_ms, exp(well) AS usual_latency_ms,
              (level - well) / greatest(spread, 0.6) AS z_score
            FROM compared WHERE seen > 3 AND z_score > 3.5"""


def _presence(found: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Who is there after each event of each meeting, and with video: seq, episode, active, video.

    A meeting in which nothing has happened for ten minutes begins anew, with nobody there.
    """
    names = [column[0] for column in found.description or ()]
    at = {name: names.index(name) for name in ("seq", "meeting_id", "user_id", "type", "event_time")}
    made: list[tuple[int, int, int, int]] = []
    meeting, last, episode = None, 0, 0
    there: set[str] = set()
    on: set[str] = set()
    for row in found.fetchall():
        seq, name, user, kind, time = (row[i] for i in at.values())
        if name != meeting or time > last + 600_000:
            episode = 1 if name != meeting else episode + 1
            there, on = set(), set()
        meeting, last = name, time
        if user is not None:
            if kind == "join":
                there.add(user)
            elif kind == "leave":
                there.discard(user)
                on.discard(user)
            elif kind == "video_start":
                on.add(user)
            elif kind == "video_stop":
                on.discard(user)
        made.append((seq, episode, len(there), len(there & on)))
    return pl.DataFrame(
        made, {"seq": pl.Int64, "episode": pl.Int64, "active": pl.Int64, "video": pl.Int64}, orient="row"
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
    j ->> '$.meeting_id' AS meeting_id, j ->> '$.event_type' AS type, CAST(j ->> '$.message_length' AS INT) AS length,
    CAST(j ->> '$.latency_ms' AS INT) AS latency,
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

_ONCE = f"""
CREATE TABLE once AS
SELECT *, row_number() OVER (ORDER BY event_time, seq) AS place FROM (
  SELECT * REPLACE (
      CASE WHEN type = 'message' THEN length END AS length,
      CASE WHEN type = 'network_lag' THEN latency END AS latency,
      CASE WHEN type = 'network_lag' THEN loss END AS loss)
  FROM before WHERE event_time IS NOT NULL AND NOT coalesce(event_time <= watermark, false)
  QUALIFY coalesce(
    event_time - lag(event_time) OVER (PARTITION BY event_id ORDER BY event_time, seq) > {DAY_MS}, true))"""

_ACTIVE = "arg_max(active, place) AS active_users"
_VIDEO = "arg_max(video, place) AS video_users"
_COMINGS = "count(*) FILTER (type = 'join') AS join_count, count(*) FILTER (type = 'leave') AS leave_count"
_MESSAGES = "count(*) FILTER (type IN ('message', 'reaction', 'emoji')) AS message_count"
_SHOWN = (
    "count(*) FILTER (type = 'video_start') AS video_starts, count(*) FILTER (type = 'screen_share') AS screen_shares"
)
_LATENCY = "avg(latency) AS avg_latency_ms"
_LOSS = """CAST((200 * sum(loss) + count(loss)) // (2 * count(loss)) AS DOUBLE) / 1000000 AS packet_loss_pct"""
_METRICS = f"""{_ACTIVE},
  greatest(count(DISTINCT user_id) FILTER (type = 'join') - count(DISTINCT user_id) FILTER (type = 'leave'), 0)
    AS window_joined_users,
  {_COMINGS}, {_MESSAGES}, count(*) FILTER (type = 'message') AS text_message_count,
  count(*) FILTER (type IN ('reaction', 'emoji')) AS reaction_count, {_SHOWN}, {_LATENCY}, {_LOSS}"""
_CHURN = "(join_count + leave_count) / greatest(active_users, 1) AS churn_rate"
_ENGAGEMENT = """round(40 * least(message_count / 100, 1) + 30 * least(active_users / 10, 1)
  + 30 * greatest(0, 1 - coalesce(avg_latency_ms, 0) / 500), 9) AS engagement_score"""
_SCORES = f"{_CHURN}, {_ENGAGEMENT}"
_HEALTH = """CASE WHEN active_users = 0 THEN 'inactive' WHEN avg_latency_ms > 200 THEN 'poor'
  WHEN avg_latency_ms > 100 THEN 'fair' ELSE 'good' END AS meeting_health"""

TABLES = (
    "meeting_metrics", "metrics", "meetings", "message_rate", "meeting_metrics_1m", "meeting_metrics_5m",
    "meeting_comings", "meeting_metrics_15m", "meeting_sessions", "user_activity", "meeting_anomalies",
)  # fmt: skip


def result_rows(project: Penstock, table: str, columns: list[str]) -> pl.DataFrame:
    """The rows of a result, sorted by all of `columns`."""
    asked = [f"epoch_ms({c}) AS {c}" if c in ("first_event", "last_event") else c for c in columns]
    return project.query(f"SELECT {', '.join(asked)} FROM {table} ORDER BY ALL").polars()


def assert_same(found: pl.DataFrame, wanted: pl.DataFrame) -> None:
    """Row for row: the same, DOUBLEs within 1e-9 of one another, but for scores, which are rounded to two digits."""
    assert found.columns == wanted.columns
    assert found.height == wanted.height
    for name in found.columns:
        one, other = found[name], wanted[name].cast(found[name].dtype)
        assert one.is_null().equals(other.is_null()), name
        if one.dtype != pl.Float64:
            odd = (one != other).fill_null(value=False)
        elif name == "engagement_score":
            odd = ((one - other).abs() > 0.005 + 1e-9) | ((one * 100 - (one * 100).round()).abs() > 1e-9)
        else:
            odd = (one - other).abs() > 1e-9 * other.abs().clip(1)
        assert found.filter(odd).head(3).rows() == wanted.filter(odd).head(3).rows() == [], name
