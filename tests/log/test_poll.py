"""Polling: the order of the log, cut anywhere, across topics, merged or not."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import LogError
from penstock.log import Log
from tests.log.rows import numbered, polled, records

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import ManualClock
    from penstock.log import StoredBatch
    from penstock.log.commit import Write


@pytest.mark.parametrize("rows", [1, 2, 7, 1000])
@pytest.mark.parametrize("merged", [False, True])
def test_two_topics_stay_in_order_for_any_cut(log: Log, rows: int, merged: bool) -> None:
    log.create_topic("t", 3)
    log.create_topic("u")
    log.create_topic("other")
    expected = []
    for n in range(60):
        topic = ("t", "u", "t", "other")[n * 7 // 3 % 4]
        frame = numbered(1 + n % 4, 10 * n, keys=5)
        first = log.append(topic, frame).first_seq
        expected += [(first + i, topic, value) for i, value in enumerate(frame["value"])]
        if merged and n % 17 == 0:
            log.upkeep.merge(log.topic("t"))
    if merged:
        for one in log.topics():
            log.upkeep.merge(one)
        assert len(log.poll(["t", "u", "other"], 0).batches) == 3
    for topics in (["t", "u"], ["t"], ["u", "other", "t"]):
        assert polled(log, topics, rows=rows) == [row for row in expected if row[1] in topics]
    assert polled(log, ["t", "u"], after=100, rows=rows) == [r for r in expected if r[1] != "other" and r[0] > 100]


def test_a_poll_covers_all_up_to_its_end(log: Log) -> None:
    log.create_topic("t")
    log.create_topic("u")
    log.append("t", numbered(5))
    log.append("u", numbered(5))
    assert log.poll(["t"], 0).through == 10
    assert log.poll(["t"], 5).batches == []
    assert log.poll(["t"], 0, rows=3).through == 3
    assert log.poll(["u"], 0, rows=3).through == 8
    assert log.poll([], 0).through == 10


def test_bytes_bound_a_poll_but_never_to_nothing(log: Log) -> None:
    log.create_topic("t")
    log.append("t", records([b"x" * 100] * 50))
    assert log.poll(["t"], 0, bytes=1000).rows == 10
    assert log.poll(["t"], 0, bytes=1).rows == 1
    assert log.poll(["t"], 45, bytes=1000).rows == 5


def test_one_frame_of_many_small_batches(log: Log) -> None:
    log.create_topic("t", 4)
    log.create_topic("u")
    for n in range(20):
        log.append("t", numbered(3, 3 * n, keys=7 if n % 3 else 0))
        log.append("u", numbered(1))
    poll = log.poll(["t", "u"], 2, rows=50)
    columns = ("seq", "partition", "offset", "key", "timestamp", "append_time", "value", "headers", "tombstone")
    frame = poll.frame("t", *columns)
    assert frame.equals(pl.concat([b.frame(*columns) for b in poll.batches if b.topic == "t"]))
    assert frame.height + poll.frame("u", "value").height == 50
    assert poll.frame("nothing", "value").schema == {"value": pl.Binary}


def test_a_column_that_is_none_is_named(log: Log) -> None:
    log.create_topic("t")
    log.append("t", numbered(1))
    with pytest.raises(LogError) as caught:
        log.poll(["t"], 0).batches[0].frame("offsets")
    assert str(caught.value) == "a record has no column 'offsets'\nhint: did you mean offset?"


def test_only_the_columns_asked_for_are_read(log: Log) -> None:
    """The values of a batch are damaged; keys and places can still be read."""
    log.create_topic("t")
    log.append("t", numbered(10, keys=3))

    def damage(write: Write) -> None:
        write.connection.execute("UPDATE data SET body = zeroblob(9)")

    log._writer.run(damage)
    batch = log.poll(["t"], 0).batches[0]
    assert batch.frame("key", "offset").height == 10
    with pytest.raises(LogError, match="does not match its checksum"):
        batch.frame("value")


def test_a_batch_can_be_read_while_it_is_merged_and_for_a_while_after(log: Log, clock: ManualClock) -> None:
    log.create_topic("t")
    for n in range(5):
        log.append("t", numbered(2, 2 * n))
    before = log.poll(["t"], 0)
    log.upkeep.merge(log.topic("t"))
    assert [b.rows for b in log.poll(["t"], 0).batches] == [10]
    clock.advance(30_000)
    log.upkeep.vacuum()
    assert before.frame("t", "value")["value"].to_list() == numbered(10)["value"].to_list()
    clock.advance(31_000)
    log.upkeep.vacuum()
    with pytest.raises(LogError) as caught:
        before.batches[0].frame("value")
    assert str(caught.value) == (
        "rows of topic 't' (offsets of partition 0: 0 to 1) were found longer ago than a reader is waited for, "
        "and have since been merged or deleted\nhint: poll again from the same place"
    )


def numbers(batch: StoredBatch) -> list[int]:
    found = batch.decoded("schema-1")
    assert found is not None
    return found["n"].to_list()


def test_decoded_columns_are_a_cache_beside_the_bytes(log: Log) -> None:
    log.create_topic("t")
    log.append("t", numbered(3), decoded=("schema-1", pl.DataFrame({"n": [0, 1, 2]})))
    log.append("t", numbered(3, 3))
    with_, without = log.poll(["t"], 0).batches
    assert numbers(with_) == [0, 1, 2]
    assert with_.decoded("schema-2") is None
    assert without.decoded("schema-1") is None
    log.keep_decoded(without, "schema-1", pl.DataFrame({"n": [3, 4, 5]}))
    with log.transaction() as tx:
        tx.keep_decoded(without, "schema-2", pl.DataFrame({"m": [0, 0, 0]}))
    assert without.decoded("schema-2") is not None
    part = log.poll(["t"], 4, rows=1).batches[0]
    assert numbers(part) == [4]
    with pytest.raises(LogError) as caught:
        log.keep_decoded(part, "schema-1", pl.DataFrame({"n": [4]}))
    assert str(caught.value) == (
        "1 decoded rows do not stand beside the 3 rows of the stored batch\ntopic t\n"
        "hint: decode whole batches to keep their columns"
    )
    log.upkeep.drop_decoded(keep=["schema-1"])
    assert without.decoded("schema-2") is None
    log.upkeep.merge(log.topic("t"))
    (merged,) = log.poll(["t"], 0).batches
    assert numbers(merged) == [0, 1, 2, 3, 4, 5]
    assert merged.decoded("schema-2") is None
    log.upkeep.drop_decoded()
    assert merged.decoded("schema-1") is None


@pytest.mark.parametrize("rows", [1, 10, 1000])
def test_nothing_beyond_the_last_place_is_read(log: Log, rows: int) -> None:
    log.create_topic("t")
    for n in range(6):
        log.append("t", numbered(10, 10 * n))
    for last in (0, 5, 10, 34, 60):
        found = []
        poll = log.poll(["t"], 0, rows=rows, last=last)
        while poll.batches:
            found += [seq for batch in poll.batches for seq in batch.seqs.tolist()]
            poll = log.poll(["t"], poll.through, rows=rows, last=last)
        assert found == list(range(1, last + 1))
        assert poll.through == last
    assert log.poll(["t"], 40, last=30).through == 40


def test_a_waiting_reader_is_woken_by_an_append(log: Log) -> None:
    log.create_topic("t")
    assert not log.wait(0, 0)
    woken: list[bool] = []
    reader = threading.Thread(target=lambda: woken.append(log.wait(0, 30)))
    reader.start()
    log.append("t", numbered(1))
    reader.join(180)
    assert woken == [True]
    assert log.wait(0, 0)
    assert not log.wait(1, 0.02)


def test_a_waiting_reader_is_woken_by_another_process(log: Log, path: Path) -> None:
    """Another connection stands for it: both see each other through the file alone."""
    log.create_topic("t")
    with Log.open(path) as other:
        woken: list[bool] = []
        reader = threading.Thread(target=lambda: woken.append(other.wait(0, 30)))
        reader.start()
        log.append("t", numbered(1))
        reader.join(180)
        assert woken == [True]
