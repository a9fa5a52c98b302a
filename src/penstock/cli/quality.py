"""`penstock quality`: what rules say of rows, and the rows they have set aside; mended, brought in again, given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

from penstock.cli.command import Group, acting, agree_rows, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import painted, plural, printable
from penstock.cli.values import json_of, pairs_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from penstock.project.acting import Project
    from penstock.project.quality import State

__all__ = ["quality"]

_STATES = ("open", "fixed", "replayed", "discarded")
_SHOWN = 100_000


@click.group(cls=Group)
def quality() -> None:
    """Rules about rows (quality/*.toml): how they went, and the rows that they have set aside."""


def _rule_option() -> Callable[[Any], Any]:
    return click.option("--rule", metavar="FILE.RULE", help="Rows that this rule has set aside.")


@quality.command(
    examples=("penstock quality show shop", "penstock quality show shop --rule orders.amount_sane --format json")
)
@folder_argument()
@_rule_option()
@click.option("--state", type=click.Choice(_STATES), help="Rows that this has become of.")
@click.option(
    "--rows", type=click.IntRange(0, _SHOWN), help="How many of the newest; by default 10 in a table, else all."
)
@format_option(*FORMATS)
def show(folder: Path, rule: str | None, state: str | None, rows: int | None, form: str) -> None:
    """Show how each rule went last, and the newest rows that were set aside.

    Other formats than a table have those rows alone. The table quality_results has all results.
    """
    with acting(folder) as project:
        results = project.quality.results() if form == "table" else None
        most = rows if rows is not None else 10 if form == "table" else _SHOWN
        found = project.quality.rows(max(most, 1), rule, cast("State | None", state)).head(most)
    if results is not None:
        if rule is not None:
            results = results.filter(results["rule"] == rule)
        if results.is_empty() and found.is_empty():
            click.echo("no rule has looked at a row yet" if rule is None else f"{rule} has looked at no row yet")
            return
        print_rows(results.drop("kind", "value", "loaded"), form)
        if found.height:
            click.echo(painted("\nset aside (penstock quality fix DIR ID mends one)", bold=True))
    if found.height or results is None:
        print_rows(found if form != "table" or state == "discarded" else found.drop("^discarded.*$"), form)


@quality.command(
    examples=(
        "penstock quality fix shop 17 --set age=42",
        "penstock quality fix shop --rule orders.amount_sane --sql 'amount=ABS(amount)'",
    )
)
@folder_argument()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_rule_option()
@click.option("--set", "values", multiple=True, metavar="COLUMN=VALUE", help="Put a value there; JSON, or a text.")
@click.option(
    "--sql", "expressions", multiple=True, metavar="COLUMN=EXPRESSION", help="Compute it of the row, in Flink's SQL."
)
def fix(
    folder: Path, ids: tuple[str, ...], rule: str | None, values: tuple[str, ...], expressions: tuple[str, ...]
) -> None:
    """Mend rows that rules have set aside. They stay there until they are replayed."""
    put = {name: json_of(text) for name, text in pairs_of("--set", "COLUMN=...", values).items()}
    computed = pairs_of("--sql", "COLUMN=...", expressions)
    if not put and not computed:
        raise click.UsageError("say what to mend: --set COLUMN=VALUE, or --sql COLUMN=EXPRESSION")
    with acting(folder) as project:
        chosen = _chosen(project, ids, rule)
        if not chosen:
            click.echo("there is no such row")
            return
        made = project.quality.fix(chosen, put, computed)
    print_rows(made.select("id", "rule", "row", "state").head(10), "table")
    click.echo(f"{plural(made.height, 'row')} mended; penstock quality replay DIR brings them in")


def _chosen(project: Project, ids: Sequence[str], rule: str | None, *states: State) -> list[str]:
    """The rows that are named, or those of a rule, or those in one of `states`, that wait."""
    if ids and (rule is not None or states):
        raise click.UsageError("name rows by their ids, or by what they have in common")
    if ids:
        return list(ids)
    if rule is None and not states:
        raise click.UsageError("say which rows: their ids, or --rule")
    import polars as pl

    found = [project.quality.rows(_SHOWN, rule, state) for state in states or ("open", "fixed")]
    newest_first = pl.concat(found).sort("time", descending=True, nulls_last=True, maintain_order=True)
    return newest_first["id"].reverse().to_list()


@quality.command(
    examples=("penstock quality replay shop 17", "penstock quality replay shop --rule orders.amount_sane --yes")
)
@folder_argument()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_rule_option()
@click.option("--fixed", is_flag=True, help="All that were mended.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def replay(folder: Path, ids: tuple[str, ...], rule: str | None, fixed: bool, yes: bool) -> None:
    """Bring rows in again, as they are now, through all rules; one that breaks a rule still is set aside anew."""
    with acting(folder) as project:
        chosen = _chosen(project, ids, rule, *(("fixed",) if fixed else ()))
        if not chosen:
            click.echo("there is no such row")
            return
        if not yes:
            agree_rows("replay", len(chosen))
        done = project.quality.replay(chosen)
        running = {topic for one in project.pipelines() if one.state == "running" for topic in one.reads}
    for into, read, loaded, quarantined, why in done.iter_rows():
        if loaded is not None:
            again = f", {quarantined:,} set aside again ({printable(why)})" if quarantined else ""
            click.echo(f"source {into}: {plural(read, 'row')} read, {loaded:,} loaded{again}")
            continue
        after = "read at once" if into in running else "the next run reads them"
        click.echo(f"{plural(read, 'row')} appended to {into}; {after}")


@quality.command(
    examples=(
        "penstock quality discard shop 17 --because 'a test customer'",
        "penstock quality discard shop --rule orders.amount_sane --because 'sent twice by the vendor' --yes",
    )
)
@folder_argument()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@_rule_option()
@click.option("--because", required=True, metavar="TEXT", help="Why they are given up; it is kept with them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def discard(folder: Path, ids: tuple[str, ...], rule: str | None, because: str, yes: bool) -> None:
    """Give rows up. They stay listed, with who has done it and why, and no load of their source brings them back."""
    with acting(folder) as project:
        chosen = _chosen(project, ids, rule)
        if not chosen:
            click.echo("there is no such row")
            return
        if not yes:
            agree_rows("discard", len(chosen))
        count = project.quality.discard(chosen, because)
    click.echo(f"{plural(count, 'row')} discarded")
