"""The WAL is written back beside the writers, and does not grow for ever."""

from __future__ import annotations

import random
import threading
from typing import TYPE_CHECKING

import apsw

from penstock.log import Log, wal
from tests.log.rows import records, values
from tests.parts import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

NOISE = random.Random(5)


def test_the_wal_stays_small_under_constant_writing(log: Log, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wal, "LIMIT_PAGES", 20)
    log.create_topic("t")
    log.create_topic("u")

    def write(topic: str) -> None:
        for _ in range(1200):
            log.append(topic, records([NOISE.randbytes(3000)]))

    writers = [threading.Thread(target=write, args=(topic,)) for topic in ("t", "u")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    # each commit writes some 48 kB into it: some 110 MB in all
    assert path.with_name("log.db-wal").stat().st_size < 50_000_000
    log.verify()


def test_writing_back_leaves_the_rows_in_the_file(log: Log, path: Path) -> None:
    log.create_topic("t")
    log.append("t", records([NOISE.randbytes(100_000), b"x"]))
    before = path.stat().st_size
    log.upkeep.write_back()
    assert path.stat().st_size > before + 90_000
    assert values_count(log) == 2


def test_a_reader_in_the_middle_of_a_fetch_is_not_waited_for(log: Log) -> None:
    log.create_topic("t")
    log.append("t", records("a"))
    with log._file.reading() as connection:
        connection.execute("SELECT count(*) FROM batch").fetchall()
        log.append("t", records("b"))
        log.upkeep.write_back()
        log.append("t", records("c"))
    assert values(log, "t") == ["a", "b", "c"]


def values_count(log: Log) -> int:
    return sum(frame.height for frame in log.read("t"))


def test_a_log_that_is_closed_during_a_checkpoint_does_not_wait_for_ever() -> None:
    closers: list[threading.Thread] = []

    def closing_meanwhile() -> apsw.Connection:
        closer = threading.Thread(target=keeper.close, daemon=True)
        closer.start()
        closers.append(closer)
        closer.join(0.2)  # it waits for this thread now
        raise apsw.BusyError

    keeper = wal.WalKeeper(closing_meanwhile, threading.Lock())
    with apsw.Connection(":memory:") as connection:
        keeper.committed(connection, "main", wal.LIMIT_PAGES)
    until(lambda: closers, "the WAL is not written back")
    closers[0].join(180)
    assert not closers[0].is_alive()


def test_it_waits_the_longer_the_more_the_wal_has_grown() -> None:
    def tries_at(pages: int) -> int:
        keeper.pages = pages
        return next(tries for tries in range(10_000) if not keeper._wait_a_little(tries))

    keeper = wal.WalKeeper(lambda: apsw.Connection(":memory:"), threading.Lock())
    limit = wal.LIMIT_PAGES
    short, long, longest = tries_at(limit), tries_at(3 * limit), tries_at(1_000 * limit)
    assert (short, long) == (wal.LOCK_TRIES, 3 * wal.LOCK_TRIES)
    assert longest < 1_000 * short  # writers wait meanwhile
