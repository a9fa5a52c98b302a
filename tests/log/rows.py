"""Frames of records, and what a log holds as plain lists."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.log import Log


def records(
    values: Sequence[bytes | str | None],
    keys: Sequence[bytes | str | None] | None = None,
    timestamps: Sequence[int | None] | None = None,
    partitions: Sequence[int | None] | None = None,
) -> pl.DataFrame:
    """Records of texts or bytes."""
    columns = [pl.Series("value", [_bytes(v) for v in values], pl.Binary)]
    if keys is not None:
        columns.insert(0, pl.Series("key", [_bytes(k) for k in keys], pl.Binary))
    if timestamps is not None:
        columns.append(pl.Series("timestamp", timestamps, pl.Int64))
    if partitions is not None:
        columns.append(pl.Series("partition", partitions, pl.Int32))
    return pl.DataFrame(columns)


def numbered(count: int, start: int = 0, keys: int = 0) -> pl.DataFrame:
    """`count` values that are their own number, with `keys` different keys."""
    names = [str(n) for n in range(start, start + count)]
    return records(names, [f"k{n % keys}" for n in range(start, start + count)] if keys else None)


def held(log: Log, topic: str, *columns: str) -> list[tuple[Any, ...]]:
    """All rows of a topic in the order of the log."""
    wanted = columns or ("partition", "offset", "value")
    return [row for frame in log.read(topic, columns=wanted) for row in frame.iter_rows()]


def values(log: Log, topic: str) -> list[str | None]:
    """All values of a topic in the order of the log."""
    return [None if v is None else v.decode() for (v,) in held(log, topic, "value")]


def polled(log: Log, topics: Sequence[str], after: int = 0, rows: int = 1_000_000) -> list[tuple[int, str, bytes]]:
    """Everything after a place, polled to the end: place, topic, value, in the order of the log."""
    found: list[tuple[int, str, bytes]] = []
    while True:
        poll = log.poll(topics, after, rows=rows)
        if not poll.batches:
            return found
        step = [
            (int(seq), batch.topic, value)
            for batch in poll.batches
            for seq, value in zip(batch.seqs, batch.frame("value")["value"], strict=True)
        ]
        assert len(step) <= rows
        assert all(after < seq <= poll.through for seq, _, _ in step)
        found += sorted(step)
        after = poll.through


def _bytes(text: bytes | str | None) -> bytes | None:
    return text.encode() if isinstance(text, str) else text
