"""From the thread that makes to the one that takes: pieces in their order, and whatever ends the work."""

from __future__ import annotations

import threading

import pytest

from penstock.project.handover import Handover


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_ends_the_work_reaches_whoever_takes(error: type[BaseException]) -> None:
    """Polars raises Ctrl-C in the thread that works, and whoever waits would wait for ever."""
    handover: Handover[int] = Handover(2)

    def work() -> None:
        for piece in range(5):
            handover.put(piece)
        raise error

    thread = threading.Thread(target=handover.make, args=(work,))
    thread.start()
    assert [handover.take() for _ in range(5)] == [*range(5)]
    with pytest.raises(error):
        handover.take()
    thread.join()
