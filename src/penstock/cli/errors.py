"""How an error is shown, and the exit code that a script sees."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import click

from penstock.cli.terminal import STDERR, is_logged, painted
from penstock.core.errors import InternalError, PenstockError
from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["INTERNAL", "INTERRUPTED", "OK", "USAGE", "USER", "exit_code", "show_error", "worst"]

OK, USER, USAGE, INTERNAL, INTERRUPTED = 0, 1, 2, 3, 130

_FRAMES = 6
"""So many of the innermost calls are shown of an error that nobody foresaw."""


def exit_code(error: BaseException) -> int:
    """1 for what a user can mend, 2 for a wrong command line, 3 for a promise of ours that does not hold."""
    match error:
        case click.Abort() | KeyboardInterrupt():
            return INTERRUPTED
        case click.ClickException():
            return USAGE
        case InternalError():
            return INTERNAL
        case PenstockError():
            return USER
    return INTERNAL


def worst(errors: Iterable[BaseException]) -> int:
    """The exit code of several errors; 0 without any."""
    return max((exit_code(e) for e in errors), default=OK)


def show_error(error: BaseException) -> None:
    """The error in full on stderr: ``error[CODE]: message``, where it is, and the hint."""
    if is_logged():
        tell("error", "error", "the command has met an error", error=error)
        return
    match error:
        case click.Abort() | KeyboardInterrupt():
            _show("interrupted", "nothing more was done")
        case click.UsageError():
            command = error.ctx.command_path if error.ctx else "penstock"
            _show("usage", error.format_message(), hint=f"{command} --help shows how it is used")
        case click.ClickException():
            _show("usage", error.format_message())
        case PenstockError():
            _show(error.code, error.message, error.where, error.hint)
        case _:
            where = "".join(traceback.format_exception(error, limit=-_FRAMES)).rstrip()
            _show("internal", f"{type(error).__name__}: {error}", where, "please report this with what led to it")


def _show(code: str, message: str, where: str = "", hint: str = "") -> None:
    lines = [painted(f"error[{code}]", STDERR, fg="red", bold=True) + f": {message}"]
    lines += [f"  {line}" for line in where.splitlines()]
    if hint:
        lines.append(painted("hint", STDERR, fg="cyan") + f": {hint}")
    click.echo("\n".join(lines), err=True)
