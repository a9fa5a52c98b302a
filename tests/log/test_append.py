"""Appending: offsets, partitions, places and timestamps; what is refused, and how."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import LogError
from penstock.log import RECORD_COLUMNS, Log
from penstock.log import append as append_module
from penstock.log.commit import Work, Write
from penstock.log.tables import put_fact
from tests.log.conftest import NOW
from tests.log.rows import held, numbered, polled, records, values

if TYPE_CHECKING:
    from pathlib import Path


def test_offsets_count_per_partition_and_places_across_topics(log: Log) -> None:
    log.create_topic("t", 2)
    log.create_topic("u")
    first = log.append("t", records("abc", partitions=[1, 0, 1]))
    second = log.append("u", records("d"))
    third = log.append("t", records("ef", partitions=[0, 1]))
    assert (first.first_seq, second.first_seq, third.first_seq) == (1, 4, 5)
    assert first.offsets.to_list() == [0, 0, 1]
    assert third.offsets.to_list() == [1, 2]
    assert third.partitions.to_list() == [0, 1]
    assert held(log, "t", "seq", "partition", "offset", "value") == [
        (1, 1, 0, b"a"), (2, 0, 0, b"b"), (3, 1, 1, b"c"), (5, 0, 1, b"e"), (6, 1, 2, b"f"),
    ]  # fmt: skip
    assert log.end_seq() == 6


def test_a_key_keeps_its_partition(log: Log) -> None:
    log.create_topic("t", 7)
    log.append("t", records("ab", ["foobar", "abc"]))
    assert held(log, "t", "key", "partition") == [(b"foobar", 0), (b"abc", 4)]


def test_records_without_key_go_to_one_partition_per_append_going_round(log: Log) -> None:
    log.create_topic("t", 3)
    chosen = [log.append("t", records("xyz")).partitions.to_list() for _ in range(6)]
    assert all(len(set(partitions)) == 1 for partitions in chosen)
    assert [p[0] for p in chosen[:3]] == [p[0] for p in chosen[3:]]
    assert {p[0] for p in chosen} == {0, 1, 2}


def test_a_given_partition_wins_over_the_key(log: Log) -> None:
    log.create_topic("t", 7)
    log.append("t", records("ab", ["foobar", "foobar"], partitions=[2, None]))
    assert held(log, "t", "partition") == [(2,), (0,)]


def test_everything_a_record_has_comes_back(log: Log) -> None:
    log.create_topic("t")
    headers = [[{"key": "source", "value": b"x"}, {"key": "empty", "value": None}], None, []]
    frame = records(["a", None, ""], [None, "k", ""], [7, None, 8]).with_columns(
        pl.Series("headers", headers, RECORD_COLUMNS["headers"])
    )
    log.append("t", frame)
    assert held(log, "t", "timestamp", "append_time", "key", "value", "headers", "tombstone") == [
        (7, NOW, None, b"a", headers[0], False),
        (NOW, NOW, b"k", None, None, True),
        (8, NOW, b"", b"", [], False),
    ]


@pytest.mark.parametrize(("kind", "expected"), [("LogAppendTime", NOW), ("CreateTime", 7)])
def test_timestamp_type_decides_whose_time_it_is(log: Log, kind: str, expected: int) -> None:
    log.create_topic("t", configs={"message.timestamp.type": kind})
    log.append("t", records("a", timestamps=[7]))
    assert held(log, "t", "timestamp") == [(expected,)]


def test_an_append_of_nothing_takes_no_place(log: Log) -> None:
    log.create_topic("t")
    appended = log.append("t", records([]))
    assert (appended.rows, appended.offsets.to_list(), log.end_seq()) == (0, [], 0)
    log.append("t", records("ab"))
    again = log.append("t", records([]).with_columns(timestamp=pl.lit(0, pl.Int64)))
    assert (again.rows, again.offsets.to_list(), log.end_seq()) == (0, [], 2)
    assert held(log, "t", "value") == [(b"a",), (b"b",)]


def test_a_large_append_becomes_several_batches_with_one_run_of_places(
    log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(append_module, "MAX_ROWS", 40)
    monkeypatch.setattr(append_module, "MAX_BYTES", 100)
    log.create_topic("t", 3)
    frame = numbered(500, keys=20)
    decoded = pl.DataFrame({"n": range(500)})
    appended = log.append("t", frame, decoded=("f", decoded))
    batches = log.poll(["t"], 0).batches
    assert all(b.rows <= 40 and b.entry.bytes <= 100 for b in batches)
    assert [v for _, _, v in polled(log, ["t"])] == frame["value"].to_list()
    assert pl.concat([found for b in batches if (found := b.decoded("f")) is not None]).equals(decoded)
    assert appended.rows == 500
    assert appended.offsets.to_list() == [offset for (offset,) in held(log, "t", "offset")]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (
            pl.DataFrame({"key": [b"k"]}),
            (
                "the frame has no column 'value'\ntopic t\nhint: a record is its value "
                "(Binary), and optionally a key, timestamp, headers and partition"
            ),
        ),
        (
            pl.DataFrame({"value": ["text"]}),
            ("column 'value' is String, a record's is Binary\ntopic t\nhint: cast it to Binary"),
        ),
        (
            pl.DataFrame({"value": [b"v"], "timestmp": [1]}),
            ("column 'timestmp' is no part of a record\ntopic t\nhint: did you mean timestamp?"),
        ),
        (
            pl.DataFrame({"value": [b"v"], "x": [1]}),
            ("column 'x' is no part of a record\ntopic t\nhint: allowed are value, key, timestamp, headers, partition"),
        ),
        (
            records("v", timestamps=[-5]),
            (
                "timestamp -5 lies before 1970, which a record's cannot\ntopic t\n"
                "hint: timestamps are milliseconds since 1970; keep other times in the value"
            ),
        ),
        (records("vw", partitions=[1, 2]), "there is no partition 2 in topic 't'\nhint: its partitions are 0 to 1"),
        (records("vw", partitions=[-1, 1]), "there is no partition -1 in topic 't'\nhint: its partitions are 0 to 1"),
        (
            records(["a", "b" * 93, "c"], ["k", "0123456789", "k"]),
            ("record 1 of the append has 103 bytes; topic 't' allows 100\nhint: raise max.message.bytes of the topic"),
        ),
    ],
)
def test_what_is_no_record_is_refused(log: Log, frame: pl.DataFrame, message: str) -> None:
    log.create_topic("t", 2, {"max.message.bytes": 100})
    with pytest.raises(LogError) as caught:
        log.append("t", frame)
    assert str(caught.value) == message
    assert log.end_seq() == 0


def test_headers_count_towards_the_largest_record(log: Log) -> None:
    log.create_topic("t", configs={"max.message.bytes": 100})
    header = pl.Series("headers", [[{"key": "0123456789", "value": b"x" * 80}]], RECORD_COLUMNS["headers"])
    log.append("t", records(["v" * 10]).with_columns(header))
    with pytest.raises(LogError, match="has 101 bytes"):
        log.append("t", records(["v" * 11]).with_columns(header))


def test_a_compacted_topic_wants_keys(log: Log) -> None:
    log.create_topic("t", configs={"cleanup.policy": "compact"})
    for frame, count in ((records("ab", ["k", None]), 1), (records("ab"), 2)):
        with pytest.raises(LogError) as caught:
            log.append("t", frame)
        assert str(caught.value) == (
            f"{count} of 2 records have no key, and topic 't' is compacted by key\n"
            "hint: give each record a key, or set cleanup.policy to delete"
        )


def test_decoded_columns_stand_row_for_row(log: Log) -> None:
    log.create_topic("t")
    with pytest.raises(LogError) as caught:
        log.append("t", numbered(3), decoded=("f", pl.DataFrame({"n": [1, 2]})))
    assert str(caught.value) == (
        "decoded columns have 2 rows, the append has 3\ntopic t\n"
        "hint: decoded columns stand row for row beside the records"
    )


def test_threads_that_append_at_once_share_commits_and_batches(path: Path) -> None:
    """Each thread's appends stay in its order, each is answered with its own places, and few commits were made."""
    with Log.open(path, clock=ManualClock(NOW)) as log:
        log.create_topic("t", 4)
        log.create_topic("u")
        answers: dict[tuple[str, bytes], tuple[int, int, int]] = {}

        def produce(who: int) -> None:
            for n in range(25):
                topic = "u" if n % 5 == 0 else "t"
                frame = records([f"{who}-{n}-{i}" for i in range(3)], [f"k{who}"] * 3)
                if n % 7 == 0:
                    frame = frame.with_columns(timestamp=pl.lit(1000 + n, pl.Int64))
                appended = log.append(topic, frame)
                for i in range(3):
                    place = appended.first_seq + i, appended.partitions[i], appended.offsets[i]
                    answers[topic, frame["value"][i]] = place

        threads = [threading.Thread(target=produce, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        found: dict[Any, Any] = {}
        for topic in ("t", "u"):
            for seq, partition, offset, value in held(log, topic, "seq", "partition", "offset", "value"):
                found[topic, value] = (seq, partition, offset)
        assert found == answers
        assert len(found) == 600
        assert sorted(seq for seq, _, _ in found.values()) == list(range(1, 601))
        for who in range(8):
            mine = [v for v in values(log, "t") if v is not None and v.startswith(f"{who}-")]
            assert mine == sorted(mine, key=lambda v: [int(part) for part in v.split("-")])
        assert len(log.poll(["t", "u"], 0).batches) < 200  # one for each append would be 200


def test_one_that_fails_in_a_group_fails_alone(log: Log) -> None:
    def put(key: str) -> Work:
        return Work(lambda write: put_fact(write, key, b"x"))

    def fail(write: Write) -> None:
        put_fact(write, "failed", b"x")
        raise KeyError("on purpose")

    with pytest.raises(KeyError, match="on purpose"):
        log.submit(put("before"), Work(fail), put("after"))
    assert set(log.facts.scan("")) == {"before", "after"}


def test_a_commit_that_is_interrupted_is_neither_repeated_nor_taken_for_done(log: Log) -> None:
    runs: list[str] = []

    def interrupted(write: Write) -> None:
        put_fact(write, "key", b"x")
        runs.append("run")
        raise KeyboardInterrupt

    first, second = Work(interrupted), Work(lambda write: put_fact(write, "other", b"x"))
    with pytest.raises(KeyboardInterrupt):
        log.submit(first, second)
    assert runs == ["run"]
    assert str(second.error) == (
        "the commit was interrupted: it may have happened or not\n"
        "hint: look whether the rows are there before writing them again"
    )
    log.facts.put("goes on", b"x")
    assert set(log.facts.scan("")) == {"goes on"}


def test_a_bad_append_does_not_harm_those_that_commit_with_it(log: Log, path: Path) -> None:
    """One writer's topic vanishes while its append waits for a group commit; the others' go through."""
    log.create_topic("gone")
    log.create_topic("t")
    errors: list[str] = []
    log.append("gone", numbered(1))
    with Log.open(path) as other:
        other.delete_topic("gone")

    def produce(topic: str) -> None:
        try:
            log.append(topic, numbered(10))
        except LogError as error:
            errors.append(error.message)

    threads = [threading.Thread(target=produce, args=(topic,)) for topic in ["t", "gone", "t", "gone", "t", "t"]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == ["there is no topic 'gone'"] * 2
    assert len(values(log, "t")) == 40
