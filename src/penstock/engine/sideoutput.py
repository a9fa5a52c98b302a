"""What leaves the main stream: rows that cannot be used, and rows that come too late.

Operators hand them over during a step; the pipeline looks up where they came from and stores them with the
next commit. `on_bad_row` decides what a bad row means: `reject` takes it out and goes on, `flink` ends the
pipeline at that row, as Flink's job would.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl

from penstock.core.batch import SEQ, without
from penstock.core.errors import DataError
from penstock.engine.origins import ORIGIN, carried

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from penstock.sql.functions.spec import Failure

__all__ = ["BAD", "OnBadRow", "SideOutput", "failure_columns"]

OnBadRow = Literal["flink", "reject"]

BAD = "$bad"
"""A column of the number (from 1) of the failure that holds in a row; 0 where none does."""


def failure_columns(failures: Sequence[Failure]) -> list[pl.Expr]:
    """The expression of BAD for `failures`; nothing for none."""
    if not failures:
        return []
    number = pl.lit(0, dtype=pl.UInt8)
    for i in range(len(failures), 0, -1):
        number = pl.when(failures[i - 1].when.fill_null(False)).then(pl.lit(i, dtype=pl.UInt8)).otherwise(number)
    return [number.alias(BAD)]


@dataclass(slots=True)
class SideOutput:
    """The side outputs of one pipeline's current step."""

    on_bad_row: OnBadRow = "reject"
    rejects: list[pl.DataFrame] = field(default_factory=list)
    late: list[pl.DataFrame] = field(default_factory=list)
    failure: DataError | None = None
    failed_at: int | None = None
    """Place of the first row at which Flink would have failed; rows from there on are not processed."""
    failed_in: str = ""
    """The operator that it failed in."""

    def sift(
        self, checked: pl.DataFrame, source: pl.DataFrame, failures: Sequence[Failure], operator: str, table: str = ""
    ) -> tuple[pl.DataFrame, pl.Series | None]:
        """`checked` without its bad rows, and a mask of the rows that stayed (None: all of them).

        `checked` has BAD (see failure_columns) beside its columns; `source` is the frame of the same height
        over which the failures' `shown` expressions can be evaluated.
        """
        if not failures:
            return checked, None
        bad = checked[BAD]
        if not bad.max():
            return without(checked, BAD), None
        rows = source.with_columns(bad).filter(pl.col(BAD) > 0)
        codes, reasons = _described(rows, failures)
        seq = rows[SEQ]
        if self.on_bad_row == "flink":
            first = int(seq[0])
            expression = failures[rows[BAD][0] - 1].expression
            where = f"{_short(expression)} in {operator}" if expression else operator
            self.fail(first, DataError(reasons[0], code=codes[0], where=where), operator)
            kept = checked[SEQ] < first
        else:
            self.reject(operator, table, rows.select(SEQ, *carried(rows)), codes, reasons)
            kept = bad == 0
        return without(checked, BAD).filter(kept), kept

    def reject(
        self,
        operator: str,
        table: str,
        rows: pl.DataFrame,
        codes: Sequence[str],
        reasons: Sequence[str],
        *,
        ignored: bool = False,
    ) -> None:
        """`rows`, of which SEQ and ORIGIN are looked at, are out, each with its code and reason."""
        self.rejects.append(
            rows.select(
                pl.lit(operator).alias("operator"),
                pl.lit(table).alias("table"),
                pl.col(SEQ).alias("seq"),
                pl.Series("code", codes, dtype=pl.String),
                pl.Series("reason", reasons, dtype=pl.String),
                pl.lit(ignored).alias("ignored"),
                *carried(rows),
            )
        )

    def too_late(
        self,
        operator: str,
        rows: pl.DataFrame,
        window: tuple[NDArray[np.int64], NDArray[np.int64]] | None,
        watermark: NDArray[np.int64],
        closed: int,
        *,
        windows: NDArray[np.int64] | None = None,
        lost: NDArray[np.bool_] | None = None,
    ) -> None:
        """`rows` came after the end of their `window` (start and end, ms): at `watermark`, or `closed` if that was it.

        Without a window it is their own time that has passed.
        `closed` is the watermark that the end of bounded input stood for. Of several `windows` it is the first one;
        a row that is not `lost` counts in others.
        """
        nothing = pl.Series([None] * rows.height, dtype=pl.Int64)
        start, end = (nothing, nothing) if window is None else map(pl.Series, window)
        count = np.full(rows.height, window is not None, np.int64) if windows is None else windows
        gone = np.ones(rows.height, np.bool_) if lost is None else lost
        reason = np.where(watermark == closed, "closed-by-end-of-input", "watermark-passed").tolist()
        self.late.append(
            rows.select(
                pl.lit(operator).alias("operator"),
                pl.col(SEQ).alias("seq"),
                pl.struct(pl.exclude(SEQ, *ORIGIN)).struct.json_encode().alias("row"),
                start.alias("window_start"),
                end.alias("window_end"),
                pl.Series("windows", count),
                pl.Series("watermark", watermark),
                pl.Series("lost", gone),
                pl.Series("reason", reason, dtype=pl.String),
                *carried(rows),
            )
        )

    def fail(self, seq: int, error: DataError, operator: str) -> None:
        """The pipeline ends before the row at `seq`; the earliest failure of a step wins."""
        if self.failed_at is None or seq < self.failed_at:
            self.failed_at, self.failure, self.failed_in = seq, error, operator

    def clear(self) -> None:
        """Forget the step; its rows are taken care of."""
        self.rejects = []
        self.late = []


def _described(rows: pl.DataFrame, failures: Sequence[Failure]) -> tuple[list[str], list[str]]:
    """The code and reason of each of the (few) bad rows."""
    numbers = rows[BAD].to_list()
    shown: dict[int, list[str | None]] = {}
    for number in set(numbers):
        expression = failures[number - 1].shown
        if expression is not None:
            shown[number] = rows.select(expression.cast(pl.String, strict=False).alias("shown"))["shown"].to_list()
    codes, reasons = [], []
    for i, number in enumerate(numbers):
        failure = failures[number - 1]
        value = shown[number][i] if number in shown else None
        codes.append(failure.code)
        reasons.append(failure.message if value is None else f"{failure.message}: '{_short(value)}'")
    return codes, reasons


def _short(value: str) -> str:
    return value if len(value) <= 100 else value[:97] + "..."
