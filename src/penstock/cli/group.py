"""`penstock group`: consumer groups, how far each has read, and moving one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, acting, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["group"]


@click.group(cls=Group)
def group() -> None:
    """Look at consumer groups, and move one to another place in a topic."""


@group.command("list", examples=("penstock group list shop", "penstock group list shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the groups: the topics that each has read, and how many offsets it is behind."""
    import polars as pl

    from penstock.project.groups import pipelines_of

    rows = []
    with opened(folder) as penstock:
        for name in penstock.log.groups.names():
            offsets = penstock.log.groups.describe(name)
            topics, lag = sorted({o.topic for o in offsets}), sum(o.lag for o in offsets)
            last = max(o.committed_ms for o in offsets)
            rows.append((name, ", ".join(topics), lag, ", ".join(pipelines_of(penstock, name)), last))
    schema: dict[str, Any] = {
        "group": pl.String,
        "topics": pl.String,
        "lag": pl.Int64,
        "pipelines": pl.String,
        "committed": pl.Datetime("ms", "UTC"),
    }
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@group.command(examples=("penstock group describe shop billing",))
@folder_argument()
@click.argument("name", metavar="GROUP")
@format_option(*FORMATS)
def describe(folder: Path, name: str, form: str) -> None:
    """Show one group by topic and partition: the next offset that it reads, the topic's next one, the lag."""
    import polars as pl

    with opened(folder) as penstock:
        offsets = penstock.log.groups.describe(name)
    schema: dict[str, Any] = {
        "topic": pl.String,
        "partition": pl.Int64,
        "offset": pl.Int64,
        "end": pl.Int64,
        "lag": pl.Int64,
        "committed": pl.Datetime("ms", "UTC"),
    }
    rows = [(o.topic, o.partition, o.offset, o.end, o.lag, o.committed_ms) for o in offsets]
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@group.command(
    examples=(
        "penstock group reset shop billing orders --to earliest",
        "penstock group reset shop billing orders --time 2026-01-31T09:00",
        "penstock group reset shop billing orders --shift=-100 --preview",
    )
)
@folder_argument()
@click.argument("name", metavar="GROUP")
@click.argument("topic")
@click.option("--to", type=click.Choice(("earliest", "latest")), help="The first record that is kept, or the end.")
@click.option("--offset", "offsets", multiple=True, metavar="P=N", help="Partition P to offset N; the others stay.")
@click.option("--shift", type=int, help="By so many offsets in each partition, within what is kept.")
@click.option("--time", help="The first record of at least that time (UTC unless it names its zone).")
@click.option("--preview", is_flag=True, help="Show it, and move nothing.")
@format_option(*FORMATS)
def reset(
    folder: Path,
    name: str,
    topic: str,
    to: Any,
    offsets: tuple[str, ...],
    shift: int | None,
    time: str | None,
    preview: bool,
    form: str,
) -> None:
    """Move GROUP in TOPIC, and show from where to where.

    Refused while a pipeline that reads as this group is in memory. A pipeline that has a checkpoint goes on from
    there, wherever its group is.
    """
    import polars as pl

    from penstock.project.groups import pipelines_of

    if (to is not None) + bool(offsets) + (shift is not None) + (time is not None) != 1:
        raise click.UsageError("say where to: one of --to, --offset, --shift, --time")
    with acting(folder) as project:
        moved = project.reset_group(name, topic, to or _offsets(offsets), shift=shift, time=time, preview=preview)
    schema: dict[str, Any] = {"partition": pl.Int64, "before": pl.Int64, "after": pl.Int64}
    print_rows(pl.DataFrame([(m.partition, m.before, m.after) for m in moved], schema, orient="row"), form)
    with opened(folder) as penstock:
        for pipeline in pipelines_of(penstock, name):
            if penstock.log.state.checkpoint(pipeline) is not None:
                note(f"pipeline {pipeline} goes on from its checkpoint, not from its group")


def _offsets(given: tuple[str, ...]) -> dict[int, int] | None:
    pairs = [one.partition("=") for one in given]
    if not all(p.isdigit() and o.isdigit() for p, _, o in pairs):
        raise click.UsageError(f"--offset takes P=N such as 0=1200, not '{', '.join(given)}'")
    return {int(p): int(o) for p, _, o in pairs} or None


@group.command(examples=("penstock group delete shop billing",))
@folder_argument()
@click.argument("name", metavar="GROUP")
def delete(folder: Path, name: str) -> None:
    """Forget how far GROUP has read. Refused as a reset."""
    with acting(folder) as project:
        project.delete_group(name)
    click.echo(f"group {name} is forgotten")
