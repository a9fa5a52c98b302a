"""The rules about one table: what a batch's frames are checked with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from penstock.engine.checks import RowChecks
from penstock.quality.conditions import check_of, require_few, require_measurable, unique_of
from penstock.quality.results import Result
from penstock.quality.rule import ROW_FORMS
from penstock.sql.functions.spec import Context

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.core.types import DataType
    from penstock.quality.rule import Rule
    from penstock.sql.checks import UniqueCheck

__all__ = ["OUT", "Checked", "Rules", "Tally"]

OUT: dict[str, pl.DataType] = {
    "row": pl.UInt32(),
    "code": pl.String(),
    "rules": pl.List(pl.String()),
    "reason": pl.String(),
}
"""The columns of a frame of rows that are out: which row, the code as of a reject, all rules that it breaks, why."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A frame after its check.

    `passing` is a mask, shape (n,): rows that break no rule, or those alone that warn. `out` lists the others (OUT),
    their `row` counted from 0. `broken` counts the rows that break each rule about single rows, in order.
    """

    rows: int
    passing: pl.Series
    out: pl.DataFrame
    broken: tuple[int, ...]


class Rules:
    """Bound rules of one table with `columns`, those about single rows and those about a whole load."""

    def __init__(self, rules: Sequence[Rule], columns: Mapping[str, DataType], context: Context | None = None) -> None:
        """Raises ConfigError or SqlError, with file and line, where a rule does not fit the columns."""
        context = context or Context()
        require_few(rules)
        self.row_rules = tuple(r for r in rules if r.form in ROW_FORMS)
        self.set_rules = tuple(r for r in rules if r.form not in ROW_FORMS)
        self._checks = RowChecks([check_of(r, columns, context) for r in self.row_rules], context)
        self._out = self._checks.bits("quarantine", "fail")
        for rule in self.set_rules:
            require_measurable(rule, columns)
        self.unique: Mapping[str, UniqueCheck] = {
            r.path: unique_of(r, columns) for r in self.set_rules if r.form == "unique"
        }

    def check(self, frame: pl.DataFrame) -> Checked:
        """What the rules about single rows say of `frame`, which has the table's columns among others."""
        if not self.row_rules:
            return Checked(frame.height, pl.repeat(True, frame.height, eager=True), pl.DataFrame(schema=OUT), ())
        marks = self._checks.marks(frame)
        passing = (marks & self._out) == 0
        return Checked(frame.height, passing, self._reasons(frame, marks, ~passing), tuple(self._checks.counts(marks)))

    def _reasons(self, frame: pl.DataFrame, marks: pl.Series, failing: pl.Series) -> pl.DataFrame:
        at = failing.arg_true()
        if not len(at):
            return pl.DataFrame(schema=OUT)
        mine = marks.gather(at)
        why = self._checks.reasons(frame[at], mine, self._out)
        named = [at.cast(pl.UInt32).alias("row"), self._checks.rules(mine, self._out).alias("rules")]
        return why.with_columns(named).select(*OUT)


@dataclass(slots=True)
class Tally:
    """What the checks of a load's frames add up to."""

    rules: Rules
    rows: int = 0
    broken: list[int] = field(init=False)
    reasons: dict[int, str] = field(default_factory=dict)
    """Of a rule the first row's reason."""

    def __post_init__(self) -> None:
        self.broken = [0] * len(self.rules.row_rules)

    def add(self, checked: Checked) -> None:
        """Count one more frame."""
        self.rows += checked.rows
        for i, count in enumerate(checked.broken):
            self.broken[i] += count
            if count and i not in self.reasons:
                path = self.rules.row_rules[i].path
                mine = checked.out.filter(pl.col("rules").list.contains(path))
                self.reasons[i] = mine["reason"][0] if mine.height else ""

    def results(self) -> list[Result]:
        """Of each rule about single rows."""
        return [
            Result(rule.path, rule.form, rule.then, self.rows, count, note=self.reasons.get(i, ""))
            for i, (rule, count) in enumerate(zip(self.rules.row_rules, self.broken, strict=True))
        ]
