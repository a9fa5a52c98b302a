"""Append-only tables of the system, facts, and everything together in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import LogError
from penstock.log import Log
from tests.log.rows import numbered, values

if TYPE_CHECKING:
    from penstock.core.clock import ManualClock


def numbers(*n: int) -> pl.DataFrame:
    return pl.DataFrame({"n": n})


def test_rows_are_numbered_and_read_from_any_number_on(log: Log) -> None:
    log.tables.append("late", numbers(1, 2, 3))
    log.tables.append("rejects", numbers(9))
    log.tables.append("late", numbers())
    log.tables.append("late", numbers(4, 5))
    assert log.tables.names() == ["late", "rejects"]
    for after in range(7):
        last, frame = log.tables.rows("late", after)
        assert (last, frame.get_column("n").to_list() if frame.width else []) == (
            max(5, after), list(range(after + 1, 6)),
        )  # fmt: skip
    assert log.tables.rows("late", 1, 3)[1]["n"].to_list() == [2, 3, 4]
    last, frame = log.tables.rows("none")
    assert (last, frame.height) == (0, 0)


def test_rows_are_read_from_the_last_one_back(log: Log) -> None:
    log.tables.append("late", numbers(1, 2, 3))
    log.tables.append("rejects", numbers(9))
    log.tables.append("late", numbers(4, 5))

    def before(number: int) -> tuple[int, list[int]]:
        first, frame = log.tables.rows_before("late", number)
        return first, frame["n"].to_list() if frame.width else []

    assert [before(n) for n in (1 << 62, 6, 5, 4, 3, 2, 1)] == [
        (4, [4, 5]), (4, [4, 5]), (4, [4]), (1, [1, 2, 3]), (1, [1, 2]), (1, [1]), (0, []),
    ]  # fmt: skip


def test_a_table_may_get_more_columns(log: Log) -> None:
    log.tables.append("late", numbers(1))
    log.tables.append("late", pl.DataFrame({"n": [2], "why": ["x"]}))
    assert log.tables.rows("late")[1].to_dict(as_series=False) == {"n": [1, 2], "why": [None, "x"]}


def test_small_appends_are_merged_and_keep_their_numbers(log: Log) -> None:
    for n in range(100):
        log.tables.append("late", numbers(n))
    before = log.tables.rows("late", 50)
    log.maintain(60)
    with log._file.reading() as connection:
        assert connection.execute("SELECT count(*) FROM chunk").get < 10
    after = log.tables.rows("late", 50)
    assert after[0] == before[0] == 100
    assert after[1].equals(before[1])
    log.tables.append("late", numbers(100))
    assert log.tables.rows("late", 100)[1]["n"].to_list() == [100]


def test_facts(log: Log) -> None:
    log.facts.put("ledger/p/1", b"one")
    log.facts.put("ledger/p/2", b"two")
    log.facts.put("ledger/q/1", b"other")
    log.facts.put("ledger/p/1", b"uno")
    assert log.facts.get("ledger/p/1") == b"uno"
    assert log.facts.get("nothing") is None
    assert log.facts.scan("ledger/p/") == {"ledger/p/1": b"uno", "ledger/p/2": b"two"}
    log.facts.delete("ledger/p/1")
    log.facts.delete("ledger/p/1")
    assert log.facts.scan("ledger/") == {"ledger/p/2": b"two", "ledger/q/1": b"other"}


def test_a_transaction_is_all(log: Log) -> None:
    log.create_topic("t")
    log.create_topic("u")
    log.facts.put("old", b"x")
    with log.transaction() as tx:
        first = tx.append("t", numbered(2))
        tx.append("u", numbered(1))
        second = tx.append("t", numbered(2, 2))
        tx.commit_offsets("g", {"t": {0: 3}})
        tx.append_rows("late", numbers(1, 2))
        tx.put_checkpoint("p", 1, b"m", {"a": b"A"}, {"a"})
        tx.put("new", b"y")
        tx.delete("old")
        with pytest.raises(LogError) as caught:
            _ = first.result
    assert str(caught.value) == "this append is not committed yet\nhint: leave the transaction first"
    assert (first.result.first_seq, second.result.first_seq) == (1, 4)
    assert second.result.offsets.to_list() == [2, 3]
    assert values(log, "t") == ["0", "1", "2", "3"]
    assert log.groups.offsets("g") == {"t": {0: 3}}
    assert log.tables.rows("late")[0] == 2
    assert log.facts.scan("") == {"new": b"y"}
    assert dict(log.state.load("p", ["a"])) == {"a": b"A"}


@pytest.mark.parametrize("last", ["raise", "bad offset", "bad state"])
def test_a_transaction_is_nothing(log: Log, last: str) -> None:
    log.create_topic("t")
    with pytest.raises(Exception), log.transaction() as tx:  # noqa: B017  (three kinds of them)
        tx.append("t", numbered(2))
        tx.append_rows("late", numbers(1, 2))
        tx.put("new", b"y")
        if last == "raise":
            raise KeyError
        if last == "bad offset":
            tx.commit_offsets("g", {"t": {1: 3}})
        tx.put_checkpoint("p", 1, b"m", None, {"never written"})
    assert log.end_seq() == 0
    assert values(log, "t") == []
    assert log.tables.names() == []
    assert log.facts.scan("") == {}
    assert log.state.checkpoint("p") is None


def test_everything_works_in_memory(clock: ManualClock) -> None:
    with Log.open(None, clock=clock) as log:
        log.create_topic("t", 2)
        with log.transaction() as tx:
            tx.append("t", numbered(100, keys=9))
            tx.commit_offsets("g", {"t": {0: 3}})
        for n in range(20):
            log.append("t", numbered(1, n))
        assert log.path is None
        assert log.wait(119, 0)
        assert log.maintain(60)
        log.upkeep.vacuum()
        assert len(values(log, "t")) == 120
        assert log.verify().rows == 120
