"""`penstock health`: how the parts are that a project needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.errors import OK, USER
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.health.standing import PartHealth

__all__ = ["health"]


@click.command(cls=Command, examples=("penstock health shop", "penstock health shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def health(folder: Path, form: str) -> int:
    """List the parts that the project in DIR needs, each as the last probe of the process that runs it found it.

    The exit code is 1 where one is down, or nothing has probed it for too long.
    """
    import polars as pl

    from penstock.project.health.standing import health_of

    with opened(folder) as penstock:
        found = health_of(penstock)
    moment = pl.Datetime("ms", "UTC")
    schema: dict[str, Any] = {
        "part": pl.String,
        "state": pl.String,
        "since": pl.Int64,
        "probed": pl.Int64,
        "value": pl.Float64,
        "unit": pl.String,
        "detail": pl.String,
    }
    rows = [(p.component, p.state, p.since, p.probed, *_told(p), p.detail) for p in found.parts]
    print_rows(pl.DataFrame(rows, schema, orient="row").cast({"since": moment, "probed": moment}), form)
    if not found.parts:
        note("nothing has probed them yet: the process that runs the project does it")
    return OK if found.state in ("up", "stopped") else USER


def _told(part: PartHealth) -> tuple[float | None, str]:
    """Its value and unit; a share as whole percent."""
    if part.value is not None and part.unit == "share":
        return float(round(part.value * 100)), "%"
    return part.value, part.unit
