"""`penstock apply`: the SQL files as they are now become what the pipelines are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, agree, folder_argument
from penstock.cli.diff import show_difference, show_pipeline

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["apply"]


@click.command(cls=Command, examples=("penstock apply shop", "penstock apply shop --yes"))
@folder_argument()
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(folder: Path, yes: bool) -> None:
    """Let the pipelines be what the SQL files in DIR are now, their state as `penstock diff` shows it.

    State is rebuilt while all go on; then the pipelines that change halt, and a savepoint keeps what was: those of the
    last three times are kept. Where the new ones do not start, or fail at their next rows, all is put back as it was.
    An engine may run; if none does, the next one goes on.
    """
    with acting(folder) as project:
        found = project.difference()
        show_difference(found)
        if not found.changed and not found.files:
            return
        if not yes:
            agree("Apply this?")
        done = project.apply(found.token)
    click.echo("applied")
    for one in done.pipelines:
        show_pipeline(one)
        if one.name in done.savepoints:
            click.echo(f"  savepoint {done.savepoints[one.name]} keeps what was")
