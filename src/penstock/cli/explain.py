"""`penstock explain`: how the rows of a project's tables are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["explain"]


@click.command(
    cls=Command,
    examples=(
        "penstock explain shop",
        "penstock explain shop revenue",
        "penstock explain shop --query 'SELECT customer, SUM(amount) FROM orders GROUP BY customer'",
    ),
)
@folder_argument()
@click.argument("table", required=False)
@click.option("--query", metavar="SQL", help="Instead of a table: a SELECT in Flink's SQL.")
def explain(folder: Path, table: str | None, query: str | None) -> None:
    """Show the pipelines of the project in DIR as trees of operators, the result on top.

    With TABLE, what makes the rows of that table or view. Nothing is run.
    """
    if table is not None and query is not None:
        raise click.UsageError("TABLE or --query, not both")
    from penstock.project.definition import read_definition
    from penstock.project.explain import explain as lines_of
    from penstock.project.home import HOME

    click.echo("\n".join(lines_of(read_definition(folder), folder / HOME, table, query)))
