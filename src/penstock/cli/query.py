"""`penstock query`: a question over tables, views, topics, open windows and the system's own tables."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note
from penstock.cli.zone import zone_name
from penstock.core.options import Option, memory

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["query"]

_MEMORY = Option("--memory", memory, 1 << 30, "Most memory.")


@click.command(
    cls=Command,
    examples=(
        'penstock query shop "SELECT * FROM revenue ORDER BY amount DESC LIMIT 10"',
        "penstock query shop 'SELECT * FROM \"revenue$open\"'  # windows not yet closed",
        'penstock query shop "SELECT code, count(*) FROM penstock.rejects GROUP BY code" --format json',
    ),
)
@folder_argument()
@click.argument("sql", metavar="SELECT")
@format_option(*FORMATS)
@click.option("--rows", type=click.IntRange(1), default=1_000_000, show_default=True, help="Most rows of an answer.")
@click.option("--seconds", type=click.FloatRange(0, min_open=True), default=60.0, show_default=True, help="Most time.")
@click.option("--memory", "size", default="1 gb", show_default=True, help=_MEMORY.text)
def query(folder: Path, sql: str, form: str, rows: int, seconds: float, size: str) -> None:
    """Ask one SELECT, in DuckDB's SQL, of the project in DIR. SELECT - reads it from standard input.

    SHOW TABLES, DESCRIBE and SUMMARIZE (of a table or a SELECT) are answered too.

    There are all tables and views of the project by their names, "NAME$open" for windows not yet closed, and
    penstock.rejects, late, ledger, watermarks, topics, groups. Where an engine runs, the answer is as of its last
    commit; the position that it stands for goes to standard error. Moments written as text are in your time zone
    (TZ); --format json and csv give them in UTC, with a Z.
    """
    from penstock.history import Limits

    limits = Limits(rows, seconds, _MEMORY.read(size, "--memory"))
    with acting(folder) as project:
        result = project.query(sys.stdin.read() if sql == "-" else sql, limits, zone_name())
    print_rows(result.frame, form)
    note(position_words(result.position))


def position_words(position: dict[str, object]) -> str:
    """The position of an answer as a remark."""
    checkpoints = position["checkpoints"]
    assert isinstance(checkpoints, dict)
    made = ", ".join(f"{name} {epoch}" for name, epoch in sorted(checkpoints.items()))
    return f"as of row {position['log']:,} of the log" + (f" and checkpoints {made}" if made else "")
