"""`penstock audit`: who has changed what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.moment import moment_of
from penstock.cli.output import FORMATS, make_output

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from penstock.project.audit_trail import Change

__all__ = ["audit"]

_WAIT_SECONDS = 0.2


@click.command(
    cls=Command,
    examples=(
        "penstock audit shop",
        "penstock audit shop --act topic --by anna --since 2026-01-31T00:00Z",
        "penstock audit shop --follow --format json",
    ),
)
@folder_argument()
@click.option("--by", help="Changes of this user alone.")
@click.option("--act", help="Of this kind alone, such as topic-alter; its beginning does too: topic.")
@click.option("--on", metavar="NAME", help="To this topic, pipeline, user and so on alone.")
@click.option("--since", metavar="TIME", help="From this moment on, such as 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Before this moment.")
@click.option("--rows", type=click.IntRange(1), default=100, show_default=True, help="No more than the newest N.")
@click.option("--follow", is_flag=True, help="Go on with changes as they come, until Ctrl-C.")
@format_option(*FORMATS)
def audit(
    folder: Path,
    by: str | None,
    act: str | None,
    on: str | None,
    since: str | None,
    until: str | None,
    rows: int,
    follow: bool,
    form: str,
) -> None:
    """Print who has changed what, by commands and over HTTP, the newest last."""
    from penstock.core.render import fields_of
    from penstock.project.audit_trail import Asked, changes, changes_since, next_offset

    if follow and until is not None:
        raise click.UsageError("--follow goes without --until")
    asked = Asked(by, act, on, moment_of(since), moment_of(until))
    with opened(folder) as penstock, Interrupt() as interrupt:
        log, output = penstock.log, make_output(form)
        reached = next_offset(log)
        shown = _table(changes(log, asked, rows, reached)[::-1])
        output.begin(fields_of(shown))
        output.rows(shown)
        while follow and not interrupt.asked.is_set():
            log.wait(log.end_seq(), _WAIT_SECONDS)
            found, reached = changes_since(log, asked, reached)
            if found:
                output.rows(_table(found))
        output.end()


def _table(found: list[Change]) -> pl.DataFrame:
    import orjson
    import polars as pl

    schema: dict[str, Any] = {
        "time": pl.Int64,
        "by": pl.String,
        "way": pl.String,
        "from": pl.String,
        "act": pl.String,
        "on": pl.String,
        "before": pl.String,
        "after": pl.String,
        "more": pl.String,
    }

    def said(value: Any) -> str | None:
        return None if value in (None, {}) else orjson.dumps(value).decode()

    rows = [(c.time, c.by, c.way, c.address, c.act, c.on, said(c.before), said(c.after), said(c.more)) for c in found]
    return pl.DataFrame(rows, schema, orient="row").with_columns(pl.col("time").cast(pl.Datetime("ms", "UTC")))
