"""Retention by time and size, exact to the row, honoured at once; the file gets smaller."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import LogError
from tests.log.conftest import NOW
from tests.log.rows import held, numbered, polled, records, values

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import ManualClock
    from penstock.log import Log

DAY = 86_400_000
RANDOM = random.Random(7)


def test_the_log_of_2015_lives_in_a_topic_of_seven_days(log: Log, clock: ManualClock) -> None:
    """Retention counts append time unless told otherwise, so an old log can be read in at all."""
    log.create_topic("access")
    log.create_topic("kafka", configs={"message.timestamp.type": "CreateTime"})
    may_2015 = int(datetime(2015, 5, 17, 10, 5, tzinfo=UTC).timestamp() * 1000)
    for topic in ("access", "kafka"):
        log.append(topic, records("abc", timestamps=[may_2015, may_2015 + 1, may_2015 + 2]))
    clock.advance(7 * DAY)
    assert log.maintain(60)
    assert held(log, "access", "timestamp", "value") == [
        (may_2015, b"a"), (may_2015 + 1, b"b"), (may_2015 + 2, b"c"),
    ]  # fmt: skip
    assert values(log, "kafka") == []
    clock.advance(1)
    assert log.maintain(60)
    assert values(log, "access") == []


@pytest.mark.parametrize("merged", [False, True])
def test_append_time_is_counted_to_the_millisecond(log: Log, clock: ManualClock, merged: bool) -> None:
    log.create_topic("t", 2, {"retention.ms": 100})
    for n in range(10):
        log.append("t", records([f"{n}a", f"{n}b", f"{n}c"], partitions=[0, 1, 0]))
        clock.advance(10)
    if merged:
        log.upkeep.merge(log.topic("t"))
    assert log.upkeep.retain(log.topic("t")) == 0  # the oldest is 100 ms old
    for n in range(10):
        clock.advance(1)
        assert log.upkeep.retain(log.topic("t")) == 3
        assert log.starts("t") == {0: 2 * (n + 1), 1: n + 1}
        assert values(log, "t") == [f"{i}{c}" for i in range(n + 1, 10) for c in "abc"]
        assert [v.decode() for _, _, v in polled(log, ["t"], rows=4)] == values(log, "t")
        assert [(p.start, p.rows) for p in log.describe("t")] == [(2 * n + 2, 18 - 2 * n), (n + 1, 9 - n)]
        clock.advance(9)
    assert log.ends("t") == {0: 20, 1: 10}
    assert log.append("t", records("z", partitions=[0])).offsets.to_list() == [20]


def test_record_time_is_counted_from_the_front_of_each_partition(log: Log) -> None:
    """As in Kafka, an old record behind a young one stays; a partition is not held up by another."""
    log.create_topic("t", 2, {"retention.ms": 100, "message.timestamp.type": "CreateTime"})
    old, young = NOW - 101, NOW - 100
    log.append("t", records("abcd", timestamps=[old, young, old, old], partitions=[0, 0, 0, 1]))
    log.append("t", records("ef", timestamps=[old, young], partitions=[0, 1]))
    log.append("t", records("g", timestamps=[old], partitions=[1]))
    assert log.upkeep.retain(log.topic("t")) == 2
    assert log.starts("t") == {0: 1, 1: 1}
    assert values(log, "t") == ["b", "c", "e", "f", "g"]


@pytest.mark.parametrize("merged", [False, True])
def test_size_keeps_the_youngest_rows_that_fit(log: Log, merged: bool) -> None:
    log.create_topic("t", 2, {"retention.bytes": 25, "retention.ms": -1})
    for n in range(5):
        log.append("t", records(["x" * (n + 1)] * 3, ["kk"] * 3, partitions=[0, 0, 1]))
    if merged:
        log.upkeep.merge(log.topic("t"))
    # bytes in partition 0: 3 3 4 4 5 5 6 6 7 7, in partition 1: 3 4 5 6 7, which is 25
    assert log.upkeep.retain(log.topic("t")) == 7
    assert log.starts("t") == {0: 7, 1: 0}
    assert log.describe("t")[0].bytes == 6 + 7 + 7
    log.append("t", records(["y" * 30], partitions=[1]))
    assert log.upkeep.retain(log.topic("t")) == 6
    assert log.starts("t") == {0: 7, 1: 6}


def test_no_retention_without_the_delete_policy_or_without_limits(log: Log, clock: ManualClock) -> None:
    log.create_topic("compacted", configs={"cleanup.policy": "compact", "retention.ms": 1})
    log.create_topic("both", configs={"cleanup.policy": "compact,delete", "retention.ms": 1})
    log.create_topic("forever", configs={"retention.ms": -1})
    for topic in ("compacted", "both", "forever"):
        log.append(topic, numbered(3, keys=3))
    clock.advance(100)
    assert [log.upkeep.retain(log.topic(t)) for t in ("compacted", "both", "forever")] == [0, 3, 0]


def test_a_reader_can_see_that_rows_were_taken_before_it_read_them(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", 2, {"retention.ms": 100})
    log.append("t", records("abc", partitions=[0, 1, 0]))
    clock.advance(50)
    log.append("t", records("def", partitions=[0, 1, 0]))
    through = log.poll(["t"], 0, rows=1).through
    position = log.offsets_after("t", through)
    clock.advance(60)
    log.upkeep.retain(log.topic("t"))
    starts = log.starts("t")
    assert {p: starts[p] - position[p] for p in position if starts[p] > position[p]} == {0: 1, 1: 1}
    assert [v for _, _, v in polled(log, ["t"], through)] == [b"d", b"e", b"f"]
    with pytest.raises(
        LogError, match="offset 1 of partition 0 of topic 't' is out of range\nhint: kept are offsets 2"
    ):
        log.read("t", {0: 1})


def test_retention_moves_on_while_small_batches_are_merged(log: Log, clock: ManualClock) -> None:
    """The dead rows of a half-dead batch must stay dead when it is merged."""
    log.create_topic("t", 1, {"retention.bytes": 5, "retention.ms": -1})
    for n in range(4):
        log.append("t", numbered(3, 3 * n))
    log.upkeep.retain(log.topic("t"))
    assert values(log, "t") == ["9", "10", "11"]
    log.append("t", numbered(2, 12))
    log.upkeep.merge(log.topic("t"))
    assert values(log, "t") == ["9", "10", "11", "12", "13"]
    log.upkeep.retain(log.topic("t"))
    assert held(log, "t", "offset", "value") == [(12, b"12"), (13, b"13")]
    log.upkeep.merge(log.topic("t"))
    assert held(log, "t", "offset", "value") == [(12, b"12"), (13, b"13")]
    assert log.verify().rows == 2


def test_the_file_gets_smaller_after_retention(log: Log, clock: ManualClock, path: Path) -> None:
    log.create_topic("t", configs={"retention.ms": 1000})
    noise = [RANDOM.randbytes(1000) for i in range(300)]
    for _ in range(21):
        log.append("t", records(noise))
    log.upkeep.vacuum()
    full = path.stat().st_size
    assert full > 5_000_000
    clock.advance(1001)
    while not log.maintain(10):
        pass
    clock.advance(60_001)
    while not log.maintain(10):
        pass
    assert path.stat().st_size < full / 2
    log.append("t", numbered(3))
    log.upkeep.vacuum()
    assert path.stat().st_size < 1_000_000
    assert log.ends("t") == {0: 6303}


def test_a_deleted_topics_bytes_are_freed(log: Log, clock: ManualClock, path: Path) -> None:
    log.create_topic("t")
    log.create_topic("kept")
    log.append("kept", numbered(3))
    log.append("t", records([RANDOM.randbytes(1000) for i in range(2000)]))
    seq = log.end_seq()
    log.upkeep.vacuum()
    full = path.stat().st_size
    log.delete_topic("t")
    log.upkeep.vacuum()
    clock.advance(60_001)
    freed = log.upkeep.vacuum()
    assert freed > 1_500_000
    assert path.stat().st_size == full - freed
    assert values(log, "kept") == ["0", "1", "2"]
    assert log.end_seq() == seq
    log.create_topic("t")
    assert log.append("t", numbered(1)).first_seq == seq + 1


@pytest.mark.parametrize("merged", [False, True])
def test_what_other_configs_would_take_is_told_as_it_then_goes(log: Log, clock: ManualClock, merged: bool) -> None:
    log.create_topic("t", 2, {"retention.ms": -1})
    for n in range(20):
        log.append("t", records([f"{n}a", f"{n}b", f"{n}cc"], partitions=[0, 1, 0], keys=["k", f"k{n}", "l"]))
        clock.advance(10)
    if merged:
        log.upkeep.merge(log.topic("t"))
    for configs in ({"retention.ms": 95}, {"retention.bytes": 20}, {"retention.bytes": 15, "retention.ms": 42}):
        before = log.describe("t")
        told = log.upkeep.taken_by(log.topic("t"), configs, clock.now_ms())
        assert told > (0, 0)
        altered = log.alter_topic("t", None, configs)
        assert log.upkeep.taken_by(altered, configs, clock.now_ms()) == (0, 0), "what is due goes anyway"
        log.upkeep.retain(altered)
        after = log.describe("t")
        assert told == (
            sum(p.rows for p in before) - sum(p.rows for p in after),
            sum(p.bytes for p in before) - sum(p.bytes for p in after),
        )
    assert log.upkeep.taken_by(log.topic("t"), {"retention.ms": None}, clock.now_ms()) == (0, 0)


def test_what_compaction_would_take_is_told_as_it_then_goes(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", 2)
    for n in range(20):
        log.append("t", records([f"{n}a", f"{n}b", f"{n}cc"], partitions=[0, 1, 0], keys=["k", f"k{n % 7}", "l"]))
    before = log.describe("t")
    told = log.upkeep.taken_by(log.topic("t"), {"cleanup.policy": "compact"}, clock.now_ms())
    altered = log.alter_topic("t", None, {"cleanup.policy": "compact"})
    clock.advance(1)
    assert log.upkeep.compact(altered) == told[0] == 60 - 2 - 7
    assert told[1] == sum(p.bytes for p in before) - sum(p.bytes for p in log.describe("t"))
