"""Damaged files are named, never read as data."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import ManualClock
from penstock.core.errors import CorruptLogError, LogError, PenstockError, StorageError
from penstock.log import Log
from tests.log.conftest import NOW
from tests.log.rows import held, numbered, records

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from penstock.log.commit import Write


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    """A closed log of some hundred kB: small and large blobs, state, tables, facts."""
    path = tmp_path / "whole.db"
    noise = random.Random(1)
    with Log.open(path, durability="relaxed", clock=ManualClock(NOW)) as log:
        log.create_topic("t", 2)
        log.append("t", numbered(50, keys=9), decoded=("f", numbered(50)))
        log.append("t", records([noise.randbytes(500) for _ in range(200)], partitions=[0, 1] * 100))
        log.append("t", numbered(50, 50, keys=9))
        log.state.stage("p", 1, {"a": noise.randbytes(50_000)})
        with log.transaction() as tx:
            tx.put_checkpoint("p", 1, noise.randbytes(30_000), {}, {"a"})
            tx.append_rows("late", numbered(50))
            tx.put("fact", b"value")
            tx.commit_offsets("g", {"t": {0: 3}})
        log.state.create_savepoint("s", "p")
    return path


def everything(log: Log) -> object:
    """All that can be read of it."""
    return (
        held(log, "t", "seq", "partition", "offset", "timestamp", "key", "value"),
        log.describe("t"),
        [batch.decoded("f") is None for batch in log.poll(["t"], 0).batches],
        log.state.checkpoint("p"),
        dict(log.state.load("p", ["a"])),
        log.state.savepoints(),
        log.tables.rows("late")[1].to_dict(as_series=False),
        log.facts.scan(""),
        log.groups.offsets("g"),
    )


def flip(path: Path, position: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ (1 << bit)]))


def test_no_flipped_bit_is_read_as_data(whole: Path, tmp_path: Path) -> None:
    """Every byte of the header, and one in some hundred elsewhere: an error of ours, or the very same answer."""
    with Log.open(whole, clock=ManualClock(NOW)) as log:
        expected = everything(log)
    size = whole.stat().st_size
    noise = random.Random(2)
    damaged = tmp_path / "damaged.db"
    caught = 0
    for position in [*range(100), *(noise.randrange(100, size) for _ in range(60))]:
        shutil.copy(whole, damaged)
        flip(damaged, position, noise.randrange(8))
        try:
            with Log.open(damaged, clock=ManualClock(NOW)) as log:
                log.verify()
                assert everything(log) == expected
        except (LogError, StorageError):
            caught += 1
    assert caught == 160  # each page is checked as a whole, its unused bytes too


def test_a_damaged_page_is_named(whole: Path) -> None:
    with Log.open(whole) as log, log._file.reading() as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'batch'").get
    flip(whole, (page - 1) * 16_384 + 16_300)
    with Log.open(whole) as log, pytest.raises(CorruptLogError) as caught:
        log.poll(["t"], 0)
    assert str(caught.value) == (
        f"{whole} is damaged: a page does not match its checksum\nhint: restore it from a copy; do not write to it"
    )


@pytest.mark.parametrize(
    ("statement", "read", "message"),
    [
        (
            "UPDATE data SET body = cast('other bytes' AS BLOB) WHERE id = (SELECT max(id) FROM data)",
            lambda log: held(log, "t"),
            (
                "a blob of topic 't' does not match its checksum\n"
                "offsets of partition 0: 127 to 154, 1: 123 to 144 in {path}\n"
                "hint: restore the file from a copy; all other batches can still be read"
            ),
        ),
        (
            "DELETE FROM data WHERE id = 250",
            lambda log: held(log, "t"),
            "a blob of topic 't' is missing\noffsets of partition 0: 27 to 126, 1: 23 to 122 in {path}\n",
        ),
        (
            "UPDATE data SET head = NULL WHERE id = (SELECT min(id) FROM data)",
            lambda log: held(log, "t"),
            "a blob of topic 't' does not match its checksum\n",
        ),
        (
            "UPDATE decoded SET crc = crc + 1",
            lambda log: log.poll(["t"], 0).batches[0].decoded("f"),
            "decoded columns of topic 't' does not match its checksum\n",
        ),
        (
            "UPDATE state_data SET bytes = zeroblob(10)",
            lambda log: dict(log.state.load("p", ["a"])),
            (
                "state 'a' of pipeline 'p' does not match its checksum\nin {path}\n"
                "hint: restore the file from a copy, or start the pipeline afresh from its topics"
            ),
        ),
        (
            "DELETE FROM state_data",
            lambda log: dict(log.state.load("p", ["a"])),
            "state 'a' of pipeline 'p' does not match its checksum\n",
        ),
        (
            "UPDATE checkpoint SET manifest = zeroblob(10)",
            lambda log: log.state.checkpoint("p"),
            "the checkpoint of p does not match its checksum\n",
        ),
        (
            "UPDATE chunk SET frame = zeroblob(10)",
            lambda log: log.tables.rows("late"),
            (
                "rows of table 'late' up to number 50 do not match their checksum\nin {path}\n"
                "hint: restore the file from a copy"
            ),
        ),
    ],
)
def test_damaged_blobs_are_named(whole: Path, statement: str, read: Callable[[Log], object], message: str) -> None:
    with Log.open(whole) as log:

        def damage(write: Write) -> None:
            write.connection.execute(statement)

        log._writer.run(damage)
        with pytest.raises(CorruptLogError):
            log.verify()
        with pytest.raises(CorruptLogError) as caught:
            read(log)
        assert str(caught.value).startswith(message.format(path=whole))


def test_other_batches_can_still_be_read(whole: Path) -> None:
    with Log.open(whole) as log:

        def damage(write: Write) -> None:
            write.connection.execute("UPDATE data SET body = zeroblob(8) WHERE id = 250")

        log._writer.run(damage)
        first, second, third = log.poll(["t"], 0).batches
        assert first.frame("value").height == third.frame("value").height == 50
        assert second.frame("offset").height == 200
        with pytest.raises(CorruptLogError):
            second.frame("value")


def test_an_index_that_does_not_fit_its_blobs_is_found(whole: Path) -> None:
    with Log.open(whole) as log:

        def damage(write: Write) -> None:
            write.connection.execute("UPDATE batch SET rows = rows - 1 WHERE id = 50")

        log._writer.run(damage)
        with pytest.raises(CorruptLogError) as caught:
            log.verify()
        assert str(caught.value) == (
            f"the index of topic 't' does not fit its batch at place 50\nin {whole}\nhint: restore the file from a copy"
        )


@pytest.mark.parametrize("cut", [0, 10, 100, 16_384, 50_000])
def test_a_file_cut_short_is_no_log(whole: Path, cut: int) -> None:
    with whole.open("r+b") as file:
        file.truncate(cut)
    with pytest.raises(PenstockError), Log.open(whole) as log:
        log.verify()


def test_a_whole_log_verifies(whole: Path) -> None:
    with Log.open(whole) as log:
        found = log.verify()
    assert (found.batches, found.rows) == (3, 300)
    assert found.blobs == 3 * 2 + 1 + 1 + 1 + 1 + 1  # decoded, state, table, checkpoint, savepoint
