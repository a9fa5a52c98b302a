"""Ninety days of results of the project `collab`, in files as it leaves them; made once and kept.

Eighty-nine days have been compacted to a file each, the last has one for each minute. A day has 60,000 rows: 2,880
windows of 30 s, in each of which 20 or 21 of 500 meetings had events.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bench.machine import cache

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DAYS", "END", "ROWS", "folder_of"]

DAYS = 90
END = 1_798_761_600_000
"""2027-01-01, when all of it is past, in ms."""
ROWS = 60_000
_DAY = 86_400_000
_MEETINGS = 500
_VERSION = 1


def folder_of() -> Path:
    """The folder of the table `metrics`, made if it is not there."""
    folder = cache() / f"metrics-{_VERSION}"
    mark = folder / "made.json"
    if mark.exists() and json.loads(mark.read_text("utf-8")) == _found(folder):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    for day in range(DAYS):
        rows = _day(day)
        named = folder / f"date={rows['date_partition'][0]}"
        named.mkdir(parents=True)
        stamp = rows["date_partition"][0].replace("-", "")
        minutes = rows.group_by(pl.col("window_start").dt.truncate("1m"), maintain_order=True)
        parts = [part for _, part in minutes] if day == DAYS - 1 else [rows]
        for number, part in enumerate(parts):
            time = f"{number // 60:02}{number % 60:02}00"
            part.write_parquet(named / f"metrics_{stamp}_{time}.parquet", compression="snappy")
    mark.write_text(json.dumps(_found(folder)), "utf-8")
    return folder


def _found(folder: Path) -> list[int]:
    sizes = [path.stat().st_size for path in folder.glob("*/*.parquet")]
    return [len(sizes), sum(sizes)]


def _day(day: int) -> pl.DataFrame:
    random = np.random.default_rng((9, day))
    begin = END - (DAYS - day) * _DAY
    start = begin + np.sort(random.integers(0, 2_880, ROWS)) * 30_000
    joins, leaves, texts, reactions = (random.poisson(mean, ROWS) for mean in (0.4, 0.4, 9, 4))
    users = random.integers(0, 10, ROWS)
    latency = np.round(random.gamma(4, 25, ROWS), 3)
    none = random.random(ROWS) < 0.1
    score = np.minimum((texts + reactions) / 100, 1) * 40 + users * 3 + np.maximum(0, 1 - latency / 500) * 30
    health = np.select([users == 0, latency > 200, latency > 100], ["inactive", "poor", "fair"], "good")
    date = dt.datetime.fromtimestamp(begin / 1000, dt.UTC).strftime("%Y-%m-%d")
    moment = pl.Datetime("ms")
    return pl.DataFrame(
        {
            "meeting_id": "meeting_" + pl.Series(random.integers(0, _MEETINGS, ROWS)).cast(pl.String).str.zfill(4),
            "timestamp": start + 30_000,
            "window_size_seconds": np.full(ROWS, 30, np.int32),
            "window_start": pl.Series(start).cast(moment),
            "window_end": pl.Series(start + 30_000).cast(moment),
            "active_users": users,
            "window_joined_users": joins - leaves,
            "join_count": joins,
            "leave_count": leaves,
            "message_count": texts + reactions,
            "text_message_count": texts,
            "reaction_count": reactions,
            "video_starts": random.poisson(0.2, ROWS),
            "screen_shares": random.poisson(0.1, ROWS),
            "avg_latency_ms": pl.Series(latency).set(pl.Series(none), None),
            "packet_loss_pct": pl.Series(np.round(random.gamma(1, 0.8, ROWS), 3)).set(pl.Series(none), None),
            "churn_rate": (joins + leaves) / np.maximum(users, 1),
            "engagement_score": np.round(score, 2),
            "meeting_health": health,
            "date_partition": pl.Series([date]).new_from_index(0, ROWS),
        }
    )
