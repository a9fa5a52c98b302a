"""Checkpoints and savepoints: what is staged, made valid, dropped, restored."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.core.errors import StateError
from penstock.log import Log
from tests.log.conftest import NOW
from tests.log.rows import numbered

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.clock import ManualClock
    from penstock.log import Checkpoint


def put(log: Log, epoch: int, live: set[str], state: dict[str, bytes] | None = None, pipeline: str = "p") -> None:
    with log.transaction() as tx:
        tx.put_checkpoint(pipeline, epoch, f"manifest {epoch}".encode(), state, live)


def epoch(found: Checkpoint | None) -> int:
    assert found is not None
    return found.epoch


def loaded(log: Log, pipeline: str = "p") -> dict[str, bytes]:
    return dict(log.state.load(pipeline, sorted(log.state.ids(pipeline))))


def test_a_checkpoint_makes_exactly_its_live_ids_valid(log: Log, clock: ManualClock) -> None:
    assert log.state.checkpoint("p") is None
    log.state.stage("p", 1, {"a": b"A1", "b": b"B1"})
    assert log.state.ids("p") == set()
    put(log, 1, {"a", "b", "c"}, {"c": b"C1"})
    clock.advance(5)
    log.state.stage("p", 2, {"a": b"A2"})
    assert loaded(log) == {"a": b"A1", "b": b"B1", "c": b"C1"}
    put(log, 2, {"a", "c"})
    assert loaded(log) == {"a": b"A2", "c": b"C1"}
    found = log.state.checkpoint("p")
    assert found is not None
    assert (found.epoch, found.manifest, found.time_ms) == (2, b"manifest 2", NOW + 5)
    assert log.state.checkpoints() == [found]


def test_what_a_dead_process_staged_is_never_valid(log: Log, path: Path) -> None:
    put(log, 1, {"a"}, {"a": b"A1"})
    log.state.stage("p", 2, {"a": b"half done", "b": b"half done"})
    log.close()
    with Log.open(path) as again:
        assert epoch(again.state.resume("p")) == 1
        put(again, 2, {"a"})
        assert loaded(again) == {"a": b"A1"}
        with pytest.raises(StateError) as caught:
            put(again, 3, {"a", "b"})
        assert str(caught.value) == "checkpoint 3 of pipeline 'p' names state 'b', which was never written"
        assert epoch(again.state.checkpoint("p")) == 2
        again.upkeep.vacuum()
        with again._file.reading() as connection:
            assert connection.execute("SELECT count(*) FROM state").get == 1


def test_an_attempt_in_the_same_process_forgets_what_the_last_one_staged(log: Log) -> None:
    put(log, 1, {"a"}, {"a": b"A1"})
    log.state.stage("p", 2, {"a": b"of a failed attempt"})
    log.state.resume("p")
    put(log, 2, {"a"})
    assert loaded(log) == {"a": b"A1"}


def test_a_failed_transaction_keeps_the_last_checkpoint_and_what_was_staged(log: Log) -> None:
    log.create_topic("t")
    put(log, 1, {"a"}, {"a": b"A1"})
    log.state.stage("p", 2, {"a": b"A2"})
    with pytest.raises(ZeroDivisionError), log.transaction() as tx:
        tx.append("t", numbered(3))
        tx.put_checkpoint("p", 2, b"m", None, {"a"})
        raise ZeroDivisionError
    assert loaded(log) == {"a": b"A1"}
    assert log.end_seq() == 0
    put(log, 2, {"a"})
    assert loaded(log) == {"a": b"A2"}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20])
def test_blobs_of_any_size(log: Log, size: int) -> None:
    blob = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    log.state.stage("p", 1, {"small": b"s", "a": blob, "empty": b""})
    put(log, 1, {"a", "small", "empty", "direct"}, {"direct": blob})
    assert loaded(log) == {"a": blob, "small": b"s", "empty": b"", "direct": blob}


def test_pipelines_do_not_touch_each_other(log: Log) -> None:
    put(log, 1, {"a"}, {"a": b"p"})
    put(log, 7, {"a"}, {"a": b"q"}, "q")
    put(log, 2, set())
    assert (loaded(log), loaded(log, "q")) == ({}, {"a": b"q"})
    log.state.drop_pipeline("q")
    assert log.state.checkpoint("q") is None
    assert loaded(log, "q") == {}
    with pytest.raises(StateError) as caught:
        dict(log.state.load("q", ["a"]))
    assert str(caught.value) == "the checkpoint of pipeline 'q' has no state 'a'"


def test_a_savepoint_outlives_its_state_and_its_pipeline(log: Log, clock: ManualClock) -> None:
    put(log, 1, {"a", "b"}, {"a": b"A1", "b": b"B1"})
    made = log.state.create_savepoint("before", "p")
    assert (made.name, made.pipeline, made.epoch, made.time_ms) == ("before", "p", 1, NOW)
    put(log, 2, {"b", "c"}, {"b": b"B2", "c": b"C2"})
    log.state.drop_pipeline("p")
    log.upkeep.vacuum()
    clock.advance(1000)
    restored = log.state.restore_savepoint("before")
    assert (restored.epoch, restored.manifest) == (1, b"manifest 1")
    assert loaded(log) == {"a": b"A1", "b": b"B1"}
    put(log, 2, {"a"})
    log.state.restore_savepoint("before")  # as often as one likes
    assert loaded(log) == {"a": b"A1", "b": b"B1"}
    assert log.state.savepoints() == [made]
    log.state.drop_savepoint("before")
    assert log.state.savepoints() == []
    assert loaded(log) == {"a": b"A1", "b": b"B1"}


def test_savepoint_errors(log: Log) -> None:
    put(log, 1, {"a"}, {"a": b"A1"})
    log.state.create_savepoint("before", "p")
    for attempt, message in (
        (lambda: log.state.create_savepoint("before", "p"), "savepoint 'before' exists\nhint: choose another name"),
        (lambda: log.state.create_savepoint("x", "q"), "pipeline 'q' has no checkpoint to keep\nhint: run it first"),
        (
            lambda: log.state.restore_savepoint("befor"),
            "there is no savepoint 'befor'\nhint: did you mean before?",
        ),
        (lambda: log.state.drop_savepoint("zzz"), "there is no savepoint 'zzz'\nhint: there are before"),
    ):
        with pytest.raises(StateError) as caught:
            attempt()
        assert str(caught.value) == message
    log.state.drop_savepoint("before")
    with pytest.raises(StateError, match="hint: no savepoint exists yet"):
        log.state.restore_savepoint("before")


def test_bytes_of_dropped_state_are_freed_by_upkeep(log: Log, path: Path) -> None:
    blob = bytes(hash(n) % 256 for n in range(1 << 20))
    for epoch in range(1, 6):
        log.state.stage("p", epoch, {f"base{epoch}": blob})
        put(log, epoch, {f"base{epoch}"})
    freed = log.upkeep.vacuum()
    assert freed >= 4 << 20
    assert loaded(log) == {"base5": blob}
