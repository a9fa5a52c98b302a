"""Merging small batches: fewer of them, and nothing else changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from penstock.log import Log, merging, seek
from penstock.log.rewriting import Rewrite
from tests.log.rows import held, numbered, records

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import ManualClock

EVERYTHING = (
    "seq", "partition", "offset", "timestamp", "append_time", "key", "value", "headers", "tombstone",
)  # fmt: skip


def batches(log: Log, topic: str = "t") -> list[int]:
    return [batch.rows for batch in log.poll([topic], 0).batches]


def test_nothing_but_the_number_of_batches_changes(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", 3)
    log.create_topic("u")
    for n in range(40):
        times = [5 * n, 5 * n + 1] if n % 4 else None
        log.append(
            "t", records([f"{n}", None if n % 9 == 0 else "x"], None if n % 5 == 0 else [f"k{n % 7}", None], times)
        )
        if n % 3 == 0:
            log.append("u", numbered(1))
        clock.advance(n % 2)
    before = held(log, "t", *EVERYTHING)
    assert log.upkeep.merge(log.topic("t")) == 39
    assert batches(log) == [80]
    assert held(log, "t", *EVERYTHING) == before
    log.verify()


def test_upkeep_merges_runs_and_leaves_what_outweighs_the_rest(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FULL_ROWS", 1000)
    log.create_topic("t")
    log.append("t", numbered(400))
    for n in range(15):
        log.append("t", numbered(2, n))
    log.maintain(60)
    assert batches(log) == [400] + [2] * 15  # one more makes a run worth it
    log.append("t", numbered(2))
    log.maintain(60)
    assert batches(log) == [400, 32]
    log.append("t", numbered(600))
    log.append("t", numbered(2))
    log.maintain(60)
    assert batches(log) == [400, 32, 600, 2]


def test_rows_are_written_again_only_a_few_times(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """1,000 appends of one row, with upkeep after each 16: rows rewritten per row stays near the logarithm."""
    monkeypatch.setattr(merging, "FULL_ROWS", 4096)
    log.create_topic("t")
    rewritten = 0
    for n in range(1000):
        log.append("t", numbered(1, n))
        if n % 16 == 15:
            before = {b.id for b in log.poll(["t"], 0).batches}
            log.maintain(60)
            rewritten += sum(b.rows for b in log.poll(["t"], 0).batches if b.id not in before)
    assert rewritten < 4 * 1000
    assert len(batches(log)) < 60


def test_a_merged_batch_is_no_larger_than_a_full_one(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FULL_ROWS", 100)
    log.create_topic("t")
    for n in range(90):
        log.append("t", numbered(7, 7 * n))
    log.upkeep.merge(log.topic("t"))
    assert max(batches(log)) <= 100
    assert len(batches(log)) < 13


@pytest.mark.parametrize("meanwhile", ["merged", "altered", "deleted"])
def test_what_another_process_changes_meanwhile_is_left_as_it_is(
    log: Log, path: Path, monkeypatch: pytest.MonkeyPatch, meanwhile: str
) -> None:
    log.create_topic("t")
    for n in range(20):
        log.append("t", numbered(1, n))
    with Log.open(path) as other:

        def late(*arguments: Any) -> Rewrite:
            rewrite = Rewrite(*arguments)
            monkeypatch.setattr(merging, "Rewrite", Rewrite)
            if meanwhile == "merged":
                other.upkeep.merge(other.topic("t"))
            elif meanwhile == "altered":
                other.alter_topic("t", 3)
                other.append("t", records("x", partitions=[2]))
            else:
                other.delete_topic("t")
            return rewrite

        monkeypatch.setattr(merging, "Rewrite", late)
        assert log.upkeep.merge(log.topic("t")) == 0
    if meanwhile == "deleted":
        assert log.topics() == []
        log.create_topic("t")
        assert held(log, "t") == []
        return
    assert batches(log) == ([20] if meanwhile == "merged" else [1] * 21)
    assert [v for (v,) in held(log, "t", "value")][:20] == [str(n).encode() for n in range(20)]
    log.upkeep.merge(log.topic("t"))
    assert batches(log) == ([20] if meanwhile == "merged" else [21])
    assert log.ends("t") == ({0: 20} if meanwhile == "merged" else {0: 20, 1: 0, 2: 1})
    log.verify()


def test_merging_looks_only_at_what_is_new(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The work of upkeep must not grow with the log."""
    monkeypatch.setattr(merging, "FULL_ROWS", 8)
    log.create_topic("t")
    for n in range(100):
        log.append("t", numbered(5, 5 * n))
    log.maintain(60)
    looked: list[int] = []
    live = seek.live_batches

    def watched(*arguments: Any) -> Any:
        for batch in live(*arguments):
            looked.append(batch.id)
            yield batch

    monkeypatch.setattr(merging, "live_batches", watched)
    log.append("t", numbered(5))
    log.maintain(60)
    assert len(looked) == 1


def test_what_compaction_made_small_is_merged(log: Log, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "FULL_ROWS", 100)
    log.create_topic("t", configs={"cleanup.policy": "compact", "min.compaction.lag.ms": 1000})
    for n in range(20):
        log.append("t", records(["v"] * 60, [f"only {n}", *(f"k{i}" for i in range(59))]))
    log.maintain(60)
    assert batches(log) == [60] * 20
    clock.advance(1000)
    log.maintain(60)
    assert batches(log) == [19, 60]
    log.verify()
