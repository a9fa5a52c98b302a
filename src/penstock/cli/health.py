"""`penstock health`: how the parts are that a project needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.errors import OK, USER
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import lasted, note, size

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
    }
    if form == "table":
        schema |= {"measured": pl.String}
        told: list[tuple[Any, ...]] = [(_measured(part),) for part in found.parts]
    else:
        schema |= {"value": pl.Float64, "unit": pl.String}
        told = [_in_percent(part) for part in found.parts]
    schema |= {"detail": pl.String}
    rows = [
        (part.component, part.state, part.since, part.probed, *said, part.detail)
        for part, said in zip(found.parts, told, strict=True)
    ]
    print_rows(pl.DataFrame(rows, schema, orient="row").cast({"since": moment, "probed": moment}), form)
    if not found.parts:
        note("nothing has probed them yet: the process that runs the project does it")
    return OK if found.state in ("up", "stopped") else USER


def _measured(part: PartHealth) -> str:
    """As a person reads it: 56.5 GB free."""
    if part.value is None:
        return ""
    if part.unit == "bytes":
        return f"{size(round(part.value))} {'free' if part.component == 'disk' else 'available'}"
    return f"{part.value:.0%} busy" if part.unit == "share" else f"looked {lasted(part.value)} ago"


def _in_percent(part: PartHealth) -> tuple[float | None, str]:
    """Its value and unit; a share as whole percent."""
    if part.value is not None and part.unit == "share":
        return float(round(part.value * 100)), "%"
    return part.value, part.unit
