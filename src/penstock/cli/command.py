"""What all commands share: examples in their help, the project they work on, the format of their rows."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from penstock.cli.terminal import interactive, plural
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from penstock.project.acting import Project

__all__ = [
    "Command",
    "Group",
    "acting",
    "agree",
    "agree_rows",
    "folder_argument",
    "format_option",
    "opened",
    "path_of",
    "program",
]


class Command(click.Command):
    """A command whose help ends with examples, each a line to paste."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = tuple(examples)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The examples, after the options."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{'':>{formatter.current_indent}}{example}\n")


class Group(click.Group):
    """Commands over one noun, in the order in which they were added."""

    command_class = Command

    def list_commands(self, ctx: click.Context) -> list[str]:
        """As they were added: the order in which one needs them."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click's, but an unknown command names the closest there is."""
        if args and self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            from penstock.core.errors import did_you_mean

            known = self.list_commands(ctx)
            closest = did_you_mean(args[0], known) or "there are " + ", ".join(known)
            ctx.fail(f"there is no command '{args[0]}'; {closest}")
        return super().resolve_command(ctx, args)


def folder_argument() -> Callable[[Any], Any]:
    """The argument DIR: a project's folder."""
    return click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


def path_of(folder: Path) -> str:
    """DIR as it can be pasted into a shell."""
    import shlex

    return shlex.quote(str(folder))


def program() -> str:
    """This program as it can be pasted into the shell that it was called from."""
    import shlex
    import shutil
    import sys

    called = Path(sys.argv[0])
    if called.name == "__main__.py":
        return f"{shlex.quote(sys.executable)} -m penstock"
    found = shutil.which("penstock")
    if called.name != "penstock" or (found is not None and called.exists() and called.samefile(found)):
        return "penstock"
    return shlex.quote(sys.argv[0])


def format_option(*choices: str) -> Callable[[Any], Any]:
    """The option --format, the first choice by default."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        help="How rows are printed; vertical is a line a column.",
    )


def agree(question: str) -> None:
    """Ask; raises ConfigError where the answer is no, UsageError where nobody can be asked."""
    if not interactive():
        raise click.UsageError("nobody can be asked here, so say --yes")
    if not click.confirm(question, err=True):
        raise ConfigError("nothing was done", code="declined")


def agree_rows(act: Literal["replay", "discard"], count: int) -> None:
    """Ask whether so many rows are meant; raises as `agree`."""
    if not interactive():
        raise click.UsageError(f"{plural(count, 'row')} would be {act}ed; nobody can be asked here, so say --yes")
    agree(f"{act.capitalize()} {plural(count, 'row')}?")


@contextmanager
def acting(folder: Path) -> Iterator[Project]:
    """The project in `folder`: through the process that runs it, if one does, else in this one.

    Raises ConfigError or SqlError where it does not fit.
    """
    from penstock.project.home import HOME
    from penstock.server.serve import SOCKET

    if (folder / HOME / SOCKET).exists():
        from penstock.server.owner import Owner, is_owned

        if is_owned(folder / HOME):
            yield Owner(folder / HOME)
            return
    with opened(folder) as penstock:
        yield penstock


def opened(folder: Path) -> Any:
    """The project in `folder`, to be closed. Raises ConfigError or SqlError where it does not fit."""
    from penstock.project.opening import open_project

    return open_project(folder)
