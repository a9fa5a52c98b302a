"""`penstock simulate parking`: the simulated city at an address, and its polls of days that are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import note, plural
from penstock.core.clock import SystemClock

if TYPE_CHECKING:
    from penstock.apps.parking.city import City
    from penstock.project.penstock import Penstock

__all__ = ["fill_polls", "serve_city"]

_FEED = "parking_feed"
_DAY_MINUTES = 1_440
_ANSWER_MS = 400
"""How long after its question an answer of the past has come."""


def serve_city(city: City, port: int) -> None:
    """Answer at 127.0.0.1:`port` until Ctrl-C. Raises ConfigError where the port is taken."""
    from penstock.apps.parking.serving import CityServer

    with CityServer(city, SystemClock(), port) as server, Interrupt() as interrupt:
        note(f"the city publishes at {server.url}, until Ctrl-C")
        interrupt.asked.wait()
    out = f", {amount} of them without an answer" if (amount := server.outages) else ""
    click.echo(f"{plural(server.questions, 'question')}{out}")


def fill_polls(penstock: Penstock, city: City, days: int) -> int:
    """Append what was published in each minute of the last `days`, as if it had been asked for: how many records.

    Raises LogError where the project has no topic of it.
    """
    import numpy as np
    import polars as pl

    from penstock.apps.parking.city import MINUTE_MS

    now = penstock.clock.now_ms() // MINUTE_MS
    count = 0
    for first in range(now - days * _DAY_MINUTES, now, _DAY_MINUTES):
        minutes = np.arange(first, first + _DAY_MINUTES)
        found = city.published(minutes[~city.out(minutes)])
        polled = pl.col("minute") * MINUTE_MS + _ANSWER_MS
        records = found.select(value=pl.col("value").cast(pl.Binary), timestamp=polled)
        penstock.append(_FEED, records)
        count += records.height
    return count
