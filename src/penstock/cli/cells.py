"""Values as the text of a cell, and rows as an aligned table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from penstock.cli.terminal import cell_width, painted, printable, screen_width
from penstock.core import types as t
from penstock.core.render import plain_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from penstock.core.types import Field

__all__ = ["Columns", "Records", "shown_rows", "text_of"]

_GAP = "  "
_LEAST = 6
"""No column is cut to fewer places than this."""


def shown_rows(frame: pl.DataFrame, fields: Sequence[Field]) -> list[list[str]]:
    """The rows of `frame` as texts for a person: moments in their own zone, NULL for NULL."""
    import polars as pl

    local = [f.name for f in fields if isinstance(f.type, t.TimestampLtz) and f.type.precision <= 6]
    others = [f for f in fields if f.name not in local]
    cells = {f.name: [] for f in fields}  # type: dict[str, list[str]]
    for row in plain_rows(frame.select(f.name for f in others), others):
        for name, value in row.items():
            cells[name].append(text_of(value))
    for name in local:
        digits = next(f.type.precision for f in fields if f.name == name and isinstance(f.type, t.TimestampLtz))
        moments = frame.get_column(name).cast(pl.Datetime("us", "UTC")).to_list()
        cells[name] = ["NULL" if m is None else _local(m, digits) for m in moments]
    return [list(row) for row in zip(*cells.values(), strict=True)] if cells else []


def _local(moment: Any, digits: int) -> str:
    """A moment in the person's zone, with its distance from UTC, which no reader can mistake."""
    try:
        here = moment.astimezone()
    except OverflowError:  # the first and last day that there are, 0001-01-01 and 9999-12-31, are in another year there
        here = moment
    fraction = f".{here.microsecond:06d}"[: digits + 1] if digits else ""
    return f"{here.year:04}-{here:%m-%d %H:%M:%S}{fraction}{here:%z}"


def text_of(value: Any) -> str:
    """A plain value (see core.render) as one line of text."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case str():
            return printable(value)
        case dict() | list():
            import orjson

            return printable(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode())
    return str(value)


class Columns:
    """Columns as wide as their first rows need, and as a screen allows; numbers stand on the right."""

    def __init__(self, names: Sequence[str], right: Sequence[bool], first: Sequence[Sequence[str]]) -> None:
        self.names = [printable(n) for n in names]
        self.right = tuple(right)
        needed = [max([cell_width(name), *(cell_width(row[i]) for row in first)]) for i, name in enumerate(self.names)]
        self.screen = screen_width()
        self.widths = needed if self.screen is None else _fitted(needed, self.screen)

    @property
    def fit(self) -> bool:
        """Whether the screen has room for a line of them."""
        return self.screen is None or sum(self.widths) + len(_GAP) * (len(self.widths) - 1) <= self.screen

    def header(self) -> str:
        """The names, and a line under them."""
        rule = _GAP.join("─" * w for w in self.widths)
        return f"{painted(self._line(self.names), bold=True)}\n{painted(rule, dim=True)}"

    def lines(self, rows: Sequence[Sequence[str]]) -> str:
        """Rows, one a line."""
        return "\n".join(self._line(row) for row in rows)

    def _line(self, row: Sequence[str]) -> str:
        return _GAP.join(map(self._cell, row, self.widths, self.right)).rstrip()

    def _cell(self, text: str, width: int, right: bool) -> str:
        used = cell_width(text)
        if used > width and self.screen is not None:
            text, used = _clipped(text, width), width
        filling = " " * max(0, width - used)
        return filling + text if right else text + filling

    def print(self, rows: Sequence[Sequence[str]]) -> None:
        """Header and rows."""
        click.echo(self.header() + ("\n" + self.lines(rows) if rows else ""))


class Records:
    """A line for each column of each row: for more columns than stand side by side."""

    def __init__(self, names: Sequence[str]) -> None:
        shown = [printable(n) for n in names]
        width = max(map(cell_width, shown), default=0)
        self.names = [painted(n, bold=True) + " " * (width - cell_width(n)) for n in shown]
        self.count = 0

    def lines(self, rows: Sequence[Sequence[str]]) -> str:
        """Rows, each under its number."""
        return "\n".join(map(self._record, rows))

    def _record(self, row: Sequence[str]) -> str:
        self.count += 1
        head = painted(f"── row {self.count:,} ──", dim=True)
        return "\n".join([head, *(f"{name}{_GAP}{text}" for name, text in zip(self.names, row, strict=True))])

    def print(self, rows: Sequence[Sequence[str]]) -> None:
        """The first rows; there is no header."""
        if rows:
            click.echo(self.lines(rows))


def _fitted(needed: list[int], screen: int) -> list[int]:
    """The widths, the widest of them cut until all fit on the screen."""
    most = max(needed, default=0)
    room = screen - len(_GAP) * (len(needed) - 1)
    while most > _LEAST and sum(min(w, most) for w in needed) > room:
        most -= 1
    return [min(w, most) for w in needed]


def _clipped(text: str, width: int) -> str:
    kept = ""
    used = 1
    for c in text:
        used += cell_width(c)
        if used > width:
            break
        kept += c
    return kept + "…" + " " * (width - cell_width(kept) - 1)
