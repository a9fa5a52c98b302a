from __future__ import annotations

import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

import penstock
from penstock.cli.command import Command, Group
from penstock.cli.page import page
from penstock.cli.root import COMMANDS, cli
from tests.cli.shell import PATIENCE, call, started

if TYPE_CHECKING:
    from collections.abc import Iterator


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, Group):
            yield from commands(found, (*path, name))
        else:
            assert isinstance(found, Command)
            yield (*path, name), found


ALL = dict(commands())


def test_the_commands_are_those_that_were_asked_for() -> None:
    wanted = {
        *(
            "init",
            "demo",
            "run",
            "sql",
            "check",
            "explain",
            "query",
            "ledger",
            "why",
            "simulate",
            "settings",
            "memory",
            "health",
            "uptime",
            "backups",
            "operations",
            "bench windows",
            "upkeep",
            "backup",
            "restore",
            "forget",
            "service",
            "audit",
            "diff",
            "compare",
            "apply",
        ),
        *(f"topic {c}" for c in ("list", "create", "describe", "alter", "delete", "produce", "read", "write")),
        *(f"group {c}" for c in ("list", "describe", "reset", "delete")),
        *(f"pipeline {c}" for c in ("list", "show", "columns", "start", "pause", "resume", "stop", "drain", "restart")),
        *(f"queries {c}" for c in ("list", "show", "run")),
        *(f"rejects {c}" for c in ("list", "show", "replay", "discard")),
        *(f"quality {c}" for c in ("show", "fix", "replay", "discard")),
        *(f"file {c}" for c in ("list", "show", "save", "delete")),
        *("observe rules", "observe grafana"),
        *(f"alert {c}" for c in ("list", "show", "test", "incidents", "incident", "ack", "silence")),
        *(f"job {c}" for c in ("list", "run", "status", "logs", "backfill", "pause", "resume", "cancel", "retry")),
        *(f"user {c}" for c in ("add", "list", "role", "password", "filter", "remove")),
        *(f"token {c}" for c in ("make", "list", "revoke")),
        *(f"savepoint {c}" for c in ("create", "list", "restore", "drop")),
    }
    assert {" ".join(path) for path in ALL} == wanted


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_help_ends_with_examples_that_are_of_the_command(path: tuple[str, ...]) -> None:
    command = ALL[path]
    shown = call(*path, "--help")
    assert shown.code == 0
    assert 1 <= len(command.examples) <= 3
    for example in command.examples:
        assert example in shown.out
        words = shlex.split(example.rsplit("|", maxsplit=1)[-1], comments=True)
        assert words[: 1 + len(path)] == ["penstock", *path]
        context = click.Context(command, info_name=path[-1])
        given, rest, _ = command.make_parser(context).parse_args(words[1 + len(path) :])
        assert not rest, f"{example}: {rest} is left over of {given}"


@pytest.mark.parametrize("path", ALL, ids=" ".join)
def test_every_option_says_what_it_does(path: tuple[str, ...]) -> None:
    options = [p for p in ALL[path].params if isinstance(p, click.Option)]
    assert all(o.help for o in options)
    assert ALL[path].help


def test_the_whole_help_names_each_command_with_a_line() -> None:
    shown = call("--help").out
    for section, names in COMMANDS.items():
        assert f"{section}:" in shown
        for name in names:
            assert f"  {name} " in shown


def test_the_page_holds_every_command_and_option() -> None:
    text = page()
    for path, command in ALL.items():
        assert f"### penstock {' '.join(path)}\n" in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert f"`{option.opts[0]}" in text.replace("`-e, --execute", "`-e")


def test_the_version() -> None:
    child = started("--version")
    out, err = child.communicate(timeout=PATIENCE)
    assert (out, err, child.returncode) == (f"penstock {penstock.__version__}\n", "", 0)


def test_all_commands_are_there_before_anything_heavy_is_loaded() -> None:
    code = "import sys, penstock.cli.root as r; [r.cli.get_command(None, c) for c in r.cli.list_commands(None)]"
    command = [sys.executable, "-c", code + "; print(sorted(sys.modules))"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "'penstock.cli.run'" in loaded
    for heavy in ("polars", "duckdb", "rich", "sqlglot", "numpy", "apsw"):
        assert f"'{heavy}'" not in loaded
