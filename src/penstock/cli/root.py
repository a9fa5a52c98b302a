"""`penstock`: the commands, each loaded when it is called for."""

from __future__ import annotations

import errno
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from penstock import __version__
from penstock.cli.command import Group
from penstock.cli.errors import OK, exit_code, show_error
from penstock.core.errors import StorageError
from penstock.core.process import settle

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["COMMANDS", "cli", "main"]

COMMANDS = {
    "Begin": ("init", "demo", "check", "explain", "settings", "file"),
    "Run": ("run", "pipeline", "diff", "compare", "apply", "savepoint", "sql", "job", "upkeep"),
    "Look": (
        "query",
        "queries",
        "topic",
        "group",
        "rejects",
        "quality",
        "ledger",
        "why",
        "alert",
        "memory",
        "health",
        "uptime",
        "observe",
    ),
    "Keep": ("backup", "backups", "restore", "operations", "forget", "service"),
    "Let in": ("user", "token", "audit"),
    "Try": ("simulate", "bench"),
}
"""Every command by section; `penstock.cli.NAME` holds it under its own name."""


class Root(Group):
    """Loads `penstock.cli.NAME` for command NAME, and turns every error into its text and exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for names in COMMANDS.values() for name in names]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called so, or None."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = getattr(import_module(f"penstock.cli.{cmd_name}"), cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, by section."""
        for section, names in COMMANDS.items():
            found = [(name, self.get_command(ctx, name)) for name in names]
            with formatter.section(section):
                formatter.write_dl([(name, c.get_short_help_str(limit=200)) for name, c in found if c is not None])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run, and exit with a code of `errors` (unless not `standalone_mode`)."""
        if not standalone_mode:
            return super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        sys.exit(self._code(args, prog_name, complete_var, extra))

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whoever reads its output may stop reading."""
        try:
            code = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            _silence()
            return OK
        except OSError as error:
            if error.errno != errno.ENOSPC or not _of_output(error):
                raise
            _silence()
            raise StorageError(
                "no space left where standard output goes",
                code="storage-full",
                hint="free disk space there, or send it elsewhere",
            ) from None
        return code

    def _code(self, args: Sequence[str] | None, prog_name: str | None, variable: str | None, extra: Any) -> int:
        try:
            code = super().main(args, prog_name, variable, standalone_mode=False, **extra)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.format_message())
            return OK
        except Exception as error:  # noqa: BLE001  # whatever it is, it is shown and ends the command
            show_error(error)
            return exit_code(error)
        return code if isinstance(code, int) else OK


def _of_output(error: OSError) -> bool:
    """Whether printing raised it, not a file that a command writes."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_globals["__name__"] in ("click.utils", __name__)


def _silence() -> None:
    """Let go of standard output: else the flush at exit fails again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@click.group(cls=Root, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, "-V", "--version", message="penstock %(version)s")
def cli() -> None:
    """Flink SQL in one process, over its own durable log.

    A project is a folder of SQL files. `penstock demo` shows one at work; `penstock init DIR` makes one.
    """


def main() -> None:
    """The program `penstock`."""
    settle()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    cli.main(prog_name="penstock")
