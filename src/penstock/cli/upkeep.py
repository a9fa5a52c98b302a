"""`penstock upkeep`: large files for days that are over, and the archive for old ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import amount, note, size

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.upkeep import Done

__all__ = ["upkeep"]


@click.command(cls=Command, examples=("penstock upkeep shop", "penstock upkeep shop --dry-run"))
@folder_argument()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and change nothing.")
@format_option(*FORMATS)
def upkeep(folder: Path, form: str, *, dry_run: bool) -> None:
    """Take care of the Parquet files of the project in DIR.

    The files of each day that is over (UTC) become few large ones. Days older than the retention of [tables.NAME] in
    penstock.toml move to the archive named there, and still answer by the table's name; nothing is removed that was
    not read back from the archive. The project may run meanwhile.
    """
    from penstock.project.upkeep import done_frame
    from penstock.project.upkeep import upkeep as keep_up

    with opened(folder) as penstock:
        done = keep_up(penstock, dry_run=dry_run, report=lambda one: _tell(one, dry_run=dry_run))
    if not done:
        note("nothing to do")
        return
    print_rows(done_frame(done), form)


def _tell(done: Done, *, dry_run: bool) -> None:
    """What has been done, as soon as it is; what is left as it is stands in the table at the end alone."""
    if done.act != "skip":
        note(_line(done, dry_run=dry_run))


def _line(done: Done, *, dry_run: bool) -> str:
    what = f"{done.table} {done.partition}".strip()
    if dry_run:
        return f"{what}: {done.files_before} files, {size(done.bytes_before)}, to {done.act}"
    if done.act == "archive":
        return f"{what}: {amount(done.rows)} rows archived, {size(done.bytes_after)}"
    return (
        f"{what}: {amount(done.rows)} rows, {done.files_before} files of {size(done.bytes_before)}"
        f" are {done.files_after} of {size(done.bytes_after)}"
    )
