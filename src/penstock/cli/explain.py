"""`penstock explain`: how the rows of a project's tables are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["explain"]


@click.command(cls=Command, examples=("penstock explain shop", "penstock explain shop revenue"))
@folder_argument()
@click.argument("table", required=False)
def explain(folder: Path, table: str | None) -> None:
    """Show the pipelines of the project in DIR as trees of operators, the result on top.

    With TABLE, what makes the rows of that table or view. Nothing is run.
    """
    from penstock.project.definition import read_definition
    from penstock.project.explain import explain as lines_of
    from penstock.project.home import HOME

    click.echo("\n".join(lines_of(read_definition(folder), folder / HOME, table)))
