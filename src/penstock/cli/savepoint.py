"""`penstock savepoint`: checkpoints kept by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Group, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import plural

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.acting import Project

__all__ = ["savepoint"]


@click.group(cls=Group)
def savepoint() -> None:
    """Keep a pipeline's checkpoint by name, and go back to it."""


@savepoint.command(
    examples=(
        "penstock savepoint create shop before-change",
        "penstock savepoint create shop monday --pipeline revenue",
    )
)
@folder_argument()
@click.argument("name")
@click.option("--pipeline", help="Which one, where the project has several.")
def create(folder: Path, name: str, pipeline: str | None) -> None:
    """Keep the last checkpoint of a pipeline under NAME. An engine may run meanwhile."""
    with acting(folder) as project:
        chosen = _pipeline(project, pipeline)
        project.savepoint(name, chosen)
    click.echo(f"savepoint {name} keeps the last checkpoint of {chosen}")


def _pipeline(project: Project, given: str | None) -> str:
    names = project.pipeline_names()
    if given is None and len(names) == 1:
        return names[0]
    if given is None:
        raise click.UsageError("the project has several pipelines; --pipeline is one of " + ", ".join(names))
    return given


@savepoint.command("list", examples=("penstock savepoint list shop",))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the savepoints: what a pipeline would read again, and which fit its SQL no more."""
    import polars as pl

    with acting(folder) as project:
        kept = project.savepoints()
    columns = {
        "name": pl.Series([s.name for s in kept], dtype=pl.String),
        "pipeline": pl.Series([s.pipeline for s in kept], dtype=pl.String),
        "checkpoint": pl.Series([s.epoch for s in kept], dtype=pl.Int64),
        "time": pl.Series([s.time_ms for s in kept], dtype=pl.Int64).cast(pl.Datetime("ms", "UTC")),
        "rows_again": pl.Series([s.rows_again for s in kept], dtype=pl.Int64),
        "misfit": pl.Series([s.misfit for s in kept], dtype=pl.String),
    }
    print_rows(pl.DataFrame(columns), form)


@savepoint.command(examples=("penstock savepoint restore shop before-change",))
@folder_argument()
@click.argument("name")
def restore(folder: Path, name: str) -> None:
    """Make the savepoint NAME the checkpoint of its pipeline again, which may not run; the others go on.

    It is refused where the SQL is another than when it was taken, and its state fits no more.

    Results that were committed since stay, so an append-only table then gets the same rows again.
    """
    with acting(folder) as project:
        restored = project.restore(name)
    again = plural(restored.rows_again, "row")
    click.echo(
        f"{restored.pipeline} goes on from savepoint {name} (checkpoint {restored.epoch}); it reads {again} again"
    )


@savepoint.command(examples=("penstock savepoint drop shop before-change",))
@folder_argument()
@click.argument("name")
def drop(folder: Path, name: str) -> None:
    """Forget the savepoint NAME."""
    with acting(folder) as project:
        project.drop_savepoint(name)
    click.echo(f"savepoint {name} is dropped")
