"""`penstock topic read`: the records of a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from penstock.cli.command import Command, folder_argument, format_option, opened
from penstock.cli.interrupt import Interrupt
from penstock.cli.output import FORMATS, make_output
from penstock.cli.terminal import STDERR, amount, is_terminal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from penstock.cli.output import Output
    from penstock.log import Log
    from penstock.project.decoded import Decoding
    from penstock.project.penstock import Penstock

__all__ = ["read"]

_WAIT_SECONDS = 0.2


@click.command(
    cls=Command,
    examples=(
        "penstock topic read shop orders --from 2025-01-06T09:00 --partition 2 --format json",
        "penstock topic read shop orders --where 'amount > 100' --rows 10",
        "penstock topic read shop payments --last 10 --decoded",
    ),
)
@folder_argument()
@click.argument("name", metavar="TOPIC")
@click.option(
    "--from",
    "start",
    default="earliest",
    show_default=True,
    metavar="earliest|latest|OFFSET|TIME",
    help="Where to begin; a TIME is that of the records, UTC unless it names its zone.",
)
@click.option("--partition", type=click.IntRange(0), help="This partition alone.")
@click.option("--last", type=click.IntRange(1), metavar="N", help="The last N records, instead of --from.")
@click.option("--rows", type=click.IntRange(1), metavar="N", help="No more than N records.")
@click.option("--key", help="Records of this key alone.")
@click.option("--header", metavar="K or K=V", help="Records with this header alone.")
@click.option("--where", metavar="SQL", help="Records of which this holds: Flink SQL over the columns of the table.")
@click.option("--table", help="The table over the topic that --where speaks of, where there are several.")
@click.option("--keys", is_flag=True, help="Show keys and headers too.")
@click.option("--decoded", is_flag=True, help="Show values of Avro as JSON; those that cannot be read with the reason.")
@click.option("--follow", is_flag=True, help="Go on with records as they come, until Ctrl-C.")
@format_option(*FORMATS, "raw")
def read(
    folder: Path,
    name: str,
    start: str,
    partition: int | None,
    last: int | None,
    rows: int | None,
    key: str | None,
    header: str | None,
    where: str | None,
    table: str | None,
    keys: bool,
    decoded: bool,
    follow: bool,
    form: str,
) -> None:
    """Print the records of a topic in the order of the log. Format raw is the bytes of each value, and a new line.

    Values that are no text are shown as 0x and hexadecimal digits.
    """
    if last is not None and start != "earliest":
        raise click.UsageError("--last goes without --from")
    searches = any(one is not None for one in (key, header, where))
    if searches and (last is not None or follow):
        raise click.UsageError("--key, --header and --where go without --last and --follow")
    from penstock.project.decoded import Decoding

    with opened(folder) as penstock, Interrupt() as interrupt:
        output = None if form == "raw" else make_output(form)
        if decoded and output is None:
            raise click.UsageError("--decoded goes without --format raw, which is the bytes as they are")
        decoding = Decoding(penstock, name) if decoded else None
        left = rows
        begun = False
        if searches:
            found = _found(penstock, name, start, partition, key, header, where, table)
        else:
            found = _frames(penstock.log, name, start, partition, last, interrupt if follow else None)
        for frame in found:
            shown = frame if left is None else frame.head(left)
            if output is None:
                _raw(shown)
            else:
                begun = _shown(output, shown, keys=keys, begun=begun, decoding=decoding)
            left = None if left is None else left - shown.height
            if left == 0 or interrupt.asked.is_set():
                break
        if output is not None:
            if not begun:
                from penstock.project.browse import NO_RECORDS

                _shown(output, NO_RECORDS, keys=keys, begun=False, decoding=decoding)
            output.end()


def _found(
    penstock: Penstock,
    name: str,
    start: str,
    partition: int | None,
    key: str | None,
    header: str | None,
    where: str | None,
    table: str | None,
) -> Iterator[pl.DataFrame]:
    """The records that are searched for; how far the search is stands on stderr, where a person reads it."""
    from penstock.project.browse import offsets_at
    from penstock.project.search import Condition, Wanted, header_of, search

    condition = None if where is None else Condition(penstock, name, where, table)
    wanted = Wanted(None if key is None else key.encode(), None if header is None else header_of(header), condition)
    offsets = offsets_at(penstock.log, name, start, partition)
    ends, looked = penstock.log.ends(name), 0
    total = sum(ends[p] - offset for p, offset in offsets.items())
    shows = is_terminal(STDERR)
    for one in search(penstock.log, name, offsets, wanted):
        looked += one.rows
        if shows:
            click.echo(f"\r{amount(looked)} of {amount(total)} records looked at", nl=False, err=True)
        yield one.records.drop("seq")
    if shows:
        click.echo("", err=True)


def _frames(
    log: Log, name: str, start: str, partition: int | None, last: int | None, interrupt: Interrupt | None
) -> Iterator[pl.DataFrame]:
    """The records asked for; with `interrupt` those that come later too, until it is asked."""
    import polars as pl

    from penstock.project.browse import frames_from, offsets_at

    ends = log.ends(name)
    yield from frames_from(log, name, offsets_at(log, name, start, partition), last)
    wanted = pl.lit(True) if partition is None else pl.col("partition") == partition
    while interrupt is not None and not interrupt.asked.is_set():
        following, ends = ends, log.ends(name)
        if following != ends:
            for frame in log.read(name, following, ends):
                yield frame.filter(wanted)
        else:
            log.wait(log.end_seq(), _WAIT_SECONDS)


def _raw(frame: pl.DataFrame) -> None:
    click.echo(b"".join((value or b"") + b"\n" for value in frame["value"].to_list()), nl=False)


def _shown(output: Output, frame: pl.DataFrame, *, keys: bool, begun: bool, decoding: Decoding | None) -> bool:
    """Print records as rows of text columns; whether the output has begun then."""
    import polars as pl

    from penstock.core.render import as_text, fields_of

    texts = {name: as_text(frame[name]) for name in (("key", "value") if keys else ("value",))}
    if decoding is not None:
        texts["value"] = _decoded(decoding, frame["value"], texts["value"])
    shown = frame.select(
        "partition",
        "offset",
        pl.col("timestamp").cast(pl.Datetime("ms", "UTC")),
        *texts.values(),
        *([_headers(frame["headers"])] if keys else []),
    )
    if not begun:
        output.begin(fields_of(shown))
    if shown.height:
        output.rows(shown)
    return True


def _decoded(decoding: Decoding, values: pl.Series, texts: pl.Series) -> pl.Series:
    """`texts` with JSON in place of Avro, and behind bytes that are none why."""
    import polars as pl

    found = []
    for value, text in zip(values, texts, strict=True):
        said = decoding.of(value)
        found.append(text if said is None else said.text or f"{text} ({said.error})")
    return pl.Series("value", found, pl.String)


def _headers(headers: pl.Series) -> pl.Series:
    import polars as pl

    from penstock.core.render import byte_text

    words = [
        None if not found else ", ".join(f"{h['key']}={byte_text(h['value'] or b'')}" for h in found)
        for found in headers.to_list()
    ]
    return pl.Series("headers", words, pl.String)
