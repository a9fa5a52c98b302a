"""`penstock uptime`: how much of the last days each part of a project was up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.health.uptime import Share

__all__ = ["uptime"]


@click.command(
    cls=Command,
    examples=("penstock uptime shop", "penstock uptime shop --days 90", "penstock uptime shop --by-day --format csv"),
)
@folder_argument()
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="So many, today with them.")
@click.option("--by-day", is_flag=True, help="A row for each day of each part, not one with a bar.")
@format_option(*FORMATS)
def uptime(folder: Path, days: int, by_day: bool, form: str) -> None:
    """Tell how much of the last days each part that the project in DIR needs was up, against its target.

    Days are those of the project's time zone. Time of which no probe tells is unknown and counts as if the part was
    down, unless the process was stopped as it should be: then it does not count. In `days`, a sign for each: # met the
    target, + did not, - was less than half up, . does not count.
    """
    import polars as pl

    from penstock.project.health.standing import by_day as of_days
    from penstock.project.health.standing import uptime_of
    from penstock.project.health.uptime import SECONDS

    with opened(folder) as penstock:
        found = uptime_of(penstock, days)
    if by_day:
        print_rows(of_days(found).rename({"component": "part"}), form)
    else:
        schema: dict[str, Any] = {"part": pl.String, "uptime": pl.Float64, "target": pl.Float64, "met": pl.Boolean}
        schema |= {**dict.fromkeys(SECONDS, pl.Float64), "days": pl.String}
        rows = [
            (
                p.component,
                p.share.up_share,
                found.target,
                p.meets(found.target),
                *p.share.seconds,
                "".join(_sign(d.share, found.target) for d in p.days),
            )
            for p in found.parts
        ]
        print_rows(pl.DataFrame(rows, schema, orient="row"), form)
    if not found.parts:
        note("nothing has probed them yet: the process that runs the project does it")


def _sign(share: Share, target: float) -> str:
    found = share.up_share
    if found is None:
        return "."
    return "#" if found >= target else "+" if found >= 0.5 else "-"
