"""`penstock sql`: statements one after the other, as Flink's SQL client runs them."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from penstock.cli.command import Command, format_option
from penstock.cli.output import FORMATS, make_output
from penstock.cli.terminal import note, plural
from penstock.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import polars as pl

    from penstock.cli.output import Output
    from penstock.core.types import Field
    from penstock.project.client import Client, Selected

__all__ = ["Runner", "sql"]

_OP = "op"
_DIRECTIVE = re.compile(r"^--[ \t]*@(events|watermark)[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)


@click.command(
    cls=Command,
    examples=(
        "penstock sql -e \"SELECT UPPER('hello') AS greeting\"",
        "penstock sql report.sql --events orders.jsonl --format changelog",
        "penstock sql  # asks for statements; each ends with ;",
    ),
)
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-e", "--execute", "text", metavar="SQL", help="The statements, instead of a file.")
@format_option(*FORMATS, "changelog")
@click.option(
    "--events",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Feed every table from this JSON-lines file, in its order, whatever the table's connector. What INSERTs"
    " write is then only shown. A file may say so itself: -- @events FILE.",
)
@click.option("--batch-rows", type=click.IntRange(1), help="Cut every source's input into batches of so many rows.")
@click.option("--set", "settings", multiple=True, metavar="K=V", help="SET 'K' = 'V' before the first statement.")
@click.option(
    "--on-bad-row",
    type=click.Choice(["flink", "reject"]),
    default="flink",
    show_default=True,
    help="A row that cannot be read: flink ends the statement, as Flink would; reject takes it out and goes on.",
)
@click.option(
    "--manual-watermark",
    is_flag=True,
    help="Ignore declared watermarks: only the watermark lines of --events move time. In a file: -- @watermark manual.",
)
def sql(
    file: Path | None,
    text: str | None,
    form: str,
    events: Path | None,
    batch_rows: int | None,
    settings: tuple[str, ...],
    on_bad_row: str,
    manual_watermark: bool,
) -> None:
    """Run Flink SQL statements from FILE, from -e, or from standard input.

    Everything lives in memory and is gone at the end. A SELECT prints its rows as they come; INSERT says how many
    rows it wrote. Topics and files are read to their present end; datagen without 'number-of-rows' goes on until a
    LIMIT is reached, or Ctrl-C. Without anything to read, on a terminal, it asks for statements.

    A file of --events has a JSON object a line, of these kinds:

    \b
    {"table": "orders", "row": {"id": 1, "ts": "2025-01-06 09:00:00"}}   a row, in the table's format
    {"table": "orders", "raw": "1;ada", "timestamp": 1736154000000}      a message's bytes; its own time in ms
    {"watermark": "2025-01-06 09:01:00.000"}                             a watermark of all tables; ms, or "max"
    {"table": "orders", "watermark": "2025-01-06 09:01:00"}              ... of one
    {"table": "orders", "idle": true}                                    the table is idle until its next row
    {"sleep": 1000}                                                      without effect: time is event time
    """  # noqa: D301  # click's own mark of lines to leave as they are
    if file is not None and text is not None:
        raise click.UsageError("give a FILE or -e, not both")
    said = _directives(file) if file is not None else {}
    if file is not None and events is None and "events" in said:
        events = file.parent / said["events"]
    manual = manual_watermark or said.get("watermark") == "manual"
    client = _client(events, manual, batch_rows, on_bad_row)
    runner = Runner(client, make_output(form), quiet=form not in ("table", "vertical"), marks=form != "changelog")
    with client.penstock:
        for setting in settings:
            runner.run(_set_statement(setting), "--set", quiet=True)
        if text is not None:
            runner.run(text)
        elif file is not None:
            runner.run(_text(file.read_bytes(), str(file)), str(file))
        elif sys.stdin.isatty():
            from penstock.cli.prompt import prompt

            prompt(runner)
        else:
            runner.run(_text(sys.stdin.buffer.read(), "standard input"), "standard input")


def _text(data: bytes, source: str) -> str:
    try:
        return data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{source} is not a text: its byte {error.start} is no UTF-8",
            code="sql-file",
            hint="give a file of SQL statements in UTF-8",
        ) from None


def _directives(file: Path) -> dict[str, str]:
    return dict(_DIRECTIVE.findall(_text(file.read_bytes(), str(file))))


def _set_statement(setting: str) -> str:
    key, equals, value = setting.partition("=")
    if not equals or not key.strip():
        raise click.UsageError(f"--set takes K=V, not '{setting}'")
    key, value = (part.strip().replace("'", "''") for part in (key, value))
    return f"SET '{key}' = '{value}';"


def _client(events: Path | None, manual: bool, batch_rows: int | None, on_bad_row: str) -> Client:
    from penstock.connectors.events import EventsFile
    from penstock.project.client import Client
    from penstock.project.definition import Definition
    from penstock.project.penstock import Penstock
    from penstock.project.settings import Settings

    memory = Penstock(Definition(Path.cwd(), Settings("sql", on_bad_row=on_bad_row)), None)
    fed = EventsFile(events) if events is not None else None
    return Client(memory, events=fed, manual_time=manual, batch_rows=batch_rows)


class Runner:
    """Runs statements and prints their answers; `quiet` keeps words out of stdout, which a program reads.

    With `marks` rows that change have a column that tells what each does: +I, -U, +U, -D.
    """

    def __init__(self, client: Client, output: Output, *, quiet: bool, marks: bool = True) -> None:
        self.client = client
        self.output = output
        self.quiet = quiet
        self._marks = marks

    def run(self, text: str, source: str = "", *, quiet: bool = False) -> None:
        """Raises what ends a statement; those before it stay done."""
        from penstock.project.client import Message, Selected, Table

        for answer in self.client.run(text, source):
            match answer:
                case Message(text=words):
                    if not quiet:
                        self._say(words)
                case Table(names=names, rows=rows):
                    self._show(names, rows)
                case Selected():
                    self._select(answer)

    def _say(self, words: str) -> None:
        if self.quiet:
            note(words)
        else:
            click.echo(words)

    def _show(self, names: tuple[str, ...], rows: tuple[tuple[object, ...], ...]) -> None:
        """An answer of the catalog; a text of several lines stands for itself."""
        if not self.quiet and len(names) == 1 and len(rows) == 1 and "\n" in str(rows[0][0]):
            click.echo(str(rows[0][0]))
            return
        import polars as pl

        from penstock.core.render import fields_of

        frame = pl.DataFrame(rows, schema=list(names), orient="row", strict=False, infer_schema_length=None)
        self.output.begin(fields_of(frame))
        if rows:
            self.output.rows(frame)
        self.output.end()

    def _select(self, selected: Selected) -> None:
        """Print rows as they come; an INSERT's table by table as they take turns."""
        current: str | None = None
        begun = list(selected.fields) == [None]
        if begun:
            self.output.begin(self._fields(selected, None))
        for sink, frame in selected:
            if sink != current or not begun:
                if begun:
                    self.output.end()
                self.output.begin(self._fields(selected, sink), sink)
                current, begun = sink, True
            self.output.rows(self._marked(frame))
        if begun:
            self.output.end()
        self._tell_counts(selected)

    def _fields(self, selected: Selected, sink: str | None) -> tuple[Field, ...]:
        """The columns of a result; where rows change, what each of them does comes first."""
        from penstock.core import types as t

        fields = selected.fields[sink]
        return (t.Field(_OP, t.STRING), *fields) if self._marks and sink in selected.changing else fields

    def _marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        import polars as pl

        from penstock.core.batch import KIND, marks

        if not self._marks or KIND not in frame.columns:
            return frame
        return frame.with_columns(pl.Series(_OP, marks(frame), dtype=pl.String))

    def _tell_counts(self, selected: Selected) -> None:
        graph = selected.pipeline.executor.graph
        if self.client.events is None:
            for sink in graph.sinks.values():
                if sink.table in selected.fields:
                    self._say(f"{plural(sink.counts.passed, 'row')} into {sink.table}")
        for words in _lost(entry.counts.as_dict() for entry in selected.pipeline.executor.entries()):
            note(words)


def _lost(counts: Iterator[Mapping[str, Any]]) -> list[str]:
    """What became of rows that are not in the result, and of which nothing else tells."""
    totals = {"late": 0, "rejected": 0}
    for entry in counts:
        for fate in totals:
            totals[fate] += entry[fate]
    said = {
        "late": "came too late: all their windows had closed",
        "rejected": "could not be read: left out (--on-bad-row flink stops at the first)",
    }
    return [f"{plural(totals[fate], 'row')} {words}" for fate, words in said.items() if totals[fate]]
