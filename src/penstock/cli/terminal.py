"""The screen: whether there is one, its colours, and how times and amounts are written for a person."""

from __future__ import annotations

import datetime as dt
import os
import shutil
import sys
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

import click

from penstock.core.logs import tell

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "STDERR",
    "STDOUT",
    "amount",
    "cell_width",
    "coloured",
    "interactive",
    "is_logged",
    "is_terminal",
    "lasted",
    "moment",
    "note",
    "painted",
    "plural",
    "printable",
    "remarks_logged",
    "screen_width",
    "size",
]

Stream = Literal["stdout", "stderr"]
STDOUT: Stream = "stdout"
STDERR: Stream = "stderr"

_ESCAPES = {i: f"\\x{i:02x}" for i in (*range(32), *range(127, 160))} | {9: "\\t", 10: "\\n", 13: "\\r"}


def is_terminal(stream: Stream = STDOUT) -> bool:
    """Whether a person reads `stream` on a screen."""
    return bool((sys.stdout if stream == STDOUT else sys.stderr).isatty())


def interactive() -> bool:
    """Whether a question can be asked and answered."""
    return sys.stdin.isatty() and is_terminal(STDERR)


def coloured(stream: Stream) -> bool:
    """Whether colours are welcome: on a screen that has them, unless NO_COLOR is set."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def painted(text: str, stream: Stream = STDOUT, **style: Any) -> str:
    """`text` in a style (click.style's words) where colours are welcome, else as it is."""
    return click.style(text, **style) if coloured(stream) else text


_logged = False
"""Whether remarks are log lines."""


@contextmanager
def remarks_logged() -> Iterator[None]:
    """Inside, remarks go into the log: stderr has lines for a machine alone."""
    global _logged  # noqa: PLW0603  # of the one stderr that a process has
    _logged = True
    try:
        yield
    finally:
        _logged = False


def is_logged() -> bool:
    """Whether remarks go into the log."""
    return _logged


def note(text: str) -> None:
    """A remark beside the output: on stderr, so that what a script reads stays pure."""
    if _logged:
        tell("info", "note", text)
        return
    click.echo(painted(text, STDERR, dim=True), err=True)


def screen_width() -> int | None:
    """Columns of the screen that stdout is; None where nobody's screen limits a line."""
    return shutil.get_terminal_size().columns if is_terminal() else None


def cell_width(text: str) -> int:
    """Columns that a text takes."""
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else not unicodedata.combining(c) for c in text)


def printable(text: str) -> str:
    """`text` with control characters written out: what is stored must not steer a terminal."""
    return text if text.isprintable() else text.translate(_ESCAPES)


def moment(ms: int | None) -> str:
    """A time (ms since 1970) in the person's own zone, to the second; - for none."""
    from penstock.core.batch import END_OF_TIME, NO_TIME

    if ms is None or ms == NO_TIME:
        return "-"
    if ms == END_OF_TIME:
        return "end of input"
    try:
        return dt.datetime.fromtimestamp(ms / 1000, dt.UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
    except (OverflowError, ValueError, OSError):
        return f"{ms} ms"


def lasted(seconds: float) -> str:
    """How long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def amount(number: float) -> str:
    """A number with separators and no more digits than one reads: 1,234 or 12.3 M."""
    if number < 100_000:
        return f"{number:,.0f}"
    for unit, scale in (("k", 1e3), ("M", 1e6), ("G", 1e9)):
        if number < scale * 1000:
            return f"{number / scale:.3g} {unit}"
    return f"{number:.3g}"


def size(count: int) -> str:
    """Bytes, as 512 B or 1.5 MB."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TB"


def plural(count: int, noun: str, several: str = "") -> str:
    """``1 row``, ``1,234 rows``."""
    return f"{count:,} {noun if count == 1 else several or noun + 's'}"
