"""A process killed at any moment: what was acknowledged is there once, a transaction is all or nothing."""

from __future__ import annotations

import random
import re
from typing import TYPE_CHECKING

import polars as pl
import pytest

from penstock.core.errors import CorruptLogError
from penstock.log import Log
from tests.log import children
from tests.log.rows import values

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 10


def test_a_damaged_wal_is_named_and_what_is_whole_can_be_salvaged(path: Path) -> None:
    """SQLite alone would replay it up to the damage and forget the rest."""
    child, pipe = children.start(children.append_and_die, str(path))
    acknowledged = pipe.recv()
    child.join()
    pipe.close()
    wal = path.with_name(path.name + "-wal")
    frame = 24 + 16_384
    position = 32 + wal.stat().st_size // frame // 2 * frame + 5000
    with wal.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 1]))
    for _ in range(2):  # looking at it has not hidden it
        with pytest.raises(CorruptLogError) as caught:
            Log.open(path)
        found = re.fullmatch(
            rf"{path}-wal is damaged: the last (\d+) commits in it cannot be read\n"
            "hint: restore both files from a copy, or open the log with salvage to go on without these commits",
            str(caught.value),
        )
        assert found is not None
        lost = int(found[1])
    with Log.open(path, salvage=True) as log:
        left = [int(v) for v in values(log, "t") if v is not None]
        assert left == list(range(acknowledged - lost))
        assert log.append("t", children.values(7)).offsets.to_list() == [len(left)]
    with Log.open(path) as log:
        assert log.verify().rows == len(left) + 1


def test_killed_while_appending_committing_and_merging(path: Path) -> None:
    with Log.open(path) as log:
        log.create_topic("t", configs={"retention.ms": -1})
        log.create_topic("out")
    noise = random.Random(3)
    number = appended = committed = 0
    for _ in range(KILLS):
        child, pipe = children.start(children.append_and_commit, str(path), number)
        kind, number = pipe.recv()
        acknowledged = {kind: number}
        for _ in range(noise.randrange(30)):
            kind, number = pipe.recv()
            acknowledged[kind] = number
        child.kill()
        child.join()
        while pipe.poll():
            try:
                kind, number = pipe.recv()
            except EOFError:
                break
            acknowledged[kind] = number
        pipe.close()
        with Log.open(path) as log:
            found = [int(v) for v in values(log, "t") if v is not None]
            assert found == list(range(len(found)))  # once each, in order, without a gap
            assert len(found) >= acknowledged["append"] + 3
            assert len(found) % 3 == 0
            appended = len(found)
            last = int(log.facts.get("n") or -3)
            assert last >= acknowledged.get("commit", -3)
            committed = last // 3 + 1
            assert [int(v) for v in values(log, "out") if v is not None] == [
                n + i for n in range(0, 3 * committed, 3) for i in (0, 1)
            ]
            if committed:
                checkpoint = log.state.resume("p")
                assert checkpoint is not None
                assert (checkpoint.epoch, checkpoint.manifest) == (last + 1, b"%d" % last)
                assert log.groups.offsets("g") == {"t": {0: last + 3}}
                assert dict(log.state.load("p", log.state.ids("p"))) == {f"s{last}": b"%d" % last}
                assert log.tables.rows("rows")[1]["n"].to_list() == list(range(0, 3 * committed, 3))
            if appended > 3 * committed:  # the child died between an append and its commit: make up for it
                with log.transaction() as tx:
                    tx.append("out", children.values(3 * committed))
                    tx.append("out", children.values(3 * committed + 1))
                    tx.append_rows("rows", pl.DataFrame({"n": [3 * committed]}))
                    tx.commit_offsets("g", {"t": {0: 3 * committed + 3}})
                    state = {f"s{3 * committed}": b"%d" % (3 * committed)}
                    tx.put_checkpoint("p", 3 * committed + 1, b"%d" % (3 * committed), state, set(state))
                    tx.put("n", b"%d" % (3 * committed))
            number = appended
    assert appended > 3 * KILLS
    with Log.open(path) as log:
        log.verify()
