"""`penstock simulate warehouse`: the files that a shop delivers in a night, and its API at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.interrupt import Interrupt
from penstock.cli.output import print_rows
from penstock.cli.terminal import note, painted, plural
from penstock.core.errors import StorageError

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.apps.warehouse.api import ApiServer
    from penstock.apps.warehouse.samples import Change
    from penstock.project.penstock import Penstock

__all__ = ["api_server", "deliver_night", "load_nights", "serve_api"]

_USERS = 250
_NIGHTS = 3
_LOAD = "daily_etl_pipeline"


def deliver_night(into: Path, night: int, change: Change, seed: int) -> None:
    """Write the files of a night into the project in `into`, and say what is in them.

    Raises ConfigError where there is no project, StorageError where they cannot be written.
    """
    from penstock.apps.warehouse.samples import RAW, deliver
    from penstock.apps.warehouse.shop import Shop
    from penstock.project.settings import read_settings

    read_settings(into)
    delivered = deliver(night, Shop(seed), change)
    try:
        written = delivered.write(into / RAW)
    except OSError as error:
        raise StorageError(
            f"{error.filename or into / RAW} cannot be written: {error.strerror}",
            code="storage-open",
            hint=f"make {into / RAW} writable, and free disk space",
        ) from None
    for path in written:
        click.echo(path)
    for source, account in delivered.accounts.items():
        click.echo(
            f"{source}: {plural(account.read, 'row')}, {account.duplicate} of them again,"
            f" {account.dropped} without a key, {account.quarantined} with what no rule lets pass"
        )


def api_server(port: int, outage: float = 0.0, seed: int = 0) -> ApiServer:
    """The shop's API. Raises ConfigError where the port is taken."""
    from penstock.apps.warehouse.api import Api, ApiServer, Manners
    from penstock.apps.warehouse.users import users

    return ApiServer(Api({"users": users(_USERS, seed)}, Manners(outage=outage), seed=seed), port)


def serve_api(port: int | None, outage: float, seed: int) -> None:
    """Answer at 127.0.0.1 until Ctrl-C, at its own port where None is given. Raises ConfigError where that is taken."""
    from penstock.apps.warehouse.api import PORT

    if not 0 <= outage <= 1:
        raise click.UsageError("--outage is a probability, 0 to 1")
    with api_server(PORT if port is None else port, outage, seed) as server, Interrupt() as interrupt:
        note(f"the shop's API answers at {server.url}, until Ctrl-C")
        interrupt.asked.wait()
    out = f", {server.api.refused} of them refused" if server.api.refused else ""
    click.echo(f"{plural(len(server.api.asked), 'request')}{out}")


def load_nights(penstock: Penstock) -> int:
    """Let the files of some nights come, load them after each, and show what the steps did; the worst exit code."""
    from penstock.cli.job import followed, steps_of, told

    worst = 0
    with Interrupt() as interrupt:
        for night in range(1, _NIGHTS + 1):
            click.echo(painted(f"night {night}", bold=True))
            deliver_night(penstock.folder, night, "none", 0)
            ended = followed(penstock.jobs, penstock.jobs.begin(_LOAD, {}).id, interrupt.asked)
            print_rows(steps_of(ended, "table"), "table")
            worst = max(worst, told(ended))
            if interrupt.asked.is_set():
                break
    return worst
