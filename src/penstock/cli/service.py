"""`penstock service`: the unit of systemd that runs a project."""

from __future__ import annotations

from pathlib import Path

import click

from penstock.cli.command import Command, folder_argument, opened
from penstock.cli.terminal import note
from penstock.core.errors import ConfigError

__all__ = ["service"]


@click.command(
    cls=Command,
    examples=(
        "penstock service shop",
        "penstock service shop --user shop --environment /etc/shop.env",
    ),
)
@folder_argument()
@click.option("--user", help="Who runs it; by default whom the folder belongs to.")
@click.option(
    "--environment",
    type=click.Path(path_type=Path),
    help="The file with its variables; by default /etc/penstock/NAME.env, which may be missing.",
)
def service(folder: Path, user: str | None, environment: Path | None) -> None:
    """Print a unit of systemd that runs the project in DIR, hardened, and starts it again where it fails.

    It may write the project's folder and those of its tables alone, has no capabilities and few system calls, and gets
    its secrets from a file. Print it again where tables with folders elsewhere were added.
    """
    import sys

    from penstock.project.service import unit

    with opened(folder) as penstock:
        owner = _owner(folder) if user is None else user
        name = folder.resolve().name
        file = Path(f"/etc/penstock/{name}.env") if environment is None else environment.absolute()
        text = unit(penstock, (sys.executable, "-m", "penstock"), owner, file)
    click.echo(text, nl=False)
    note(f"systemctl daemon-reload && systemctl enable --now penstock-{name}, once it is in /etc/systemd/system")


def _owner(folder: Path) -> str:
    """Whom the folder belongs to. Raises ConfigError for root, and for who has no name on this machine."""
    hint = "give the folder to a user of its own, and name that: --user penstock"
    try:
        owner = folder.owner()
    except KeyError:
        number = folder.stat().st_uid
        raise ConfigError(
            f"{folder} belongs to user {number}, who has no name here", code="service-user", hint=hint
        ) from None
    if owner == "root":
        raise ConfigError(f"{folder} belongs to root, who is to run no service", code="service-user", hint=hint)
    return owner
