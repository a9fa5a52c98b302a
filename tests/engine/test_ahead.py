"""Work done ahead of the engine, by the threads that decode."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from penstock.engine.operators.source import Source
from tests.engine.project import EVENTS, RESULTS, append, event, opened, rows, write_project

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from penstock.core.edges import Chunk
    from penstock.engine.operators.source import Piece


SQL = EVENTS + RESULTS + "INSERT INTO r SELECT k, ts, id, v FROM e;"


def test_the_row_wise_work_on_a_scan_is_left_to_the_threads_that_decode(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Source.prepare
    workers: set[str] = set()

    def prepare(self: Source, chunk: Chunk) -> Piece:
        workers.add(threading.current_thread().name)
        return original(self, chunk)

    monkeypatch.setattr(Source, "prepare", prepare)
    with opened(write_project(tmp_path, SQL, threads=2, batch_rows=10)) as penstock:
        append(penstock, [event(n, n) for n in range(30)])
        penstock.run(bounded=True)
        assert len(rows(penstock)) == 30
    assert workers
    assert all(name.startswith("penstock-decode") for name in workers)
