"""What came since a moment: counted from the index where it can be, and the same as counted record by record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from penstock.log import RECORD_COLUMNS, Log

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import ManualClock


def fill(log: Log, clock: ManualClock) -> None:
    """Forty appends, a second apart, of some records of three partitions; every fourth has headers."""
    log.create_topic("t", 3)
    for n in range(40):
        clock.advance(1_000)
        count = 1 + n % 5
        header = [{"key": "h", "value": b"12"}] if n % 4 == 3 else None
        rows = {
            "value": [b"v" * (n + i) for i in range(count)],
            "key": [b"k%d" % i for i in range(count)],
            "partition": [(n + i) % 3 for i in range(count)],
            "headers": [header] * count,
        }
        frame = pl.DataFrame(rows, schema_overrides={"partition": pl.Int32, "headers": RECORD_COLUMNS["headers"]})
        log.append("t", frame)


def by_hand(log: Log, since: int) -> tuple[list[int], int, list[int]]:
    columns = ("partition", "offset", "append_time", "key", "value", "headers")
    records, size, first = [0, 0, 0], 0, [log.ends("t")[p] for p in range(3)]
    for frame in log.read("t", columns=columns):
        for partition, offset, time, key, value, headers in frame.iter_rows():
            if time >= since:
                records[partition] += 1
                size += len(key) + len(value) + sum(len(h["key"]) + len(h["value"]) for h in headers or ())
                first[partition] = min(first[partition], offset)
    return records, size, first


@pytest.mark.parametrize("merged", [False, True])
def test_counts_are_those_of_the_records(path: Path, clock: ManualClock, *, merged: bool) -> None:
    with Log.open(path, durability="relaxed", clock=clock) as log:
        begin = clock.now_ms()
        fill(log, clock)
        if merged:
            while not log.maintain(1.0):
                continue
    with Log.open(path, durability="relaxed", clock=clock) as log:  # another process finds the same
        for since in range(begin - 500, begin + 42_000, 3_500):
            found = log.recent("t", since)
            assert (found.records.tolist(), int(found.bytes.sum()), found.first.tolist()) == by_hand(log, since)


def test_the_first_offset_is_right_where_compaction_has_left_holes(log: Log, clock: ManualClock) -> None:
    begin = clock.now_ms()
    fill(log, clock)
    log.alter_topic("t", configs={"cleanup.policy": "compact"})
    topic = log.latest("t")
    assert log.upkeep.compact(topic) > 0
    while log.upkeep.merge(topic):
        continue
    found = log.recent("t", begin)
    assert (found.records.tolist(), int(found.bytes.sum()), found.first.tolist()) == by_hand(log, begin)


def test_what_retention_took_does_not_count(log: Log, clock: ManualClock) -> None:
    begin = clock.now_ms()
    fill(log, clock)
    log.alter_topic("t", configs={"retention.ms": "20 s"})
    while not log.maintain(1.0):
        continue
    found = log.recent("t", begin)
    assert 0 < found.records.sum() < 100
    assert (found.records.tolist(), int(found.bytes.sum()), found.first.tolist()) == by_hand(log, begin)
    assert np.array_equal(log.recent("t", clock.now_ms() + 1).records, [0, 0, 0])
