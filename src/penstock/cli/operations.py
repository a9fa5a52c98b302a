"""`penstock operations`: the long work that calls have begun in the process that runs a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["operations"]


@click.command(
    cls=Command,
    examples=("penstock operations shop", "penstock operations shop --cancel 9f3a21bc44d0"),
)
@folder_argument()
@click.option("--cancel", "ended", metavar="ID", help="End that operation.")
@format_option(*FORMATS)
def operations(folder: Path, ended: str | None, form: str) -> None:
    """List backups, checks of them and upkeep that calls have begun in the process that runs the project in DIR.

    What a command does itself is not among them: Ctrl-C ends it.
    """
    import polars as pl

    with acting(folder) as project:
        if ended is not None:
            done = project.operations.cancel(ended)
            click.echo(f"{done.kind} of {done.on} is {done.state}")
            return
        found = project.operations.list()
    columns = {
        "id": pl.Series([one.id for one in found], dtype=pl.String),
        "kind": pl.Series([one.kind for one in found], dtype=pl.String),
        "on": pl.Series([one.on for one in found], dtype=pl.String),
        "by": pl.Series([one.by for one in found], dtype=pl.String),
        "began": pl.Series([one.began for one in found], dtype=pl.Int64).cast(pl.Datetime("ms", "UTC")),
        "state": pl.Series([one.state for one in found], dtype=pl.String),
        "doing": pl.Series([one.doing for one in found], dtype=pl.String),
        "done": pl.Series([one.done for one in found], dtype=pl.Int64),
        "all": pl.Series([one.all or None for one in found], dtype=pl.Int64),
        "error": pl.Series([one.error for one in found], dtype=pl.String),
    }
    print_rows(pl.DataFrame(columns), form)
