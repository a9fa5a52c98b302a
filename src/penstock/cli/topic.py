"""`penstock topic`: the topics of a project's log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Group, acting, agree, folder_argument, format_option, opened
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import interactive, plural
from penstock.cli.topic_read import read
from penstock.cli.topic_write import write
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

__all__ = ["topic"]


@click.group(cls=Group)
def topic() -> None:
    """Look at the topics of a project's log, and write to them. An engine may run meanwhile."""


def _config_option() -> Callable[[Any], Any]:
    return click.option(
        "--config", "configs", multiple=True, metavar="K=V", help="A config such as retention.ms=1 h; K= unsets it."
    )


@topic.command("list", examples=("penstock topic list shop", "penstock topic list shop --format json"))
@folder_argument()
@click.option("--all", "everything", is_flag=True, help="Those of the system too, whose names begin with __.")
@format_option(*FORMATS)
def list_(folder: Path, everything: bool, form: str) -> None:
    """List the topics, how much is in them, and what they are set to."""
    import polars as pl

    rows = []
    with opened(folder) as penstock:
        for found in penstock.log.topics():
            if found.name.startswith("__") and not everything:
                continue
            parts = penstock.log.describe(found.name)
            held = sum(p.rows for p in parts), sum(p.bytes for p in parts)
            rows.append((found.name, found.partitions, *held, _settings(found.configs)))
    schema: dict[str, Any] = {
        "topic": pl.String,
        "partitions": pl.Int64,
        "rows": pl.Int64,
        "bytes": pl.Int64,
        "configs": pl.String,
    }
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


def _settings(configs: Mapping[str, str]) -> str:
    return ", ".join(f"{k}={v}" for k, v in sorted(configs.items()))


@topic.command(examples=("penstock topic create shop orders --partitions 6 --config retention.ms=30d",))
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.option("--partitions", type=click.IntRange(1), help="By default as [topics.TOPIC] says, else 1.")
@_config_option()
def create(folder: Path, name: str, partitions: int | None, configs: tuple[str, ...]) -> None:
    """Create a topic, as [topics.TOPIC] of penstock.toml says where no option says otherwise."""
    with acting(folder) as project:
        made = project.create_topic(name, partitions, _set(configs))
    click.echo(f"topic {name} has {plural(made, 'partition')}")


def _set(configs: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(_pair(c) for c in configs)
    return {k: v for k, v in pairs.items() if v is not None}


def _pair(config: str, option: str = "--config") -> tuple[str, str | None]:
    key, equals, value = config.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"{option} takes K=V, not '{config}'")
    return key.strip(), value.strip() or None


@topic.command(examples=("penstock topic describe shop orders",))
@folder_argument()
@click.argument("name", metavar="TOPIC")
@format_option(*FORMATS)
def describe(folder: Path, name: str, form: str) -> None:
    """Show each partition: first and next offset, rows, bytes, the times of the first and last record."""
    import polars as pl

    with opened(folder) as penstock:
        found = penstock.log.topic(name)
        parts = penstock.log.describe(name)
    if form == "table" and found.configs:
        click.echo(_settings(found.configs))
    time = pl.Datetime("ms", "UTC")
    schema: dict[str, Any] = {
        "partition": pl.Int64,
        "start": pl.Int64,
        "end": pl.Int64,
        "rows": pl.Int64,
        "bytes": pl.Int64,
        "first": time,
        "last": time,
    }
    rows = [(p.partition, p.start, p.end, p.rows, p.bytes, p.first_timestamp, p.last_timestamp) for p in parts]
    print_rows(pl.DataFrame(rows, schema, orient="row"), form)


@topic.command(
    examples=(
        "penstock topic alter shop orders --partitions 12",
        "penstock topic alter shop o --config retention.ms=",
    )
)
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.option("--partitions", type=click.IntRange(1), help="More partitions; keys of old records stay where they are.")
@_config_option()
@click.option("--yes", is_flag=True, help="Do not ask whether retention may take rows at once.")
def alter(folder: Path, name: str, partitions: int | None, configs: tuple[str, ...], yes: bool) -> None:
    """Give a topic more partitions, or other configs. It says what retention then takes, and asks."""
    if partitions is None and not configs:
        raise click.UsageError("say what to alter: --partitions or --config")
    given = dict(_pair(c) for c in configs)
    with acting(folder) as project:
        loss = project.topic_loss(name, given) if given else None
        if loss is not None and loss.rows and not yes:
            if not interactive():
                raise click.UsageError(f"{loss} would go; nobody can be asked here, so say --yes")
            agree(f"{loss} will go. Go on?")
        count, now = project.alter_topic(name, partitions, given, "" if loss is None else loss.token)
    click.echo(f"topic {name} has {plural(count, 'partition')}" + (f", {_settings(now)}" * bool(now)))


@topic.command(examples=("penstock topic delete shop orders",))
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.option("--yes", is_flag=True, help="Do not ask for its name.")
def delete(folder: Path, name: str, yes: bool) -> None:
    """Delete a topic with all its records. It says what goes, and asks for the topic's name again."""
    with acting(folder) as project:
        loss = project.topic_loss(name)
        if not yes:
            if not interactive():
                raise click.UsageError(f"{loss} would go; nobody can be asked here, so say --yes")
            typed = click.prompt(f"{loss} will go. Its name, to go on", err=True)
            if typed != name:
                raise ConfigError(f"'{typed}' is not '{name}': nothing was deleted", code="topic-delete")
        gone = project.delete_topic(name, loss.token)
    click.echo(f"topic {name} is deleted, {plural(gone.rows, 'record')} with it")


@topic.command(
    examples=(
        """penstock topic produce shop orders '{"order_id": 41, "amount": 7.5}'""",
        "penstock topic produce shop orders 'no JSON' --key c1 --header sent-by=me --unchecked",
        "penstock topic produce shop orders --key c1 --tombstone",
    )
)
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.argument("value", required=False)
@click.option("--key", help="By default as the table over the topic declares it.")
@click.option("--header", "headers", multiple=True, metavar="K=V", help="A header of the record.")
@click.option("--partition", type=click.IntRange(0), help="By default that of the key.")
@click.option("--tombstone", is_flag=True, help="A record without a value: it ends what has its key.")
@click.option("--unchecked", is_flag=True, help="Append it even where a table over the topic cannot read it.")
def produce(
    folder: Path,
    name: str,
    value: str | None,
    key: str | None,
    headers: tuple[str, ...],
    partition: int | None,
    tombstone: bool,
    unchecked: bool,
) -> None:
    """Append one record, VALUE, if every table over the topic can read it."""
    if (value is None) is not tombstone:
        raise click.UsageError("say the VALUE, or --tombstone")
    marks = {k: None if v is None else v.encode() for k, v in (_pair(h, "--header") for h in headers)}
    with acting(folder) as project:
        at, offset = project.produce(
            name,
            None if value is None else value.encode(),
            key=None if key is None else key.encode(),
            headers=marks,
            partition=partition,
            checked=not unchecked,
        )
    click.echo(f"1 record appended to {name}: partition {at}, offset {offset}")


topic.add_command(read)
topic.add_command(write)
