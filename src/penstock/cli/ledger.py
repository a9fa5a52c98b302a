"""`penstock ledger`: what became of each row, per pipeline and operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, acting, folder_argument, format_option
from penstock.cli.errors import INTERNAL, OK
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__ = ["balance", "ledger"]


@click.command(cls=Command, examples=("penstock ledger shop", "penstock ledger shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def ledger(folder: Path, form: str) -> int:
    """Show what became of each row of the project in DIR, as of the last commit.

    Rows that an operator took each have one fate: passed, filtered, superseded, expired, late, rejected, or held in
    its state until a window closes. Columns of fates that no row had are left out of the table.
    """
    with acting(folder) as project:
        frame = project.ledger()
    if not frame.height:
        note("no pipeline has run yet")
        return OK
    missing = balance(frame)
    if form == "table":
        from penstock.engine.ledger import FATES

        unused = [
            name
            for name in ("carried", "taken_before", "given_before", "replayed", "discarded", *FATES)
            if name in frame.columns and not frame[name].sum()
        ]
        frame = frame.drop([name for name in unused if name != "passed"])
    print_rows(frame, form)
    for words in missing:
        note(words)
    if not missing:
        note("it balances: every row has one fate")
    return INTERNAL if missing else OK


def balance(frame: pl.DataFrame) -> list[str]:
    """What does not add up in a frame of penstock.ledger, in words; nothing where it balances."""
    from penstock.engine.ledger import Counts

    words = []
    for row in frame.iter_rows(named=True):
        missing = Counts.from_dict(row).missing
        if missing:
            fault = "without a fate" if missing > 0 else "too many"
            words.append(f"{row['pipeline']}, {row['operator']}: {abs(missing):,} rows {fault}")
    return words
