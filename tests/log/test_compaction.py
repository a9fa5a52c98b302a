"""Compaction by key: the last record of each key stays, tombstones have their time, offsets never change."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.log import Log, compaction
from tests.log.rows import held, numbered, polled, records

if TYPE_CHECKING:
    from penstock.core.clock import ManualClock


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "CHUNK_ROWS", 4)


def compact(log: Log, topic: str = "t") -> list[tuple[int, bytes, bytes | None]]:
    log.upkeep.compact(log.topic(topic))
    return held(log, topic, "offset", "key", "value")


def test_the_last_record_of_each_key_stays_where_it_was(log: Log) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact"})
    log.append("t", records(["1", "2", "3", "4"], "aabc"))
    log.append("t", records(["5", "6"], "bd"))
    log.append("t", records(["7"], "a"))
    places = dict(held(log, "t", "offset", "seq"))
    assert compact(log) == [(2 + 1, b"c", b"4"), (4, b"b", b"5"), (5, b"d", b"6"), (6, b"a", b"7")]
    assert all(places[offset] == seq for offset, seq in held(log, "t", "offset", "seq"))
    assert log.ends("t") == {0: 7}
    assert log.starts("t") == {0: 0}
    log.append("t", records(["8"], "c"))
    assert compact(log) == [(4, b"b", b"5"), (5, b"d", b"6"), (6, b"a", b"7"), (7, b"c", b"8")]
    assert [v for _, _, v in polled(log, ["t"], rows=1)] == [b"5", b"6", b"7", b"8"]
    assert log.describe("t")[0].rows == 4
    log.verify()


def test_reading_from_an_offset_in_a_hole_goes_on_after_it(log: Log) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact"})
    log.append("t", records([str(n) for n in range(10)], "abababab" + "cd"))
    compact(log)
    found = [row for f in log.read("t", {0: 2}, None, ("offset", "value")) for row in f.iter_rows()]
    assert found == [(6, b"6"), (7, b"7"), (8, b"8"), (9, b"9")]
    assert log.offsets_after("t", 3) == {0: 0}  # none of what was read so far is still there
    assert log.offsets_after("t", 8) == {0: 8}


def test_partitions_are_compacted_apart(log: Log) -> None:
    log.create_topic("t", 2, {"cleanup.policy": "compact"})
    log.append("t", records("12345", "aaaaa", partitions=[0, 1, 0, 1, 0]))
    log.upkeep.compact(log.topic("t"))
    assert held(log, "t") == [(1, 1, b"4"), (0, 2, b"5")]


def test_a_tombstone_takes_its_key_and_goes_later_itself(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "delete.retention.ms": 1000})
    log.append("t", records(["1", None, "3"], "aab"))
    clock.advance(5000)
    assert compact(log) == [(1, b"a", None), (2, b"b", b"3")]
    clock.advance(999)
    assert compact(log) == [(1, b"a", None), (2, b"b", b"3")]
    clock.advance(1)
    assert compact(log) == [(2, b"b", b"3")]
    log.append("t", records(["4"], "a"))
    assert compact(log) == [(2, b"b", b"3"), (3, b"a", b"4")]


def test_a_tombstones_time_is_not_begun_anew_by_later_passes(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "delete.retention.ms": 1000})
    log.append("t", records([None], "a"))
    for n in range(4):
        log.append("t", records(["x", None], ["k", f"t{n}"]))
        compact(log)
        clock.advance(300)
    assert [key for _, key, _ in compact(log)] == [*[b"t1", b"k", b"t2", b"t3"][:1], b"t2", b"k", b"t3"]


def test_young_records_neither_go_nor_take_others(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "min.compaction.lag.ms": 100})
    log.append("t", records("12", "ab"))
    clock.advance(50)
    log.append("t", records("34", "aa"))
    clock.advance(50)
    assert len(compact(log)) == 4  # "3" and "4" are 50 ms old
    clock.advance(50)
    assert compact(log) == [(1, b"b", b"2"), (3, b"a", b"4")]


def test_records_without_a_key_stay(log: Log) -> None:
    log.create_topic("t")
    log.append("t", records("123", [None, "a", None]))
    log.alter_topic("t", configs={"cleanup.policy": "compact"})
    log.append("t", records("4", "a"))
    assert compact(log) == [(0, None, b"1"), (2, None, b"3"), (3, b"a", b"4")]


def test_upkeep_compacts_when_half_is_new(log: Log) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "retention.ms": -1})
    log.append("t", numbered(100, keys=10))
    log.maintain(60)
    assert len(held(log, "t")) == 10
    log.append("t", numbered(9, keys=10))
    log.maintain(60)
    assert len(held(log, "t")) == 19
    log.append("t", numbered(10, keys=10))
    log.maintain(60)
    assert len(held(log, "t")) == 10


def test_upkeep_removes_ripe_tombstones_though_nothing_is_new(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "delete.retention.ms": 1000})
    log.append("t", records([None, "1"], "ab"))
    log.maintain(60)
    assert len(held(log, "t")) == 2
    clock.advance(1000)
    log.maintain(60)
    assert held(log, "t", "key") == [(b"b",)]


def test_a_pass_that_stops_in_the_middle_has_lost_nothing(log: Log, clock: ManualClock) -> None:
    """Budget by budget, one step each: after every one of them each key's last record can be read."""
    log.create_topic("t", configs={"cleanup.policy": "compact"})
    for n in range(10):
        log.append("t", numbered(7, 7 * n, keys=5))
    steps = 0
    while True:
        done = log.maintain(0)
        steps += 1
        last = dict(held(log, "t", "key", "value"))
        assert {int(v) for v in last.values()} == set(range(65, 70))
        if done:
            break
    assert steps > 10
    assert len(held(log, "t")) == 5


def test_offsets_go_on_after_the_last_records_were_taken(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact", "delete.retention.ms": 1000})
    log.append("t", records(["1"], "a"))
    log.append("t", records([None, None], "bc"))
    compact(log)
    clock.advance(1000)
    assert compact(log) == [(0, b"a", b"1")]
    assert log.ends("t") == {0: 3}
    assert log.offsets_after("t", log.end_seq()) == {0: 3}
    appended = log.append("t", records(["2"], "d"))
    assert (appended.first_seq, appended.offsets.to_list()) == (4, [3])


def test_retention_is_exact_among_holes(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact,delete", "retention.ms": 100})
    log.append("t", records("1", "a"))
    clock.advance(50)
    log.append("t", records(["2"] * 8, "b" * 8))
    assert compact(log) == [(0, b"a", b"1"), (8, b"b", b"2")]
    log.upkeep.merge(log.topic("t"))
    clock.advance(51)
    log.upkeep.retain(log.topic("t"))
    assert held(log, "t", "offset") == [(8,)]
    assert [v for _, _, v in polled(log, ["t"])] == [b"2"]
