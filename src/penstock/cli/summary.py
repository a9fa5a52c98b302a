"""What a run has done, at its end: rows in and out, what was left out and why, and what to do next."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.causes import causes, said
from penstock.cli.command import path_of, program
from penstock.cli.terminal import amount, lasted, painted, plural

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from penstock.project.figures import Figures
    from penstock.project.penstock import Penstock

__all__ = ["next_commands", "show_next", "show_summary"]


def show_summary(penstock: Penstock, figures: Sequence[Figures], seconds: float, started_ms: int) -> None:
    """Print it to stdout."""
    for figure in figures:
        rate = amount(figure.rows / max(seconds, 1e-3))
        name = painted(figure.pipeline, bold=True)
        click.echo(f"{name}: {plural(figure.rows, 'row')} read in {lasted(seconds)} ({rate} rows/s)")
        for table, rows in figure.results.items():
            click.echo(f"  {plural(rows, 'row')} into {table}")
        if figure.late:
            rows = _late_rows(penstock, figure.pipeline, started_ms)
            click.echo(f"  {plural(rows, 'row')} late: some or all of their windows had closed (penstock.late)")
        if figure.rejected:
            click.echo(f"  {plural(figure.rejected, 'row')} rejected (penstock.rejects)")
    if any(f.rejected for f in figures):
        import polars as pl

        from penstock.project.system import rejects

        since = pl.from_epoch(pl.lit(started_ms), "ms").dt.replace_time_zone("UTC")
        for cause in causes(rejects(penstock.log).filter(pl.col("time") >= since)):
            click.echo("\n".join("  " + line for line in said(cause)))


def _late_rows(penstock: Penstock, pipeline: str, started_ms: int) -> int:
    """How many rows were late; one that was late for windows of several queries is one."""
    import polars as pl

    from penstock.project.system import late

    since = pl.from_epoch(pl.lit(started_ms), "ms").dt.replace_time_zone("UTC")
    rows = late(penstock.log).filter(pl.col("time") >= since, pl.col("pipeline") == pipeline)
    known = rows.filter(pl.col("offset").is_not_null())
    return known.select("topic", "partition", "offset").n_unique() + rows.height - known.height


def next_commands(folder: Path, penstock: Penstock, figures: Sequence[Figures]) -> list[str]:
    """Three commands that tell more about the run."""
    place = path_of(folder)
    tables = {s.table.name: s.table for d in penstock.definition.pipelines for s in d.plan.parts}
    results = [t for f in figures for t, rows in f.results.items() if rows and tables[t].connector not in _UNASKED]
    commands = [f'query {place} "SELECT * FROM {t} LIMIT 10"' for t in dict.fromkeys(results)][:1]
    if any(f.rejected for f in figures):
        commands.append(f"rejects list {place}")
    if any(f.late for f in figures):
        commands.append(f"rejects list {place} --late")
    commands += [f"ledger {place}", f"why {place}", f"explain {place}"]
    return commands[:3]


_UNASKED = ("print", "blackhole", "datagen")
"""Tables that nobody can ask."""


def show_next(commands: Sequence[str]) -> None:
    """Print commands to try next, each given without the program's name."""
    click.echo(painted("next:", bold=True))
    for command in commands:
        click.echo(f"  {program()} {command}")
