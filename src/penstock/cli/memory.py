"""`penstock memory`: what the process that runs a project has, and who holds what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note
from penstock.core.errors import StateError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["memory"]


@click.command(cls=Command, examples=("penstock memory shop", "penstock memory shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def memory(folder: Path, form: str) -> None:
    """List what the states of the project in DIR take of the memory of the process that runs it, in bytes."""
    import polars as pl

    with acting(folder) as project:
        found = project.memory()
    if not found.running:
        raise StateError(
            "no process runs the project, and its states are on disk",
            code="memory-idle",
            hint="start it: penstock run DIR",
        )
    schema: dict[str, Any] = {"pipeline": pl.String, "operator": pl.String, "bytes": pl.Int64}
    print_rows(pl.DataFrame([(h.pipeline, h.operator, h.bytes) for h in found.held], schema, orient="row"), form)
    if found.resident is not None:
        note(f"the process has {found.resident:,} bytes, {found.states:,} of them in states")
    if found.for_states:
        note(f"{found.own or 0:,} of them it has allocated, of {found.limit:,} that penstock.toml allows")
        note(f"{found.for_states:,} are meant for states; questions may take {found.for_questions:,}")
