"""Sending without waiting: order, results, errors, and several appends to a commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import LogError, StorageError
from penstock.log import Log
from penstock.log import producer as producer_module
from tests.log.rows import held, numbered, values

if TYPE_CHECKING:
    from pathlib import Path


def test_what_is_sent_is_appended_in_order_several_to_a_commit(log: Log) -> None:
    log.create_topic("t", 3)
    log.create_topic("u")
    with log.producer() as producer:
        sent = [producer.send("u" if n % 10 == 0 else "t", numbered(3, 3 * n, keys=7)) for n in range(300)]
    assert [int(v) for v in values(log, "t") if v] == [3 * n + i for n in range(300) if n % 10 for i in range(3)]
    places = {
        value: row for topic in ("t", "u") for value, *row in held(log, topic, "value", "seq", "partition", "offset")
    }
    for append in sent:
        result = append.result
        for i, value in enumerate(append.records["value"]):
            assert places[value] == [result.first_seq + i, result.partitions[i], result.offsets[i]]
    assert len(log.poll(["t", "u"], 0).batches) < 300


def test_flush_waits_for_what_was_sent(log: Log) -> None:
    log.create_topic("t")
    with log.producer() as producer:
        append = producer.send("t", numbered(3))
        producer.flush()
        assert append.result.offsets.to_list() == [0, 1, 2]
        producer.send("t", numbered(2))
        producer.flush()
        assert len(values(log, "t")) == 5
    with pytest.raises(StorageError) as caught:
        producer.send("t", numbered(1))
    assert str(caught.value) == "this producer is closed"


def test_one_that_fails_is_raised_and_harms_no_other(log: Log, path: Path) -> None:
    log.create_topic("t")
    log.create_topic("gone")
    log.append("gone", numbered(1))
    with Log.open(path) as other:
        other.delete_topic("gone")
    with log.producer() as producer:
        first = producer.send("t", numbered(1))
        failing = producer.send("gone", numbered(1))
        last = producer.send("t", numbered(1))
        with pytest.raises(LogError, match="there is no topic 'gone'"):
            producer.flush()
        producer.flush()
        with pytest.raises(LogError, match="there is no topic 'gone'"):
            _ = failing.result
        assert (first.result.offsets.to_list(), last.result.offsets.to_list()) == ([0], [1])
    with pytest.raises(LogError, match="there is no topic 'x'"), log.producer() as producer:
        producer.send("x", numbered(1))


def test_sending_is_held_up_when_too_much_is_on_its_way(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(producer_module, "WAITING_ROWS", 100)
    log.create_topic("t")
    with log.producer() as producer:
        for n in range(50):
            producer.send("t", numbered(60, 60 * n))
            assert producer._rows <= 160
    assert len(values(log, "t")) == 3000
