"""`penstock restore`: a project from its backup."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.command import Command
from penstock.cli.copying import Copying
from penstock.cli.terminal import moment, note, plural, size

__all__ = ["restore"]


@click.command(
    cls=Command,
    examples=("penstock restore /backups/shop-monday shop-again", "penstock restore /backups/shop-monday --check"),
)
@click.argument("backup", type=click.Path(path_type=Path))
@click.argument("folder", metavar="[DIR]", type=click.Path(path_type=Path), required=False)
@click.option("--check", is_flag=True, help="Verify the backup, and write nothing.")
def restore(backup: Path, folder: Path | None, *, check: bool) -> None:
    """Make the project of BACKUP in the new folder DIR.

    Every file of the backup is verified before anything is written; nothing is ever written over. Of an encrypted one
    the key is in PENSTOCK_BACKUP_KEY.
    """
    from penstock.project.backup.restore import Backup, newer_beside
    from penstock.project.backup.restore import restore as bring_back

    if (folder is None) != check:
        raise click.UsageError("give the folder DIR to restore to, or --check")
    found = Backup.open(backup)
    with Copying() as copying:
        if folder is None:
            found.verify(copying.show)
        else:
            bring_back(found, folder, copying.show)
    held = found.manifest
    what = f"{held.name} as of {moment(held.time_ms)}: {plural(len(held.files), 'file')}, {size(held.total)}"
    click.echo(f"{backup} is whole; it has {what}" if folder is None else f"{folder} is {what}")
    note(f"what came after row {held.last:,} of the log is not in it")
    for words in newer_beside(found):
        note(words)
