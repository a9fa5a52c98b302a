"""`penstock simulate`: events of a shipped app, as JSON lines or into a project's topics."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.terminal import note, plural
from penstock.core.errors import LogError, did_you_mean

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import polars as pl

    from penstock.project.penstock import Penstock

__all__ = ["feed", "simulate"]

_BATCH = 20_000


@click.command(
    cls=Command,
    examples=(
        "penstock simulate web --events 5",
        "penstock simulate collab --events 100000 --late 0.01 --into meetings",
        "penstock simulate collab --rate 500 --seed 7 --events 1000 --raw --out events.jsonl",
    ),
)
@click.argument("app", type=click.Choice(("web", "collab")))
@click.option("--rate", type=float, help="Events a second of simulated time; 200 for web, 100 for collab by default.")
@click.option("--events", type=click.IntRange(0), help="How many; without it they never end (Ctrl-C does).")
@click.option("--seed", type=int, default=0, show_default=True, help="Equal seeds give equal events.")
@click.option("--late", type=float, default=0.0, help="The probability that an event is sent long after it happened.")
@click.option("--duplicate", type=float, default=0.0, help="The probability that an event is sent twice.")
@click.option("--malformed", type=float, default=0.0, help="The probability that an event cannot be read.")
@click.option("--into", type=click.Path(path_type=Path), metavar="DIR", help="Append to the project in DIR.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help="Write to FILE.")
@click.option("--raw", is_flag=True, help="Write the events alone, without topic and key.")
def simulate(app: str, into: Path | None, out: Path | None, raw: bool, **numbers: Any) -> None:
    """Simulate the events of an app, as fast as they can be made.

    Each line is {"topic": ..., "key": ..., "value": ...}. The same arguments give the same events. Simulated time
    begins on 2025-01-01 UTC.
    """
    if into is not None and (out is not None or raw):
        raise click.UsageError("--into goes without --out and --raw")
    if into is not None:
        with opened(into) as penstock:
            sent = feed(penstock, app, **numbers)
        for topic, count in sorted(sent.items()):
            click.echo(f"{plural(count, 'record')} appended to {topic}")
        return
    from penstock.apps import events

    place: AbstractContextManager[IO[bytes]] = out.open("wb") if out else nullcontext(sys.stdout.buffer)
    with place as stream, Interrupt() as interrupt:
        for batch in events(app, batch=_BATCH, **numbers):
            for topic, frame in batch.topics.items():
                stream.write(_lines(topic, frame, raw=raw))
            if interrupt.asked.is_set():
                break


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


def feed(penstock: Penstock, app: str, **numbers: Any) -> dict[str, int]:
    """Append simulated events to the topics of a project: how many to each. Ctrl-C ends it early.

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
    sent: dict[str, int] = {}
    with Interrupt() as interrupt:
        for batch in events(app, batch=_BATCH, **numbers):
            for topic, frame in batch.topics.items():
                penstock.append(topic, frame)
                sent[topic] = sent.get(topic, 0) + frame.height
            if interrupt.asked.is_set():
                note("interrupted; what was appended stays")
                break
    return sent
