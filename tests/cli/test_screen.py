"""On a real terminal: a moving table, questions, and a cursor that is there afterwards."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cli.shell import call

if TYPE_CHECKING:
    from pathlib import Path


def on_a_terminal(*args: object, typed: str = "") -> tuple[str, int]:
    """What a person sees of a command on a terminal, and its exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "penstock", *map(str, args)]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    os.write(ours, typed.encode())
    seen = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return seen.decode(), child.wait(60)


def test_a_run_moves_asks_and_gives_the_cursor_back(shop: Path) -> None:
    assert call("run", shop, "--bounded").code == 0
    seen, code = on_a_terminal("run", shop, "--bounded", "--fresh", typed="y\n")
    assert code == 0
    assert "Drop them? [y/N]: " in seen
    assert "rows/s" in seen
    assert "\x1b[1morders\x1b[0m: 130 rows read" in seen
    assert seen.count("\x1b[?25l") == seen.count("\x1b[?25h") == 1


def test_a_no_changes_nothing(shop: Path) -> None:
    assert call("run", shop, "--bounded").code == 0
    seen, code = on_a_terminal("run", shop, "--fresh", typed="n\n")
    assert code == 1
    assert "error[declined]" in seen
    assert ": nothing was done" in seen
    assert "there was nothing new to read" in call("run", shop, "--bounded").out
