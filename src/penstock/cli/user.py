"""`penstock user`: who may come in from elsewhere than this machine."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, acting, agree, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import interactive, plural

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["user"]

_ROLES = "viewer (look and ask), operator (change what runs, too) or admin (decide who may, too)"


@click.group(cls=Group)
def user() -> None:
    """Users of page and API, where they are reached from other machines. An engine may run meanwhile."""


@user.command(examples=("penstock user add shop anna --role viewer", "penstock user add shop gate --no-password"))
@folder_argument()
@click.argument("name")
@click.option("--role", default="viewer", show_default=True, help=f"The role: {_ROLES}.")
@click.option("--no-password", is_flag=True, help="For a program: it comes in by a token alone.")
def add(folder: Path, name: str, role: str, *, no_password: bool) -> None:
    """Add a user. The password is asked for, or read as the one line of standard input."""
    with acting(folder) as project:
        made = project.accounts.add_user(name, role, None if no_password else _password())
    click.echo(f"user {made.name} is {_a(made.role)}")


@user.command("list", examples=("penstock user list shop",))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the users: role, whether there is a password, how many tokens, which rows they see where not all."""
    import polars as pl

    with acting(folder) as project:
        tokens = [token.user for token in project.accounts.tokens()]
        rows = [
            (u.name, u.role, u.password, tokens.count(u.name), "; ".join(map(str, u.filters)), u.since)
            for u in project.accounts.users()
        ]
    schema: dict[str, Any] = {
        "name": pl.String,
        "role": pl.String,
        "password": pl.Boolean,
        "tokens": pl.Int64,
        "sees": pl.String,
        "since": pl.Datetime("ms", "UTC"),
    }
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@user.command(examples=("penstock user role shop anna operator",))
@folder_argument()
@click.argument("name")
@click.argument("role")
def role(folder: Path, name: str, role: str) -> None:
    """Give the user NAME another role: viewer, operator or admin."""
    with acting(folder) as project:
        changed = project.accounts.set_role(name, role)
    click.echo(f"user {changed.name} is {_a(changed.role)}")


@user.command(examples=("penstock user password shop anna", "penstock user password shop gate --none"))
@folder_argument()
@click.argument("name")
@click.option("--none", is_flag=True, help="Take it away: the user comes in by a token alone.")
def password(folder: Path, name: str, *, none: bool) -> None:
    """Give the user NAME another password; who is logged in so no longer is.

    It is asked for, or read as the one line of standard input.
    """
    with acting(folder) as project:
        project.accounts.set_password(name, None if none else _password())
    click.echo(f"user {name} has {'no password' if none else 'another password'}, and is logged in nowhere")


@user.command(
    examples=(
        "penstock user filter shop anna orders customer=c1,c2",
        "penstock user filter shop anna revenue --all",
        "penstock user filter shop anna orders --none",
    )
)
@folder_argument()
@click.argument("name")
@click.argument("table")
@click.argument("columns", nargs=-1, metavar="[COLUMN=VALUE,...]...")
@click.option("--all", "whole", is_flag=True, help="Every row, of a table that is closed for what it is made of.")
@click.option("--none", is_flag=True, help="Take the filter away.")
def filter(  # noqa: A001  # the command's name
    folder: Path, name: str, table: str, columns: tuple[str, ...], *, whole: bool, none: bool
) -> None:
    """Let the user NAME see only such rows of TABLE: each COLUMN has one of its VALUEs.

    It binds views over the table, too. What pipelines have made of it, its topic, and rejected and late rows are
    closed to NAME then; a table that is made of it opens by a filter of its own. Who has a filter may look and append.
    """
    if (bool(columns), whole, none).count(True) != 1:
        raise click.UsageError("say which rows: COLUMN=VALUE,..., --all or --none")
    where = None if none else dict(_pair(one) for one in columns)
    with acting(folder) as project:
        changed = project.accounts.set_filter(name, table, where)
    seen = "; ".join(map(str, changed.filters))
    click.echo(f"user {name} sees {seen}" if seen else f"user {name} has no filter")


def _pair(given: str) -> tuple[str, list[str]]:
    column, equals, values = given.partition("=")
    if not equals or not column:
        raise click.UsageError(f"a filter is COLUMN=VALUE,..., not '{given}'")
    return column, values.split(",")


@user.command(examples=("penstock user remove shop anna", "penstock user remove shop anna --yes"))
@folder_argument()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
def remove(folder: Path, name: str, *, yes: bool) -> None:
    """Remove the user NAME, with all logins and tokens."""
    with acting(folder) as project:
        tokens = sum(token.user == name for token in project.accounts.tokens())
        if not yes:
            agree(f"user {name} has {plural(tokens, 'token')}, which will end. Remove?")
        project.accounts.remove_user(name)
    click.echo(f"user {name} is removed, {plural(tokens, 'token')} with it")


def _password() -> str:
    """The password as typed, twice, or as the one line that a program gives."""
    if interactive():
        return str(click.prompt("password", hide_input=True, confirmation_prompt=True, err=True))
    given = sys.stdin.read()
    return given.removesuffix("\n").removesuffix("\r")


def _a(role: str) -> str:
    return f"an {role}" if role[0] in "ao" else f"a {role}"
