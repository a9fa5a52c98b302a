"""`print`: each row as a line on the standard output, in Flink's words."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.connectors.spec import Connector
from penstock.connectors.spelling import java_texts
from penstock.core.batch import marks
from penstock.core.edges import Prepared
from penstock.core.options import Option, boolean, integer, text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.core.edges import Transaction
    from penstock.core.types import Field
    from penstock.sql.plan import Sink

__all__ = ["PRINT", "PrintSink", "print_sink"]

IDENTIFIER = Option("print-identifier", text, "", "What each line begins with, before '> '.")
STANDARD_ERROR = Option("standard-error", boolean, False, "Print to the standard error stream.")
PARALLELISM = Option("sink.parallelism", integer(1), 1, "Without effect.")


class PrintSink:
    """Prints the rows of each checkpoint when it is made.

    A process that is killed between the two never prints them; no line is printed twice. (Flink prints at
    once, and after a failure again.)
    """

    def __init__(self, fields: Sequence[Field], identifier: str, *, to_stderr: bool) -> None:
        self.fields = tuple(fields)
        self._prefix = f"{identifier}> " if identifier else ""
        self._to_stderr = to_stderr
        self._frames: list[pl.DataFrame] = []

    def write(self, frame: pl.DataFrame) -> None:
        self._frames.append(frame)

    def advance(self, watermark: int) -> None:
        """Rows go with the commit, whenever that is."""

    @property
    def pending(self) -> list[pl.DataFrame]:
        """The rows of the coming checkpoint."""
        return self._frames

    @property
    def held_rows(self) -> int:
        return 0

    def prepare(self, epoch: int, transaction: Transaction) -> Prepared:
        rows = sum(f.height for f in self._frames)
        return Prepared(rows, b"print" if rows else b"")

    def commit(self, token: bytes) -> None:
        frames, self._frames = self._frames, []
        stream = sys.stderr if self._to_stderr else sys.stdout
        for frame in frames:
            stream.write(self._lines(frame))
        stream.flush()

    def _lines(self, frame: pl.DataFrame) -> str:
        texts = [java_texts(frame[f.name], f.type) for f in self.fields]
        kinds = pl.Series(marks(frame), dtype=pl.String)
        inside = pl.concat_str(texts, separator=", ") if texts else pl.lit("")
        lines = pl.concat_str(pl.lit(self._prefix), pl.lit(kinds), pl.lit("["), inside, pl.lit("]\n"))
        joined: str = pl.select(lines.str.join("")).item()
        return joined

    def finish(self) -> None:
        """Nothing is open."""

    def snapshot(self) -> tuple[Any, Mapping[str, pl.DataFrame]]:
        return None, {}

    def restore(self, metadata: Any, frames: Mapping[str, pl.DataFrame]) -> None:
        """Nothing was held."""

    def close(self) -> None:
        """The streams are the process's."""


def print_sink(_: Sink, options: TableOptions, __: World) -> PrintSink:
    """The sink of an INSERT into a `print` table."""
    options.check_metadata()
    return PrintSink(options.physical, options.values[IDENTIFIER], to_stderr=options.values[STANDARD_ERROR])


_NOTES = """
A line is `+I[1, a]`, with `IDENTIFIER> ` before it if one is given. The rows of a checkpoint are printed when it
is made: none twice, and none if the process is killed just then. (Flink prints at once, and after a failure
again.)
"""

PRINT = Connector(
    name="print",
    text="Lines on the standard output, for trying things out.",
    notes=_NOTES,
    options=(IDENTIFIER, STANDARD_ERROR, PARALLELISM),
    source=False,
    shows_changes=True,
    make_sink=print_sink,
    why_not_replace="what was printed cannot be taken back",
)
