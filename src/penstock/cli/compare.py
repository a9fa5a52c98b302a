"""`penstock compare`: what a pipeline gives as its file is now, against what the live one gives."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.terminal import painted, plural

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.edit.compare import Compared

__all__ = ["compare"]

_SHOWN = 10


@click.command(
    cls=Command,
    examples=(
        "penstock compare shop revenue --from 2026-01-31T12:00:00Z",
        "penstock compare shop revenue --from 2026-01-31 --key customer --key window_end",
    ),
)
@folder_argument()
@click.argument("name", metavar="PIPELINE")
@click.option("--from", "since", required=True, metavar="TIME", help="Of records with a timestamp from then on.")
@click.option("--key", multiple=True, metavar="COLUMN", help="What tells rows apart; else the table's primary key.")
@format_option("text", "json")
def compare(folder: Path, name: str, since: str, key: tuple[str, ...], form: str) -> None:
    """Compare what PIPELINE gives as its file is now with what it gives as it was applied.

    Both are run again over what the live one has read by its last checkpoint, beside it: from the first record that is
    kept, so that windows open at TIME are whole. Nothing is changed. A time without a zone is of UTC.
    """
    with acting(folder) as project:
        found = project.compare(name, since, key)
    if form == "json":
        import orjson

        click.echo(orjson.dumps(asdict(found), default=str))
        return
    click.echo(f"{plural(found.records, 'record')} from {since} on")
    for table in found.tables:
        _show(table)


def _show(one: Compared) -> None:
    by = f" by {', '.join(one.key)}" if one.key else ""
    click.echo(
        f"table {painted(one.table, bold=True)}{by}: {one.equal:,} equal, {one.only_here:,} only here,"
        f" {one.only_there:,} only there, {one.differing:,} differing"
    )
    shown = one.sample[:_SHOWN]
    for pair in shown:
        here, there = pair["here"], pair["there"]
        if here is not None:
            click.echo(f"  {painted('here ', fg='green')}  {_row(here)}")
        if there is not None:
            click.echo(f"  {painted('there', fg='red')}  {_row(there)}")
    if (more := one.only_here + one.only_there + one.differing - len(shown)) > 0:
        click.echo(f"  and {more:,} more")


def _row(row: dict[str, object]) -> str:
    return ", ".join(f"{name} {'NULL' if value is None else value}" for name, value in row.items())
