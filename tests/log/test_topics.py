"""Topics: create, alter, delete, describe, and every message a user can meet on the way."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import ConfigError, LogError
from penstock.log import Log
from tests.log.conftest import NOW
from tests.log.rows import held, numbered, records, values

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.core.clock import ManualClock
    from penstock.log import Topic


def test_created_topics_are_listed_by_name(log: Log) -> None:
    log.create_topic("b", 3, {"retention.ms": "1 h"})
    log.create_topic("a")
    assert [(t.name, t.partitions, dict(t.configs)) for t in log.topics()] == [
        ("a", 1, {}),
        ("b", 3, {"retention.ms": "1 h"}),
    ]
    assert log.topic("b").retention_ms == 3_600_000
    assert log.topic("a").retention_ms == 7 * 86_400_000


def test_a_topic_that_several_make_at_once_is_made_once(log: Log) -> None:
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: log.ensure_topic("a", 3), range(8)))
    assert sorted(made) == [False] * 7 + [True]
    assert log.topic("a").partitions == 3


def test_the_last_append_has_a_time(log: Log) -> None:
    log.create_topic("a")
    assert log.last_append("a") is None
    log.append("a", records([b"x"]))
    assert log.last_append("a") == NOW


@pytest.mark.parametrize(
    ("config", "value", "allowed"),
    [
        ("cleanup.policy", "shred", "allowed is delete, compact, or compact,delete"),
        ("retention.ms", "-2", "allowed is -1 for no limit, or a duration such as 500 ms, 10 s, 5 min, 1 h, 7 d"),
        ("retention.bytes", "many", "allowed is -1 for no limit, or a whole number of at least 0"),
        ("message.timestamp.type", "Now", "allowed is one of CreateTime, LogAppendTime"),
        ("max.message.bytes", "0", "allowed is a whole number from 1 to 536870912"),
    ],
)
def test_a_bad_config_names_what_is_allowed(log: Log, config: str, value: str, allowed: str) -> None:
    with pytest.raises(ConfigError) as caught:
        log.create_topic("t", configs={config: value})
    assert str(caught.value) == f"option '{config}' is '{value}', {allowed}\ntopic t"


def test_an_unknown_config_names_the_closest(log: Log) -> None:
    log.create_topic("t")
    attempts: list[Callable[[], Topic]] = [
        lambda: log.create_topic("u", configs={"retention": 1}),
        lambda: log.alter_topic("t", configs={"retention": 1}),
        lambda: log.alter_topic("t", configs={"retention": None}),
    ]
    for attempt in attempts:
        with pytest.raises(ConfigError, match=r"unknown option 'retention'\n.*\nhint: did you mean retention.ms\?"):
            attempt()


def test_names_are_kafkas(log: Log) -> None:
    log.create_topic("a.B_c-1")
    for name in ("", "a b", "ä", ".", "..", "x" * 250):
        with pytest.raises(LogError) as caught:
            log.create_topic(name)
        assert str(caught.value) == (
            f"'{name}' cannot name a topic\nhint: allowed are 1 to 249 letters, digits, '.', '_' and '-'"
        )


def test_a_name_is_given_once(log: Log) -> None:
    log.create_topic("t")
    with pytest.raises(LogError) as caught:
        log.create_topic("t")
    assert str(caught.value) == "topic 't' exists\nhint: alter it, or choose another name"


def test_an_unknown_topic_names_the_closest(log: Log) -> None:
    with pytest.raises(LogError) as caught:
        log.topic("events")
    assert str(caught.value) == "there is no topic 'events'\nhint: no topic exists yet"
    log.create_topic("events")
    log.create_topic("users")
    with pytest.raises(LogError, match=r"there is no topic 'event'\nhint: did you mean events\?"):
        log.append("event", numbered(1))
    with pytest.raises(LogError, match="hint: there are events, users"):
        log.poll(["zzz"], 0)


def test_partitions_only_grow(log: Log) -> None:
    log.create_topic("t", 2)
    log.append("t", numbered(100, keys=50))
    assert log.alter_topic("t", 5).partitions == 5
    log.append("t", numbered(100, keys=50))
    assert log.ends("t").keys() == {0, 1, 2, 3, 4}
    assert all(end > 0 for end in log.ends("t").values())
    assert len(held(log, "t")) == 200
    with pytest.raises(LogError) as caught:
        log.alter_topic("t", 3)
    assert str(caught.value) == (
        "topic 't' has 5 partitions and cannot have 3: partitions can only grow\n"
        "hint: create another topic and copy the records"
    )
    for count in (0, 10_001):
        with pytest.raises(LogError, match=f"cannot have {count} partitions\nhint: allowed are 1 to 10000"):
            log.create_topic("u", count)


def test_altering_sets_and_unsets_configs(log: Log) -> None:
    log.create_topic("t", configs={"retention.ms": 1, "cleanup.policy": "compact"})
    topic = log.alter_topic("t", configs={"retention.ms": None, "retention.bytes": 10})
    assert dict(topic.configs) == {"cleanup.policy": "compact", "retention.bytes": "10"}


def test_an_append_prepared_for_an_older_topic_is_prepared_again(log: Log, path: Path) -> None:
    log.create_topic("t", 1)
    log.append("t", numbered(1))  # this log now remembers one partition
    with Log.open(path) as other:
        other.alter_topic("t", 8)
    appended = log.append("t", numbered(200, keys=200))
    assert appended.partitions.n_unique() == 8
    with log.transaction() as tx, Log.open(path) as other:
        append = tx.append("t", numbered(200, keys=200))
        other.alter_topic("t", 16)
    assert append.result.partitions.n_unique() == 16


def test_a_deleted_topic_is_gone_at_once_and_its_name_free(log: Log, path: Path, clock: ManualClock) -> None:
    log.create_topic("t")
    log.append("t", numbered(10))
    log.groups.commit("g", {"t": {0: 4}})
    with Log.open(path, clock=clock) as other:
        other.delete_topic("t")
        assert other.topics() == []
        assert other.groups.names() == []
        with pytest.raises(LogError, match="there is no topic 't'"):
            other.append("t", numbered(1))
        other.create_topic("t")
    end = log.end_seq()
    appended = log.append("t", numbered(2))
    assert appended.first_seq == end + 1
    assert values(log, "t") == ["0", "1"]
    assert log.ends("t") == {0: 2}


def test_describe_tells_each_partition(log: Log, clock: ManualClock) -> None:
    log.create_topic("t", 3)
    log.append("t", records(["aa", "b", "c"], ["k", "k", "k"], [5, 3, 9], [1, 1, 0]))
    clock.advance(10)
    log.append("t", records([None, "ddd"], partitions=[1, 1]))
    zero, one, two = log.describe("t")
    assert (zero.start, zero.end, zero.rows, zero.bytes, zero.first_timestamp, zero.last_timestamp) == (
        0,
        1,
        1,
        2,
        9,
        9,
    )
    assert (one.start, one.end, one.rows, one.bytes, one.first_timestamp, one.last_timestamp) == (
        0, 4, 4, 8, 5, NOW + 10,
    )  # fmt: skip
    assert (two.start, two.end, two.rows, two.bytes, two.first_timestamp, two.last_timestamp) == (
        0,
        0,
        0,
        0,
        None,
        None,
    )
