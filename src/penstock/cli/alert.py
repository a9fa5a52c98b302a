"""`penstock alert`: rules, what they have found, what they would have, and who looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Group, acting, folder_argument, format_option, opened
from penstock.cli.moment import moment_of
from penstock.cli.output import FORMATS, print_rows
from penstock.cli.terminal import moment, note, painted, plural, printable
from penstock.core.options import Option, duration

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from penstock.log import Log

__all__ = ["alert"]

_FOR = Option("--for", duration, 0, "")


@click.group(cls=Group)
def alert() -> None:
    """Alert rules of a project (alerts/NAME.toml) and their incidents."""


@alert.command("list", examples=("penstock alert list shop", "penstock alert list shop --format json"))
@folder_argument()
@format_option(*FORMATS)
def list_(folder: Path, form: str) -> None:
    """List the rules of the project in DIR, and how each is.

    wrong, failed, stopped and no data are never OK: the rule cannot tell.
    """
    import polars as pl

    with acting(folder) as project:
        states = project.alert_states()
    rows = [(s.name, s.severity, s.state, s.firing, s.pending, ", ".join(s.notify)) for s in states]
    schema = {
        "name": pl.String,
        "severity": pl.String,
        "state": pl.String,
        "firing": pl.Int64,
        "pending": pl.Int64,
        "notify": pl.String,
    }
    print_rows(pl.DataFrame(rows, schema=schema, orient="row"), form)
    for state in states:
        if state.reason and state.state != "stopped":
            note(f"{state.name} is {state.state}: {state.reason}")


@alert.command(examples=("penstock alert show shop slow",))
@folder_argument()
@click.argument("name")
def show(folder: Path, name: str) -> None:
    """Show a rule: how it is, what fires, its file."""
    from penstock.incidents import incidents_of
    from penstock.project.alerts.rule import rules_of

    with opened(folder) as penstock:
        text = rules_of(penstock.folder).read(name).text
        active = [i for i in incidents_of(penstock.log) if i.rule == name and i.state != "resolved"]
    with acting(folder) as project:
        state = next((s for s in project.alert_states() if s.name == name), None)
    if state is None:
        click.echo(painted(name, bold=True) + ": new, and known within two seconds")
    else:
        click.echo(
            painted(state.title, bold=True) + f": {state.state}" + (f" ({state.reason})" if state.reason else "")
        )
    for incident in active:
        click.echo(f"  {incident.state:<12} {incident.id}  {incident.title}  {incident.description}".rstrip())
    click.echo(f"\n{text.strip()}")


@alert.command(
    examples=(
        "penstock alert test shop slow",
        "penstock alert test shop slow --since 2026-01-31T00:00:00Z --format json",
    )
)
@folder_argument()
@click.argument("name")
@click.option("--since", metavar="TIME", help="Those that fired from then on, by event time: 2026-01-31T12:00:00Z.")
@click.option("--until", metavar="TIME", help="Those that fired before then.")
@format_option(*FORMATS)
def test(folder: Path, name: str, since: str | None, until: str | None, form: str) -> None:
    """Say when a rule would have fired: its query is run over all rows that are kept.

    Nothing is written and nobody is told; an engine may run meanwhile. Where the rule has run on them, these are the
    incidents that fired.
    """
    from penstock.project.alerts.backtest import backtest

    with opened(folder) as penstock:
        found = backtest(penstock, penstock.alerts.get(name), moment_of(since), moment_of(until))
    print_rows(found, form)
    note(f"it would have fired {plural(found.height, 'time')}")


@alert.command(
    examples=(
        "penstock alert incidents shop",
        "penstock alert incidents shop --rule slow --state firing --format json",
    )
)
@folder_argument()
@click.option("--rule", help="Those of one rule.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice(("pending", "firing", "acknowledged", "resolved")),
    help="Those in a state; may be given several times. By default all that fire or have fired.",
)
@format_option(*FORMATS)
def incidents(folder: Path, rule: str | None, states: tuple[str, ...], form: str) -> None:
    """List incidents as they are now, the newest last. Times are event times."""
    from penstock.incidents import incidents_of

    with opened(folder) as penstock:
        found = [
            incident
            for incident in incidents_of(penstock.log)
            if (incident.state in states if states else incident.fired is not None) and rule in (None, incident.rule)
        ]
    print_rows(_table([(i.id, i.state, i.severity, i.title, i.start, i.fired, i.end, i.by) for i in found]), form)


@alert.command(examples=("penstock alert incident shop slow-f00d5eedca11ab1e",))
@folder_argument()
@click.argument("incident")
def incident(folder: Path, incident: str) -> None:
    """Show how INCIDENT went, and who was told of it.

    Each step stands with its event time, and after it when it became known.
    """
    from penstock.incidents.incident import changes_of
    from penstock.incidents.notification import notifications_of

    with opened(folder) as penstock:
        now, changes = changes_of(penstock.log, incident)
        told = [n for n in notifications_of(penstock.log) if n.incident == incident]
    click.echo(painted(printable(now.title), bold=True) + f": {now.state}")
    for change in changes:
        at = "" if change.at is None else moment(change.at)
        words = [at, f"({moment(change.known)})", change.by, change.note or change.description]
        click.echo(f"  {change.state:<12} " + printable("  ".join(word for word in words if word)))
    for one in told:
        reason = f": {one.reason}" if one.reason else ""
        click.echo(f"  {one.channel} {one.status} that it is {one.state}, {moment(one.time)}{printable(reason)}")


def _table(rows: list[tuple[object, ...]]) -> pl.DataFrame:
    import polars as pl

    schema = {
        "id": pl.String,
        "state": pl.String,
        "severity": pl.String,
        "title": pl.String,
        "start": pl.Int64,
        "fired": pl.Int64,
        "end": pl.Int64,
        "by": pl.String,
    }
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.with_columns(pl.col("start", "fired", "end").cast(pl.Datetime("ms", "UTC")))


@alert.command(examples=("penstock alert ack shop slow-f00d5eedca11ab1e --by kim --note 'on it'",))
@folder_argument()
@click.argument("incident")
@click.option("--by", default="", help="Who looks after it.")
@click.option("--note", "text", default="", help="What is known about it.")
def ack(folder: Path, incident: str, by: str, text: str) -> None:
    """Say that somebody looks after INCIDENT, which is firing."""
    with opened(folder) as penstock:
        done = penstock.alerts.acknowledge(incident, by, text)
    click.echo(f"{done.id} is acknowledged: {done.title}")


@alert.command(
    examples=(
        "penstock alert silence shop",
        "penstock alert silence shop slow --key meeting_id=m1 --for '2 h' --by kim",
        "penstock alert silence shop --end 9f3a21bc44d0",
    )
)
@folder_argument()
@click.argument("rule", required=False)
@click.option("--for", "length", metavar="DURATION", help="How long, from now: '30 min', '2 h'.")
@click.option("--key", "keys", multiple=True, metavar="COLUMN=VALUE", help="Only incidents with this key.")
@click.option("--by", default="", help="Who wants it.")
@click.option("--note", "text", default="", help="Why.")
@click.option("--end", "ended", metavar="ID", help="End that silence.")
def silence(
    folder: Path, rule: str | None, length: str | None, keys: tuple[str, ...], by: str, text: str, ended: str | None
) -> None:
    """Tell nobody of a rule's incidents for a while; without RULE list the silences there are.

    RULE may be a job or a part that is probed too: job.night, health.disk.
    What is still firing when it ends is told then.
    """
    with opened(folder) as penstock:
        if ended is not None:
            penstock.alerts.end_silence(ended)
            click.echo(f"silence {ended} has ended")
        elif rule is None:
            _list_silences(penstock.log, penstock.clock.now_ms())
        else:
            penstock.alerts.require(rule)
            if length is None:
                raise click.UsageError("a silence has an end: --for '2 h'")
            made = penstock.alerts.silence(rule, _key(keys), _FOR.read(length, "--for"), by, text)
            click.echo(f"silence {made.id}: nobody is told of {rule}'s incidents for {length}")


def _key(given: tuple[str, ...]) -> dict[str, str]:
    """Raises UsageError for what is not COLUMN=VALUE."""
    found = {}
    for words in given:
        name, equals, value = words.partition("=")
        if not equals or not name:
            raise click.UsageError(f"--key takes COLUMN=VALUE, this is '{words}'")
        found[name] = value
    return found


def _list_silences(log: Log, now: int) -> None:
    from penstock.incidents.silence import silences_of

    found = silences_of(log, now)
    for one in found:
        key = " ".join(f"{k}={v}" for k, v in one.key.items())
        minutes = -(-(one.until - now) // 60_000)
        words = [one.id, one.rule, key, f"{plural(minutes, 'minute')} left", one.by, one.note]
        click.echo("  ".join(word for word in words if word))
    if not found:
        click.echo("there is no silence")
