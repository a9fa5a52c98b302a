"""Processes that are killed: what they were at is gone on with, once."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cli.shell import PATIENCE, call, started
from tests.jobs.worlds import make

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.real
def test_a_scheduler_that_is_killed_before_and_after_each_commit(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.jobs.killed", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) > 40, done.stderr
    a = "a-20260101T010000Z"
    for one in told:
        assert one["runs"] == [["b", "success", [1, 1, 1]], ["a", "success", [1, 1, 1]]], one
        assert [e for e in one["effects"] if e.startswith("a-")] == [f"{a}/{n}" for n in "123"], one
        assert [e.split("/")[1] for e in one["effects"]] == ["1", "2", "3"] * 2, one
        assert one["open"] == [], one
    assert {one["resumed"] for one in told} == {0, 1}


JOBS = """
[jobs.copy]
kind = "sql"
sql = "INSERT INTO totals SELECT 'x', id, amount FROM orders; INSERT INTO totals SELECT 'y', id, amount FROM orders"

[jobs.killer]
kind = "command"
command = ["sh", "-c", "echo $PENSTOCK_ATTEMPT >> told; test -e killed || { touch killed; kill -9 $PPID; sleep 600; }"]
"""


@pytest.mark.real
def test_a_command_that_was_killed_with_its_process_goes_on_with_the_next(tmp_path: Path) -> None:
    """The program that the first process has left sleeps: it is ended before it is begun anew."""
    folder = make(tmp_path / "shop", JOBS)
    with started("job", "run", folder, "killer") as process:
        process.communicate(timeout=PATIENCE)
        assert process.returncode == -9
    again = call("job", "run", folder, "killer")
    assert again.code == 0, again.err
    assert "was broken off, and goes on" in again.err
    assert "command: a program that an earlier process has left is ended" in again.err
    assert (folder / "told").read_text() == "1\n1\n"
    assert [*(folder / ".penstock" / "jobs").iterdir()] == []
    once_more = call("job", "run", folder, "killer")
    assert (once_more.code, (folder / "told").read_text()) == (0, "1\n1\n1\n")
