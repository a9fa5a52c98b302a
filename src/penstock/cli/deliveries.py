"""`penstock simulate warehouse`: the files that a shop delivers in a night, and its API at an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import note, plural

if TYPE_CHECKING:
    from pathlib import Path

    from penstock.apps.warehouse.samples import Change

__all__ = ["deliver_night", "serve_api"]

_USERS = 250


def deliver_night(into: Path, night: int, change: Change, seed: int) -> None:
    """Write the files of a night into the project in `into`, and say what is in them."""
    from penstock.apps.warehouse.samples import RAW, deliver
    from penstock.apps.warehouse.shop import Shop

    delivered = deliver(night, Shop(seed), change)
    for path in delivered.write(into / RAW):
        click.echo(path)
    for source, account in delivered.accounts.items():
        click.echo(
            f"{source}: {plural(account.read, 'row')}, {account.duplicate} of them again,"
            f" {account.dropped} without a key, {account.quarantined} with what no rule lets pass"
        )


def serve_api(port: int | None, outage: float, seed: int) -> None:
    """Answer at 127.0.0.1:`port` until Ctrl-C. Raises ConfigError where the port is taken."""
    from penstock.apps.warehouse.api import PORT, Api, ApiServer, Manners
    from penstock.apps.warehouse.users import users

    if not 0 <= outage <= 1:
        raise click.UsageError("--outage is a probability, 0 to 1")
    api = Api({"users": users(_USERS, seed)}, Manners(outage=outage), seed=seed)
    with ApiServer(api, PORT if port is None else port) as server, Interrupt() as interrupt:
        note(f"the shop's API answers at {server.url}, until Ctrl-C")
        interrupt.asked.wait()
    out = f", {api.refused} of them refused" if api.refused else ""
    click.echo(f"{plural(len(api.asked), 'request')}{out}")
