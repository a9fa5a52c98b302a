"""Rows on stdout as they come: as a table or line by line for a person; JSON, CSV, a changelog for a program."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import click

from penstock.cli.terminal import painted, plural

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl

    from penstock.cli.cells import Columns, Records
    from penstock.core.types import Field

__all__ = ["FORMATS", "Output", "make_output", "print_rows"]

_FIRST_ROWS = 1_000
_FIRST_SECONDS = 0.2
"""So many rows, or those of so long a time, decide how wide a table's columns are."""


class Output(Protocol):
    """One result after the other: `begin`, `rows` as often as there are some, `end`."""

    def begin(self, fields: Sequence[Field], sink: str | None = None) -> None:
        """A result of these columns; `sink` is the table that an INSERT writes them into."""
        ...

    def rows(self, frame: pl.DataFrame) -> None: ...

    def end(self) -> None: ...


class TableOutput:
    """Aligned columns; the first rows are held back a moment to see how wide they must be.

    If `vertical`, and where a screen has no room for the columns, a line for each column of each row.
    """

    def __init__(self, *, vertical: bool = False) -> None:
        self._vertical = vertical
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._error: OSError | None = None

    def begin(self, fields: Sequence[Field], sink: str | None = None) -> None:
        self._fields = tuple(fields)
        self._held: list[list[str]] = []
        self._columns: Columns | Records | None = None
        self._count = 0
        if sink is not None:
            click.echo(painted(f"into {sink}", bold=True))

    def rows(self, frame: pl.DataFrame) -> None:
        from penstock.cli.cells import shown_rows

        if self._error is not None:
            raise self._error
        cells = shown_rows(frame, self._fields)
        with self._lock:
            self._count += len(cells)
            if self._columns is not None:
                click.echo(self._columns.lines(cells))
                return
            self._held += cells
            if len(self._held) >= _FIRST_ROWS:
                self._start()
            elif self._timer is None:
                self._timer = threading.Timer(_FIRST_SECONDS, self._in_time)
                self._timer.daemon = True
                self._timer.start()

    def end(self) -> None:
        with self._lock:
            self._start()
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        if self._error is not None:
            raise self._error
        click.echo(painted(f"({plural(self._count, 'row')})", dim=True))

    def _in_time(self) -> None:
        with self._lock:
            try:
                self._start()
            except OSError as error:  # raised where the rows come from
                self._error = error

    def _start(self) -> None:
        """Show what was held back, once."""
        from penstock.cli.cells import Columns, Records
        from penstock.core import types as t

        if self._columns is not None:
            return
        numbers = [isinstance(f.type, (t.Integer, t.Float, t.Double, t.Decimal)) for f in self._fields]
        names = [f.name for f in self._fields]
        columns = Columns(names, numbers, self._held)
        self._columns = columns if columns.fit and not self._vertical else Records(names)
        self._columns.print(self._held)
        self._held = []


class JsonOutput:
    """A row a line."""

    def begin(self, fields: Sequence[Field], sink: str | None = None) -> None:
        self._fields = tuple(fields)

    def rows(self, frame: pl.DataFrame) -> None:
        from penstock.core.render import plain_rows

        _echo_json([*plain_rows(frame, self._fields)])

    def end(self) -> None:
        """Every line is out."""


class ChangelogOutput:
    """``{"op":"+I","row":{...}}`` a line, of an INSERT with ``"sink"``; -U, +U and -D where rows change."""

    def begin(self, fields: Sequence[Field], sink: str | None = None) -> None:
        self._fields = tuple(fields)
        self._extra = {} if sink is None else {"sink": sink}

    def rows(self, frame: pl.DataFrame) -> None:
        from penstock.core.batch import marks
        from penstock.core.render import plain_rows

        rows = zip(marks(frame), plain_rows(frame, self._fields), strict=True)
        _echo_json([{"op": mark, "row": row, **self._extra} for mark, row in rows])

    def end(self) -> None:
        """Every line is out."""


class CsvOutput:
    """RFC 4180 with a header: NULL is nothing at all, an empty text is a pair of quotes.

    A text that a spreadsheet would compute, with what that can do to its reader, is given an apostrophe first.
    """

    def begin(self, fields: Sequence[Field], sink: str | None = None) -> None:
        from penstock.core.types import Char, Varchar

        self._fields = tuple(fields)
        self._texts = [f.name for f in fields if isinstance(f.type, (Char, Varchar))]
        click.echo(_csv_line([_harmless(f.name) for f in fields]), nl=False)

    def rows(self, frame: pl.DataFrame) -> None:
        from penstock.core.render import plain_rows

        rows = plain_rows(frame, self._fields)
        lines = (_csv_line(list((row | {n: _harmless(row[n]) for n in self._texts}).values())) for row in rows)
        click.echo("".join(lines), nl=False)

    def end(self) -> None:
        """Every line is out."""


def _echo_json(values: list[dict[str, Any]]) -> None:
    import orjson

    if values:
        click.echo(b"\n".join(orjson.dumps(v) for v in values))


_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""


def _harmless(text: str | None) -> str | None:
    return "'" + text if text is not None and text.startswith(_FORMULA) else text


def _csv_line(values: Sequence[Any]) -> str:
    return ",".join(map(_csv_cell, values)) + "\r\n"


def _csv_cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        return "true" if value else "false"
    elif isinstance(value, (dict, list)):
        import orjson

        text = orjson.dumps(value).decode()
    else:
        from penstock.cli.cells import text_of

        return text_of(value)
    if not text or any(c in text for c in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


_OUTPUTS: dict[str, Callable[[], Output]] = {
    "table": TableOutput,
    "vertical": partial(TableOutput, vertical=True),
    "json": JsonOutput,
    "csv": CsvOutput,
    "changelog": ChangelogOutput,
}

FORMATS = ("table", "vertical", "json", "csv")
"""Formats of rows; a changelog is one of SQL statements alone."""


def make_output(form: str) -> Output:
    """The output of that name."""
    return _OUTPUTS[form]()


def print_rows(frame: pl.DataFrame, form: str) -> None:
    """All rows of a frame, in one of FORMATS."""
    import polars as pl

    from penstock.core.render import fields_of

    frame = frame.with_columns(pl.col(pl.Int128).cast(pl.Decimal(38, 0)))  # more digits than a JSON number has
    output = make_output(form)
    output.begin(fields_of(frame))
    if frame.height:
        output.rows(frame)
    output.end()
