"""A process that is killed at any step of applying edited files: all pipelines are what they were, or the new ones."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.engine.project import TOTALS, append, opened, rows
from tests.project.test_edit import LINES, PER_KEY, WIDE, caught_up, rested

if TYPE_CHECKING:
    from pathlib import Path

CHANGED = TOTALS.replace("SUM(v)", "MAX(v)")

CHILD = """
import os, sys
from pathlib import Path
from penstock.project.edit.apply import _Apply
from tests.engine.project import opened  # its clock stands still: by that of today all records would be too old to stay

folder, step, when = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
act = getattr(_Apply, step)

def killed(self, *given):
    if when == "after":
        act(self, *given)
    os._exit(9)

with opened(folder) as project:
    project.start()
    for name, text in (("1-main.sql", sys.argv[4]), ("2-keys.sql", sys.argv[5]), ("3-more.sql", sys.argv[6])):
        (folder / "sql" / name).write_text(text)
    setattr(_Apply, step, killed)
    project.apply(project.difference().token)
"""


@pytest.mark.real
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", ["halt", "keep", "rebuild", "switch", "attempt", "_happened"])
def test_a_kill_leaves_the_old_or_the_new(tmp_path: Path, step: str, when: str) -> None:
    before = rested(tmp_path)
    files = (CHANGED, WIDE, PER_KEY.replace("INTO u", "INTO u /*+ OPTIONS('sink.parallelism' = '1') */"))
    child = subprocess.run([sys.executable, "-c", CHILD, tmp_path, step, when, *files], check=False)
    assert child.returncode == 9
    with opened(tmp_path) as penstock:
        difference = penstock.difference()
        changed = [(p.name, p.what) for p in difference.changed]
        switched = step in ("attempt", "_happened") or (step, when) == ("switch", "after")
        if switched:
            assert {name for name, what in changed} <= {"more"}  # begun or not, it was applied
        else:
            assert {c.pipeline: c.manifest for c in penstock.log.state.checkpoints()} == before
            assert changed == [("main", "changed"), ("more", "added"), ("keys", "removed")]
            penstock.apply(difference.token)
        penstock.start()
        append(penstock, LINES[20:])
        caught_up(penstock)
        assert penstock.stop() == {}
        assert rows(penstock)[:3] == [("a", 10.0, 5, 13), ("a", 20.0, 5, 5), ("a", 30.0, 5, 6)]
        assert rows(penstock, "u") == [("a", 17), ("b", 17)]
