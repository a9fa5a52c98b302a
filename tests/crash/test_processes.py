"""Other processes beside the engine's: a second engine is refused, appends are welcome."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from penstock.core.clock import SystemClock
from penstock.core.errors import LockedError
from tests.crash.workload import Progress, append_records, outcome, project, run_until_killed, same, start, undisturbed
from tests.engine.project import fates, opened

if TYPE_CHECKING:
    from pathlib import Path


def test_a_second_engine_is_refused_and_told_which_process_runs(tmp_path: Path) -> None:
    progress = Progress(project(tmp_path))
    with opened(tmp_path, SystemClock()) as penstock:
        child, pipe = start(run_until_killed, str(tmp_path))
        append, asked = start(append_records, str(tmp_path), 0, 200)
        asked.recv()
        asked.send("go")
        assert asked.recv() == "done"
        while not progress[0]:
            assert not pipe.poll(0.001), pipe.recv()
        with pytest.raises(LockedError) as caught:
            penstock.start()
        message, where, hint = str(caught.value).splitlines()
        assert re.fullmatch(
            rf"the project is in use by process {child.pid} \(.+\) since \d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d UTC", message
        )
        assert where == str(tmp_path / ".penstock" / "engine.lock")
        assert hint == "hint: stop that process first; reading and appending need no lock"
        assert penstock.query("SELECT COUNT(*) FROM e").rows() == [(200,)]
        child.kill()
        child.join()
        append.join()
        pipe.close()
        asked.close()
        penstock.run(bounded=True)  # the lock went with the process
        assert fates(penstock)["source e"]["taken"] == 200


def test_two_processes_append_while_the_engine_reads(tmp_path: Path) -> None:
    each = 2_000
    with opened(project(tmp_path, checkpoint_interval="10 ms"), SystemClock()) as penstock:
        run = penstock.start()
        children = [start(append_records, str(tmp_path), first, each) for first in (0, each)]
        for _, pipe in children:
            pipe.recv()
        for _, pipe in children:
            pipe.send("go")
        assert [pipe.recv() for _, pipe in children] == ["done", "done"]
        while run.pipelines[0].rows < 2 * each:
            assert not run.wait(0.001), run.errors
        assert penstock.stop() == {}
        assert fates(penstock)["source e"]["taken"] == 2 * each
        penstock.run(bounded=True)
        assert same(outcome(penstock), undisturbed(tmp_path / "undisturbed", penstock))
        for child, pipe in children:
            child.join()
            pipe.close()
