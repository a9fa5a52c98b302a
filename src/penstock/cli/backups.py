"""`penstock backups`: what is in the folder for backups."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["backups"]


@click.command(cls=Command, examples=("penstock backups shop", "penstock backups shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def backups(folder: Path, form: str) -> None:
    """List the backups in the folder that [backup] of penstock.toml names, as their heads say it."""
    import polars as pl

    from penstock.project.backup.kept import kept_backups

    with opened(folder) as penstock:
        found = kept_backups(penstock)
    columns = {
        "name": pl.Series([one.name for one in found], dtype=pl.String),
        "time": pl.Series([one.time_ms for one in found], dtype=pl.Int64).cast(pl.Datetime("ms", "UTC")),
        "files": pl.Series([one.files for one in found], dtype=pl.Int64),
        "bytes": pl.Series([one.bytes for one in found], dtype=pl.Int64),
        "encrypted": pl.Series([one.encrypted for one in found], dtype=pl.Boolean),
        "error": pl.Series([one.error for one in found], dtype=pl.String),
    }
    print_rows(pl.DataFrame(columns), form)
