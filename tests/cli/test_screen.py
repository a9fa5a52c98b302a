"""On a real terminal: a moving table, questions, and a cursor that is there afterwards."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from contextlib import nullcontext
from typing import TYPE_CHECKING

from tests.cli.shell import PATIENCE, call, make_project

if TYPE_CHECKING:
    from pathlib import Path


def on_a_terminal(*args: object, typed: str = "", out: Path | None = None) -> tuple[str, int]:
    """What a person sees of a command on a terminal, and its exit code; its results may go into a file."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "penstock", *map(str, args)]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "120"}
    with out.open("wb") if out else nullcontext(theirs) as stdout:
        child = subprocess.Popen(command, stdin=theirs, stdout=stdout, stderr=theirs, env=env)
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
    return seen.decode(), child.wait(PATIENCE)


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


def test_what_goes_into_a_file_is_not_on_the_screen(tmp_path: Path) -> None:
    sql = """
CREATE TABLE a (n INT) WITH (
  'connector' = 'datagen', 'fields.n.kind' = 'sequence', 'fields.n.start' = '1', 'fields.n.end' = '3'
);
CREATE TABLE b (n INT) WITH ('connector' = 'print');
INSERT INTO b SELECT n FROM a;
"""
    folder = make_project(tmp_path / "p", sql, name="b")
    seen, code = on_a_terminal("run", folder, "--bounded", out=tmp_path / "rows")
    assert code == 0
    assert (tmp_path / "rows").read_text().startswith("+I[1]\n+I[2]\n+I[3]\nb: 3 rows read")
    assert "+I" not in seen


def test_statements_typed_on_a_terminal() -> None:
    seen, code = on_a_terminal("sql", typed="SELECT 1 AS a,\n 'x' AS b;\nSELEC;\nquit\n")
    assert code == 0
    assert "a" in seen
    assert "1  x" in seen
    assert "'SELEC' does not begin a statement" in seen
