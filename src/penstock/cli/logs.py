"""Log lines on stderr: for a person beside what the command shows, or as JSON instead of it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from penstock.cli import terminal
from penstock.cli.errors import exit_code, show_error
from penstock.core.logs import LEVELS, set_up

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from penstock.project.settings import Settings

__all__ = ["Logs", "log_options", "warnings_shown"]


@dataclass(frozen=True, slots=True)
class Logs:
    """What the options say; None where they say nothing."""

    form: str | None = None
    level: str | None = None

    @contextmanager
    def begun(self, settings: Settings) -> Iterator[None]:
        """Lines are written inside, as the options say, else penstock.toml.

        As text from warnings on, where neither gives a level, since a person sees the rest; as JSON from info on.
        """
        as_json = (self.form or settings.log_format) == "json"
        level = self.level or settings.log_level or ("info" if as_json else "warning")
        with set_up("json" if as_json else "text", level, _write):
            if not as_json:
                yield
                return
            with terminal.remarks_logged():
                try:
                    yield
                except Exception as error:  # noqa: BLE001  # shown here, while that is still a log line
                    show_error(error)
                    raise click.exceptions.Exit(exit_code(error)) from None


def warnings_shown() -> AbstractContextManager[None]:
    """Inside, what this process warns of is written as text, for a command that has no options for its log lines."""
    return set_up("text", "warning", _write)


def _write(line: str) -> None:
    click.echo(line, err=True)


def log_options() -> Callable[[Any], Any]:
    """--log-format and --log-level, as one argument `logs`."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        from functools import wraps

        @wraps(command)
        def called(*args: Any, log_format: str | None, log_level: str | None, **kw: Any) -> Any:
            return command(*args, logs=Logs(log_format, log_level), **kw)

        for option in (
            click.option("--log-level", type=click.Choice(LEVELS), help="What is told at least."),
            click.option(
                "--log-format",
                type=click.Choice(("text", "json")),
                help="On stderr: text for a person, or all of it as JSON, a line each.",
            ),
        ):
            called = option(called)
        return called

    return decorate
