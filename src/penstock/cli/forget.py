"""`penstock forget`: a person goes from a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, agree, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import interactive, note
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.project.forget.forgotten import Forgotten

__all__ = ["forget"]


@click.command(
    cls=Command,
    examples=(
        "penstock forget shop --column user_id --value u-4711",
        "penstock forget shop --column user_id --column uid --value u-4711 --yes",
    ),
)
@folder_argument()
@click.option("--column", "columns", multiple=True, required=True, help="Where the value is; more than once: in any.")
@click.option("--value", prompt=True, help="The person's value; asked for where it is left out.")
@click.option(
    "--in-keys",
    is_flag=True,
    help="A number stands in the keys of states without the name of its column: replace it in all keys that are it.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what would go, in numbers, and change nothing; it may run meanwhile."
)
@click.option("--yes", is_flag=True, help="Do not count before, and do not ask.")
@format_option(*FORMATS)
def forget(
    folder: Path, columns: tuple[str, ...], value: str, form: str, *, in_keys: bool, dry_run: bool, yes: bool
) -> None:
    """Remove a person from the project in DIR, which does not run meanwhile.

    Records of topics whose column is the value go, and rows of Parquet files, in archives too; offsets stay. So do
    rows of the warehouse, and what was computed of them. Rows that were set aside and say it lose their content. In
    states a random token takes its place, so that sums stay. What is left elsewhere is told, and the backups, which
    are not touched. It cannot be undone: what would go is counted first.
    """
    from penstock.project.forget.forget import foretold
    from penstock.project.forget.forget import forget as remove
    from penstock.project.forget.person import Person

    person = Person(columns, value, in_keys=in_keys)
    if not yes and not dry_run and not interactive():
        raise ConfigError("this cannot be undone", code="forget-unconfirmed", hint="say --yes")
    with opened(folder) as penstock:
        if dry_run or not yes:
            told = foretold(penstock, person)
            _show(told, form)
            if dry_run:
                return
            agree(f"This removes '{value}' from {folder} for good. Go on?")
        done = remove(penstock, person)
    _show(done, form)
    if any(one.act == "left" for one in done):
        note("what is left says the value elsewhere than in these columns: name others too, or change it by hand")


def _show(done: list[Forgotten], form: str) -> None:
    import polars as pl

    rows = [(one.place, one.act, one.count, one.what) for one in done]
    schema = {"place": pl.String, "act": pl.String, "count": pl.Int64, "what": pl.String}
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)
