"""Reading by offset, by time, from the end; finding places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import LogError
from tests.log.rows import held, numbered, records, values

if TYPE_CHECKING:
    from penstock.core.clock import ManualClock
    from penstock.log import Log


@pytest.fixture
def filled(log: Log, clock: ManualClock) -> Log:
    """30 rows over 3 partitions in 10 batches; values are numbers, row n has timestamp 100 n."""
    log.create_topic("t", 3)
    log.create_topic("noise")
    for n in range(0, 30, 3):
        clock.advance(1)
        log.append("t", records([str(i) for i in range(n, n + 3)], timestamps=[100 * i for i in range(n, n + 3)],
                                partitions=[i * i % 3 for i in range(n, n + 3)]))  # fmt: skip
        log.append("noise", numbered(2))
    return log


@pytest.mark.parametrize("merged", [False, True])
def test_offsets_bound_a_read_per_partition(filled: Log, merged: bool) -> None:
    if merged:
        filled.upkeep.merge(filled.topic("t"))
    everything = held(filled, "t")
    assert len(everything) == 30
    for start, end in (({0: 3}, None), ({1: 0}, {1: 5}), ({0: 9, 1: 19}, {1: 20}), ({2: 0}, None), ({0: 10}, None)):
        found = [row for f in filled.read("t", start, end, ("partition", "offset", "value")) for row in f.iter_rows()]
        assert found == [
            row for row in everything
            if row[0] in start and start[row[0]] <= row[1] < (end or {}).get(row[0], 99)
        ]  # fmt: skip


def test_a_read_ends_where_the_topic_ended_when_it_began(filled: Log) -> None:
    reading = filled.read("t")
    filled.append("t", numbered(5))
    assert sum(frame.height for frame in reading) == 30


@pytest.mark.parametrize(
    ("offsets", "message"),
    [
        ({0: 11}, "offset 11 of partition 0 of topic 't' is out of range\nhint: kept are offsets 0 to 10 (the end)"),
        ({1: -1}, "offset -1 of partition 1 of topic 't' is out of range\nhint: kept are offsets 0 to 20 (the end)"),
        ({3: 0}, "there is no partition 3 in topic 't'\nhint: its partitions are 0 to 2"),
    ],
)
def test_an_offset_out_of_range_names_the_range(filled: Log, offsets: dict[int, int], message: str) -> None:
    for attempt in (
        lambda: list(filled.read("t", offsets)),
        lambda: list(filled.read("t", None, offsets)),
        lambda: filled.seq_before("t", offsets),
    ):
        with pytest.raises(LogError) as caught:
            attempt()
        assert str(caught.value) == message


def test_seek_by_time_finds_the_first_record_that_is_not_older(filled: Log) -> None:
    by_value = {int(v): (p, o) for p, o, v in held(filled, "t")}
    for time in (0, 1, 1450, 2700, 2701):
        expected = {
            p: min((o for n, (q, o) in by_value.items() if q == p and 100 * n >= time), default=None) for p in range(3)
        }
        assert filled.offsets_for_times("t", {0: time, 1: time, 2: time}) == expected
    assert filled.offsets_for_times("t", {1: 999_999}) == {1: None}


def test_seek_by_time_takes_the_first_by_offset_though_times_are_out_of_order(log: Log) -> None:
    log.create_topic("t")
    log.append("t", records("abc", timestamps=[10, 50, 20]))
    log.append("t", records("de", timestamps=[5, 60]))
    assert log.offsets_for_times("t", {0: 15}) == {0: 1}
    assert log.offsets_for_times("t", {0: 51}) == {0: 4}


@pytest.mark.parametrize("rows", [0, 1, 2, 29, 30, 99])
def test_the_last_rows(filled: Log, rows: int) -> None:
    found = [v.decode() for frame in filled.last("t", rows) for v in frame["value"]]
    assert found == [str(n) for n in range(30)][max(0, 30 - rows) :]


def test_a_place_and_offsets_translate_into_each_other(filled: Log) -> None:
    rows = held(filled, "t", "seq", "partition", "offset")
    for seq in range(filled.end_seq() + 1):
        expected = {p: sum(1 for s, q, _ in rows if q == p and s <= seq) for p in range(3)}
        assert filled.offsets_after("t", seq) == expected
    for partition in (0, 1):
        for place, _, offset in (row for row in rows if row[1] == partition):
            assert filled.seq_before("t", {partition: offset}) == place - 1
    end = filled.ends("t")
    assert filled.poll(["t"], filled.seq_before("t", end)).rows == 0
    assert filled.seq_before("t", {}) == 0
    assert values(filled, "noise") == ["0", "1"] * 10
