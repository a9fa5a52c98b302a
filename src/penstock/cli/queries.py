"""`penstock queries`: the saved questions of a project, with typed parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Group, acting, folder_argument, format_option, opened, path_of, program
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note, painted
from penstock.cli.values import param_option, values_of
from penstock.core.errors import PenstockError
from penstock.core.sql_text import literal

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.core.parameters import Parameter
    from penstock.project.project_file import Folder

__all__ = ["queries"]


@click.group(cls=Group)
def queries() -> None:
    """Ask the saved queries of a project: queries/NAME.sql, each a question with parameters."""


@queries.command("list", examples=("penstock queries list shop", "penstock queries list shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the saved queries of the project in DIR: what each takes, and what it is about.

    Those that cannot be asked, as where a table is gone, are told after them.
    """
    import polars as pl

    from penstock.project.saved_query import queries_of, read_saved, require_askable

    saved, wrong = [], []
    with opened(folder) as project:
        files = queries_of(project.folder)
        for name in files.names():
            try:
                one = read_saved(files.read(name))
                require_askable(project, one)
            except PenstockError as error:
                wrong.append(f"{name} cannot be asked: {error}")
            else:
                saved.append(one)
    rows = [(s.name, ", ".join(map(_declared, s.parameters)), s.description) for s in saved]
    schema = {"name": pl.String, "parameters": pl.String, "description": pl.String}
    print_rows(pl.DataFrame(rows, schema=schema, orient="row"), form)
    for words in wrong:
        note(words)


@queries.command(examples=("penstock queries show shop top_customers",))
@folder_argument()
@click.argument("name")
def show(folder: Path, name: str) -> None:
    """Show a saved query: what it is about, its parameters, its SQL, and how it is asked."""
    from penstock.project.saved_query import read_saved

    saved = read_saved(_files(folder).read(name))
    click.echo(painted(saved.name, bold=True) + (f": {saved.description}" if saved.description else ""))
    for parameter in saved.parameters:
        click.echo(f"  {_declared(parameter)}" + (f"  {parameter.description}" if parameter.description else ""))
    click.echo(f"\n{saved.sql.strip()}\n")
    needed = "".join(f" --param {p.name}=..." for p in saved.parameters if p.required)
    click.echo(f"{program()} queries run {path_of(folder)} {saved.name}{needed}")


@queries.command(
    examples=(
        "penstock queries run shop top_customers",
        "penstock queries run shop top_customers --param days=7 --param country=NO --format json",
    )
)
@folder_argument()
@click.argument("name")
@param_option()
@format_option(*FORMATS)
def run(folder: Path, name: str, given: tuple[str, ...], form: str) -> None:
    """Ask a saved query, with --param for each parameter that has no default, or another value than that.

    The first 10,000 rows are shown. Where an engine runs, the answer is as of its last commit; the position that it
    stands for goes to standard error. Moments are in UTC.
    """
    from penstock.cli.query import position_words

    values = values_of(given)
    with acting(folder) as project:
        result = project.ask_saved(name, values)
    print_rows(result.frame, form)
    if not result.complete:
        note(f"these are the first {result.frame.height:,} rows; penstock query takes --rows for more")
    note(position_words(result.position))


def _files(folder: Path) -> Folder:
    """Raises ConfigError where `folder` is no project."""
    from penstock.project.saved_query import queries_of

    with opened(folder) as project:
        return queries_of(project.folder)


def _declared(parameter: Parameter) -> str:
    """As in its file: ``minutes BIGINT = 60``."""
    if parameter.required:
        return f"{parameter.name} {parameter.type}"
    default = "NULL" if parameter.default is None else parameter.default
    if parameter.default is not None and parameter.type == "STRING":
        default = literal(default)
    return f"{parameter.name} {parameter.type} = {default}"
