from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli import terminal
from penstock.cli.errors import exit_code, show_error, worst
from penstock.core.errors import ConfigError, DataError, LedgerError
from tests.cli.shell import call, make_project, orders

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_wrong_command_names_the_closest() -> None:
    ended = call("topik")
    assert ended.code == 2
    assert ended.err == (
        "error[usage]: there is no command 'topik'; did you mean topic?\nhint: penstock --help shows how it is used\n"
    )


def test_no_command_is_no_error() -> None:
    bare = call()
    assert (bare.code, bare.err) == (0, "")
    assert bare.out == call("--help").out
    assert call("topic").out == call("topic", "--help").out


def test_a_wrong_command_under_a_noun_names_those_there_are() -> None:
    ended = call("rejects", "xyz")
    assert ended.code == 2
    assert ended.err.startswith("error[usage]: there is no command 'xyz'; there are list, show, replay, discard\n")


def test_a_wrong_option() -> None:
    ended = call("run", "x", "--bunded")
    assert ended.code == 2
    assert "error[usage]: No such option '--bunded'" in ended.err
    assert "hint: penstock run --help shows how it is used" in ended.err


def test_no_project(tmp_path: Path) -> None:
    ended = call("run", tmp_path / "none")
    assert ended.code == 1
    assert ended.err == (
        f"error[project-missing]: {tmp_path / 'none'} is no Penstock project: it has no penstock.toml\n"
        f"hint: penstock init {tmp_path / 'none'} makes one\n"
    )


def test_wrong_sql_is_underlined_in_its_file(tmp_path: Path) -> None:
    folder = make_project(
        tmp_path / "p", "CREATE TABLE t (a INT) WITH ('connector' = 'print');\nINSERT INTO t SELECT b;\n"
    )
    ended = call("run", folder)
    assert ended.code == 1
    assert "error[sql-" in ended.err
    assert "sql/01-orders.sql" in ended.err
    assert "  2 | INSERT INTO t SELECT b;\n                           ^\n" in ended.err


def test_an_error_of_ours_shows_where_and_asks_to_be_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def broken(_: object) -> None:
        raise RuntimeError("no such thing")

    monkeypatch.setattr("penstock.project.opening.open_project", broken)
    ended = call("ledger", tmp_path)
    assert ended.code == 3
    assert ended.err.startswith("error[internal]: RuntimeError: no such thing\n  Traceback")
    assert ended.err.endswith("hint: please report this with what led to it\n")


def test_exit_codes() -> None:
    errors = (ConfigError("x"), click.UsageError("x"), LedgerError("x"), RuntimeError("x"), click.Abort())
    assert [exit_code(e) for e in errors] == [1, 2, 3, 3, 130]
    assert worst([]) == 0
    assert worst([DataError("x"), LedgerError("x")]) == 3


def test_colours_only_on_a_screen_that_wants_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(terminal, "is_terminal", lambda stream="stdout": True)
    monkeypatch.setenv("TERM", "xterm")
    assert terminal.painted("x", fg="red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert terminal.painted("x", fg="red") == "x"
    show_error(ConfigError("it is wrong", code="c", where="line 1\nline 2", hint="mend it"))
    assert capsys.readouterr().err == "error[c]: it is wrong\n  line 1\n  line 2\nhint: mend it\n"


def test_whoever_reads_the_output_may_stop(shop: Path) -> None:
    import subprocess
    import sys

    from tests.cli.shell import append

    append(shop, *orders(40_000))
    reading = subprocess.Popen(
        [sys.executable, "-m", "penstock", "topic", "read", str(shop), "orders", "--format", "raw"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert reading.stdout.readline()
        reading.stdout.close()
        assert (reading.stderr.read(), reading.wait()) == ("", 0)
