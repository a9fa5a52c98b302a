"""Forgetting that is killed in the middle is done by doing it again; the project goes on either way."""

from __future__ import annotations

import subprocess
import sys
from itertools import count
from typing import TYPE_CHECKING

import pytest

import penstock
from tests.cli.shell import call, make_project
from tests.project.test_forget import SQL, WHO, found, visited

if TYPE_CHECKING:
    from pathlib import Path

CHILD = """
import os, sys
from penstock.cli import main
from penstock.log.commit import Writer
from penstock.log.file import LogFile
from penstock.project.forget import files

left = int(sys.argv.pop(1))

def counted(act):
    def counting(*given):
        global left
        left -= 1
        done = act(*given) if left else None
        return done if left else os._exit(9)
    return counting

Writer.run, LogFile.vacuum, files._put = map(counted, (Writer.run, LogFile.vacuum, files._put))
main()
"""


@pytest.mark.real
def test_forgetting_is_killed_and_done_again(tmp_path: Path) -> None:
    """Each time some acts later: commits, files that come in the place of others, and what empties the log."""
    shop = visited(make_project(tmp_path / "shop", SQL))
    forgetting = ("forget", shop, "--column", "email", "--value", WHO, "--yes")
    for kills in count():
        command = [sys.executable, "-c", CHILD, str(1 + 3 * kills), *map(str, forgetting)]
        died = subprocess.run(command, check=False, capture_output=True).returncode
        with penstock.open(shop) as project:
            project.log.verify()
        if not died:
            break
        assert died == 9
    assert kills > 3
    ended = call(*forgetting)
    assert (ended.code, ended.err) == (0, "")
    assert found(shop, WHO) == []
    with penstock.open(shop) as project:
        before = project.query("SELECT count(*) FROM visits").rows()
        project.run(bounded=True)
        assert project.query("SELECT sum(n) FROM counts").rows()[0][0] >= before[0][0]
        project.log.verify()
