"""The page of all commands, made of the commands themselves: `page` gives the text of docs/cli.md."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, Group
from penstock.cli.root import COMMANDS, cli

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["page"]

_HEAD = """\
# The command line

<!-- Made by scripts/pages.py of the commands in src/penstock/cli; change those, not this page. -->

Results go to standard output, remarks and errors to standard error; colours and moving progress only to a terminal
(and not where `NO_COLOR` is set). Times are shown with their distance from UTC.

| exit code | |
|--|--|
| 0 | done |
| 1 | an error that the user can mend: in the SQL, the settings, the data, a question |
| 2 | the command line itself is wrong |
| 3 | an error of Penstock's own |
| 130 | a second Ctrl-C cut it short |
"""


def page() -> str:
    """The page, as Markdown."""
    context = click.Context(cli, info_name="penstock")
    parts = [_HEAD]
    for section, names in COMMANDS.items():
        parts.append(f"## {section}")
        for name in names:
            command = cli.get_command(context, name)
            assert command is not None
            parts += _command(command, click.Context(command, parent=context, info_name=name))
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    pieces = command.collect_usage_pieces(context)
    heading = context.command_path
    usage = " ".join([heading, *(p for p in pieces if p != "[OPTIONS]")])
    yield f"### {heading}"
    yield f"`{usage}`"
    yield from _paragraphs(inspect.cleandoc(command.help or ""))
    if options := _options(command, context):
        yield "| option | |\n|--|--|" + options
    if isinstance(command, Command):
        yield "```\n" + "\n".join(command.examples) + "\n```"
    if isinstance(command, Group):
        for name in command.list_commands(context):
            below = command.commands[name]
            yield from _command(below, click.Context(below, parent=context, info_name=name))


def _paragraphs(text: str) -> Iterator[str]:
    """A help's text; lines that click is to leave as they are, as code."""
    for part in text.split("\n\n"):
        yield "```\n" + part.removeprefix("\b\n") + "\n```" if part.startswith("\b\n") else part


def _options(command: click.Command, context: click.Context) -> str:
    rows = ""
    for parameter in command.params:
        record = parameter.get_help_record(context) if isinstance(parameter, click.Option) else None
        if record is not None:
            names, text = (part.replace("|", "\\|") for part in record)
            rows += f"\n| `{names}` | {text} |"
    return rows
