"""`penstock settings`: what penstock.toml says, and what it could say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["settings"]


@click.command(
    cls=Command,
    examples=("penstock settings shop", "penstock settings shop --all", "penstock settings shop --format json"),
)
@folder_argument()
@click.option("--all", "everything", is_flag=True, help="Those too of which the file says nothing.")
@format_option(*FORMATS)
def settings(folder: Path, everything: bool, form: str) -> None:
    """List the settings of the project in DIR, without its secrets: of these the file has the names alone."""
    import polars as pl

    from penstock.project.settings_shown import shown_settings

    found = [one for one in shown_settings(folder) if everything or one.value is not None]
    schema: dict[str, Any] = dict.fromkeys(("section", "name", "value", "default", "allowed"), pl.String)
    rows = [(one.section, one.name, one.value, one.default, one.allowed) for one in found]
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)
    for one in found:
        if one.missing:
            note(f"[{one.section}] {one.name}: the environment has no variable {one.value}")
