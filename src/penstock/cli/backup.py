"""`penstock backup`: a copy of a project from which it can be restored."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.command import Command, folder_argument, opened, path_of, program
from penstock.cli.copying import Copying
from penstock.cli.terminal import moment, note, plural, size

__all__ = ["backup"]


@click.command(
    cls=Command,
    examples=("penstock backup shop /backups/shop-monday", "penstock backup shop /backups/shop-monday --encrypted"),
)
@folder_argument()
@click.argument("target", type=click.Path(path_type=Path))
@click.option("--encrypted", is_flag=True, help="With AES-256-GCM and the key in PENSTOCK_BACKUP_KEY.")
def backup(folder: Path, target: Path, *, encrypted: bool) -> None:
    """Make a backup of the project in DIR, in the new folder TARGET.

    It holds the log with all states, the files of its tables in DIR, and the project's own files; not those whose names
    begin with a dot, and nothing outside of DIR. All of log, states and tables is of one moment. The project may run
    meanwhile.
    """
    from penstock.project.backup.backup import back_up

    with opened(folder) as penstock, Copying() as copying:
        made = back_up(penstock, target.absolute(), encrypted=encrypted, progress=copying.show)
    for place in made.beside:
        note(f"{place} is not in the backup")
    held = f"{plural(len(made.files), 'file')}, {size(made.total)}"
    click.echo(f"{target} has {made.name} as of {moment(made.time_ms)}: {held}, the log through row {made.last:,}")
    note(f"{program()} restore {path_of(target)} NEW_FOLDER brings it back")
