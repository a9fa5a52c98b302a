"""`penstock simulate`: events of a shipped app, as JSON lines or into a project's topics."""

from __future__ import annotations

import errno
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import note, plural
from penstock.core.errors import LogError, StorageError, did_you_mean

if TYPE_CHECKING:
    import threading
    from collections.abc import Iterator, Mapping

    import polars as pl

    from penstock.apps import Simulated
    from penstock.apps.warehouse.samples import Change
    from penstock.core.clock import Clock
    from penstock.project.penstock import Penstock

__all__ = ["feed", "fill_history", "simulate"]

_BATCH = 20_000
_LIVE_STEP_SECONDS = 0.05


@click.command(
    cls=Command,
    examples=(
        "penstock simulate collab --events 100000 --late 0.01 --into meetings",
        "penstock simulate parking --outage 0.02  # a city at http://127.0.0.1:8765/parking.json",
        "penstock simulate warehouse --night 2 --into wh  # the files that a shop delivers in its second night",
    ),
)
@click.argument("app", type=click.Choice(("web", "collab", "parking", "warehouse")))
@click.option("--rate", type=float, help="Events a second of simulated time; 200 for web, 100 for collab by default.")
@click.option("--events", type=click.IntRange(0), help="How many; without it they never end (Ctrl-C does).")
@click.option("--seed", type=int, default=0, show_default=True, help="Equal seeds give equal events.")
@click.option("--late", type=float, default=0.0, help="The probability that an event is sent long after it happened.")
@click.option("--duplicate", type=float, default=0.0, help="The probability that an event is sent twice.")
@click.option("--malformed", type=float, default=0.0, help="The probability that an event cannot be read.")
@click.option(
    "--anomaly",
    type=float,
    default=0.0,
    help="The probability of something out of the ordinary: a bad half minute of a meeting, an hour of a car park.",
)
@click.option("--live", is_flag=True, help="Simulated time is now, and each event comes when it is sent; with --into.")
@click.option(
    "--history",
    type=int,
    metavar="DAYS",
    help="collab, parking: fill the tables of what was before instead; with --into.",
)
@click.option("--port", type=click.IntRange(0, 65_535), help="Where the city (by default 8765) or API (8766) answers.")
@click.option(
    "--outage", type=float, help="The probability that the city does not answer for five minutes, or the API once."
)
@click.option("--night", type=click.IntRange(1), help="warehouse: which night's files, from 1; with --into.")
@click.option(
    "--change",
    type=click.Choice(("none", "type", "rename", "column")),
    help="warehouse: what changed overnight in customers.csv: a column's type, its name, or there is one more.",
)
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Append to the project in DIR.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE.")
@click.option("--raw", is_flag=True, help="Write the events alone, without topic and key.")
def simulate(
    app: str,
    into: Path | None,
    out: Path | None,
    raw: bool,
    live: bool,
    history: int | None,
    port: int | None,
    outage: float | None,
    night: int | None,
    change: Change | None,
    **numbers: Any,
) -> None:
    """Simulate the events of an app, as fast as they can be made, or as they happen; a city that is asked for them; a
    shop's API, or the files that it delivers in a night, with their faults.

    Each line is {"topic": ..., "key": ..., "value": ...}. The same arguments give the same events. Simulated time
    begins on 2025-01-01 UTC, or now with --live.
    """
    if app == "warehouse":
        _warehouse(into, night, change, port, outage, numbers["seed"])
        return
    if night is not None or change is not None:
        raise click.UsageError("--night and --change go with warehouse")
    if app == "parking":
        given = {"--out": out, "--raw": raw, "--live": live, "--rate": numbers["rate"], "--events": numbers["events"]}
        _parking(into, history, port, outage, [name for name, value in given.items() if value], **numbers)
        return
    if port is not None or outage is not None:
        raise click.UsageError("--port and --outage go with parking and warehouse")
    if into is not None and (out is not None or raw):
        raise click.UsageError("--into goes without --out and --raw")
    if into is None and (live or history is not None):
        raise click.UsageError("--live and --history go with --into DIR")
    if into is not None:
        with opened(into) as penstock:
            if history is not None:
                _fill(penstock, app, history, live=live, seed=numbers["seed"])
                return
            with Interrupt() as interrupt:
                sent = feed(penstock, app, interrupt.asked, live=live, **numbers)
                if interrupt.asked.is_set():
                    note("interrupted; what was appended stays")
        for topic, count in sorted(sent.items()):
            click.echo(f"{plural(count, 'record')} appended to {topic}")
        return
    from penstock.apps import events

    with _written(out) if out else nullcontext(sys.stdout.buffer) as stream, Interrupt() as interrupt:
        for batch in events(app, batch=_BATCH, **numbers):
            for topic, frame in batch.topics.items():
                stream.write(_lines(topic, frame, raw=raw))
            if interrupt.asked.is_set():
                break


@contextmanager
def _written(out: Path) -> Iterator[IO[bytes]]:
    try:
        with out.open("wb") as stream:
            yield stream
    except OSError as error:
        full = error.errno == errno.ENOSPC
        raise StorageError(
            f"{out} cannot be written: {error.strerror}",
            code="storage-full" if full else "storage-open",
            hint="free disk space there, or name another file"
            if full
            else "--out names a file in a folder that is there",
        ) from None


def _warehouse(
    into: Path | None, night: int | None, change: Change | None, port: int | None, outage: float | None, seed: int
) -> None:
    """Write the files of a night, or answer as the shop's API does."""
    from penstock.cli.deliveries import deliver_night, serve_api

    if (into is None) != (night is None):
        raise click.UsageError("warehouse takes --night and --into together, or neither")
    if into is None or night is None:
        if change is not None:
            raise click.UsageError("--change goes with --night")
        serve_api(port, outage or 0.0, seed)
    else:
        if port is not None or outage is not None:
            raise click.UsageError("--port and --outage go without --night: they are of the shop's API")
        deliver_night(into, night, change or "none", seed)


def _parking(
    into: Path | None, history: int | None, port: int | None, outage: float | None, foreign: list[str], **numbers: Any
) -> None:
    """Answer as the city does; or, with a history, append what it would have answered."""
    if foreign:
        raise click.UsageError(f"{foreign[0]} does not go with parking, which is asked over HTTP")
    if (into is None) != (history is None):
        raise click.UsageError("parking takes --history and --into together, or neither")
    if history is not None and history < 1:
        raise click.UsageError("--history takes a number of days, 1 or more")
    from penstock.apps.parking.city import City, Faults
    from penstock.apps.parking.serving import PORT
    from penstock.cli.city import fill_polls, serve_city

    faults = Faults(
        repeat=numbers["duplicate"],
        late=numbers["late"],
        garbage=numbers["malformed"],
        jump=numbers["anomaly"],
        outage=outage or 0.0,
    )
    city = City(numbers["seed"], faults)
    if into is None or history is None:
        serve_city(city, PORT if port is None else port)
        return
    with opened(into) as penstock:
        click.echo(f"{plural(fill_polls(penstock, city, history), 'record')} appended to parking_feed")


def _fill(penstock: Penstock, app: str, days: int, *, live: bool, seed: int) -> None:
    if app != "collab":
        raise click.UsageError("--history goes with collab")
    for table, rows in fill_history(penstock, days, live=live, seed=seed).items():
        click.echo(f"{plural(rows, 'row')} in {table}")


def fill_history(penstock: Penstock, days: int, *, live: bool, seed: int = 0) -> dict[str, int]:
    """Fill the tables of what was before the simulated events (before today: `live`): how many rows each holds.

    Raises ConfigError for a number of days that cannot be, UnsupportedError where the project has no such tables.
    """
    from penstock.apps import START_MS, history

    tables = history(days=days, until_ms=penstock.clock.now_ms() if live else START_MS, seed=seed)
    for name, rows in tables.items():
        penstock.fill(name, rows)
    return {name: rows.height for name, rows in tables.items()}


def _lines(topic: str, frame: pl.DataFrame, *, raw: bool) -> bytes:
    if raw:
        return b"".join(value + b"\n" for value in frame["value"].to_list())
    import orjson

    rows = frame.select("key", "value").iter_rows()
    return b"".join(
        orjson.dumps({"topic": topic, "key": _text(key), "value": _text(value)}) + b"\n" for key, value in rows
    )


def _text(data: bytes | None) -> str | None:
    return None if data is None else data.decode("utf-8", "replace")


def feed(
    penstock: Penstock,
    app: str,
    stop: threading.Event,
    *,
    live: bool = False,
    since_ms: int = 0,
    rate: float | None = None,
    **numbers: Any,
) -> dict[str, int]:
    """Append simulated events to the topics of a project, until there are no more or `stop` is set: how many to each.

    `live`: simulated time is now, or began `since_ms` ago, and each event is appended when it is sent. `rate` and
    `numbers` are those of `penstock.apps.events`. Raises LogError where the project has no such topic.
    """
    from penstock.apps import TOPICS, events
    from penstock.project.topics import ready_topics

    ready = ready_topics(penstock)
    missing = [t for t in TOPICS[app] if t not in ready]
    if missing:
        raise LogError(
            f"the project has no topic '{missing[0]}', which the events of {app} go to",
            code="simulate-topic",
            hint=did_you_mean(missing[0], ready) or f"penstock init DIR --app {app} makes a project that has",
        )
    made: Iterator[Mapping[str, pl.DataFrame]]
    if live:
        start_ms = penstock.clock.now_ms() - since_ms
        made = _as_sent(events(app, rate=rate, start_ms=start_ms, batch=_BATCH, **numbers), penstock.clock, stop)
    else:
        made = (simulated.topics for simulated in events(app, rate=rate, batch=_BATCH, **numbers))
    sent: dict[str, int] = {}
    for topics in made:
        for topic, frame in topics.items():
            penstock.append(topic, frame)
            sent[topic] = sent.get(topic, 0) + frame.height
        if stop.is_set():
            break
    return sent


def _as_sent(made: Iterator[Simulated], clock: Clock, stop: threading.Event) -> Iterator[dict[str, pl.DataFrame]]:
    """The records of `made` once they would have been sent, by topic; ends when `stop` is set."""
    for batch in made:
        left = batch.topics
        while left:
            now = clock.now_ms()
            due = {topic: int(frame["timestamp"].search_sorted(now, side="right")) for topic, frame in left.items()}
            if any(due.values()):
                yield {topic: frame.head(due[topic]) for topic, frame in left.items() if due[topic]}
            left = {topic: frame.slice(due[topic]) for topic, frame in left.items() if due[topic] < frame.height}
            if left and stop.wait(_LIVE_STEP_SECONDS):
                return
