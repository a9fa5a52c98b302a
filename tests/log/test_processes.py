"""Several processes on one log at the same time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from penstock.log import Log
from tests.log import children

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("upkeep", [False, True])
def test_two_append_while_a_third_reads_in_order_without_gap_or_repeat(path: Path, upkeep: bool) -> None:
    batches = 150
    with Log.open(path) as log:
        log.create_topic("t", 3)
        log.create_topic("u")
        started = [
            children.start(children.append_numbers, str(path), topic, who, batches)
            for who, topic in enumerate(["t", "u", "t"])
        ]
        for _, pipe in started:
            pipe.recv()
        for _, pipe in started:
            pipe.send("go")
        expected = 3 * 2 * batches
        seen: list[tuple[int, str]] = []
        after = 0
        while len(seen) < expected:
            assert log.wait(after, 60)
            poll = log.poll(["t", "u"], after, rows=97)
            rows = [
                (int(seq), value.decode())
                for topic in ("t", "u")
                for seq, value in poll.frame(topic, "seq", "value").iter_rows()
            ]
            seen += sorted(rows)
            after = poll.through
            if upkeep:
                log.maintain(0.001)
        assert [seq for seq, _ in seen] == list(range(1, expected + 1))
        for who, (child, pipe) in enumerate(started):
            mine = [int(value.split()[1]) for _, value in seen if value.startswith(f"{who} ")]
            assert mine == list(range(pipe.recv()))
            child.join()
            pipe.close()
        assert not log.wait(after, 0)
