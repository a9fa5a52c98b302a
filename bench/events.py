"""The events of workload W: JSON lines of about 157 bytes, 1,000 keys, up to 3 s out of order; made once and kept.

Event i happens i ms after the beginning, less a random delay: 3 million events are 100 windows of 30 s.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from bench.machine import cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["BEGIN", "columns", "file_of", "lines"]

BEGIN = 1_704_067_200_000
_CHUNK = 500_000
_VERSION = 1


def columns(count: int, first: int = 0) -> Iterator[pl.DataFrame]:
    """The events as columns, some at a time, from number `first` (a multiple of 500,000) on."""
    for start in range(first, first + count, _CHUNK):
        random = np.random.default_rng((7, start))
        number = np.arange(start, start + _CHUNK)
        every = pl.DataFrame(
            {
                "event_id": pl.Series(number).cast(pl.String).str.zfill(18),
                "meeting_id": "meeting_" + pl.Series(random.integers(0, 1_000, _CHUNK)).cast(pl.String).str.zfill(4),
                "user_id": "user_" + pl.Series(random.integers(0, 5_000, _CHUNK)).cast(pl.String).str.zfill(5),
                "event_type": pl.Series(["message"]).new_from_index(0, _CHUNK),
                "message_length": np.round(random.random(_CHUNK) * 100, 2),
                "timestamp": BEGIN + number - random.integers(0, 3_000, _CHUNK),
            }
        )
        yield every.head(first + count - start)


def lines(frame: pl.DataFrame) -> pl.Series:
    """Each event as JSON."""
    parts: list[pl.Expr] = []
    for name, dtype in frame.schema.items():
        quote = '"' if dtype == pl.String else ""
        parts += [pl.lit(f'{"," if parts else "{"}"{name}":{quote}'), pl.col(name).cast(pl.String), pl.lit(quote)]
    return frame.select(value=pl.concat_str(*parts, pl.lit("}"))).to_series()


def file_of(count: int) -> Path:
    """A file of so many events, made if it is not there or not as it was made."""
    path = cache() / f"w-{_VERSION}-{count}.json"
    mark = path.with_suffix(".sha256")
    if path.exists() and mark.exists():
        known = json.loads(mark.read_text("utf-8"))
        if known["size"] == path.stat().st_size and known["sha256"] == _digest(path):
            return path
    half = path.with_suffix(".part")
    with half.open("wb") as file:
        for frame in columns(count):
            file.write(("\n".join(lines(frame)) + "\n").encode())
    mark.write_text(json.dumps({"size": half.stat().st_size, "sha256": _digest(half)}), "utf-8")
    half.rename(path)
    return path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
