"""`penstock token`: what programs come in with from elsewhere than this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, acting, folder_argument, format_option
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import note

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["token"]


@click.group(cls=Group)
def token() -> None:
    """Tokens of users, for programs that call the API from other machines. An engine may run meanwhile."""


@token.command(
    examples=(
        "penstock token make shop anna",
        "penstock token make shop gate --scope ingest --days 30 --for 'events of the gate'",
    )
)
@folder_argument()
@click.argument("name", metavar="USER")
@click.option("--scope", default="read", show_default=True, help="What it is for: read, ingest, operate or admin.")
@click.option("--days", type=float, default=90, show_default=True, help="How long it holds.")
@click.option("--for", "purpose", default="", help="What it is for, in words: shown in the list.")
def make(folder: Path, name: str, scope: str, days: float, purpose: str) -> None:
    """Make a token of USER and print it, this once. It may do what its scope and the user's role both allow."""
    with acting(folder) as project:
        made = project.accounts.make_token(name, scope, days, purpose)
    note(f"token {made.token.id} of {name}, for {days:g} days; it is shown this once")
    click.echo(made.text)


@token.command("list", examples=("penstock token list shop",))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the tokens that hold; none can be shown again."""
    import polars as pl

    with acting(folder) as project:
        rows = [(t.id, t.user, t.scope, t.purpose, t.made, t.expires) for t in project.accounts.tokens()]
    time = pl.Datetime("ms", "UTC")
    schema: dict[str, Any] = {
        "id": pl.String,
        "user": pl.String,
        "scope": pl.String,
        "for": pl.String,
        "made": time,
        "expires": time,
    }
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@token.command(examples=("penstock token revoke shop 9f86d081884c",))
@folder_argument()
@click.argument("id_", metavar="ID")
def revoke(folder: Path, id_: str) -> None:
    """End the token ID, at once."""
    with acting(folder) as project:
        project.accounts.revoke_token(id_)
    click.echo(f"token {id_} is revoked")
