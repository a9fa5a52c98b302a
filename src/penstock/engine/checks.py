"""Rules about single rows, evaluated over frames: which rows break which, and why; on a stream as in a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.sql.compile import compile_expr
from penstock.sql.expr import refs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.sql.checks import Check, Consequence, UniqueCheck
    from penstock.sql.functions.spec import Context, Value

__all__ = [
    "CODE",
    "MOST_CHECKS",
    "RESULTS",
    "RESULTS_TABLE",
    "STRETCH",
    "RowChecks",
    "code_of",
    "duplicate_reasons",
    "results_of",
    "rule_of",
    "streamed",
]

MOST_CHECKS = 63
"""So many rules about single rows a table may have: each is a bit."""

RESULTS_TABLE = "quality_results"

STRETCH = "quality/"
"""Before the name of a pipeline: the fact of what became of its rules since it last wrote down results."""

RESULTS: dict[str, pl.DataType] = {
    "time": pl.Datetime("ms", "UTC"),
    "kind": pl.String(),
    "run": pl.String(),
    "table": pl.String(),
    "rule": pl.String(),
    "form": pl.String(),
    "then": pl.String(),
    "rows": pl.Int64(),
    "broken": pl.Int64(),
    "value": pl.Float64(),
    "passed": pl.Boolean(),
    "note": pl.String(),
    "loaded": pl.Boolean(),
}
"""The columns of the table of results; `kind` is batch, replay or stream, `run` then the run or the pipeline."""

CODE = "quality:"
"""How the codes of rows begin that a rule has taken out."""
_LONGEST = 100


def code_of(path: str) -> str:
    """The code of rows that the rule called `path` has taken out."""
    return CODE + path


def rule_of(code: str) -> str | None:
    """The rule that has taken out the rows of a code, None where it was none."""
    return code.removeprefix(CODE) if code.startswith(CODE) else None


class RowChecks:
    """Compiled checks. The marks of a row are a UInt64 with a bit for each check that it breaks, in their order."""

    def __init__(self, checks: Sequence[Check], context: Context) -> None:
        self.checks = tuple(checks)
        self.reads = frozenset(n for c in checks for n in (*refs(c.condition), *([c.shown] if c.shown else [])))
        """The columns that they look at."""
        values = [compile_expr(c.condition, context) for c in checks]
        self._broken = [_broken(value).alias(str(i)) for i, value in enumerate(values)]
        self._texts = [_text(check, value) for check, value in zip(checks, values, strict=True)]

    def bits(self, *consequences: Consequence) -> int:
        """The bits of the checks with one of these consequences."""
        return sum(1 << i for i, c in enumerate(self.checks) if c.then in consequences)

    def marks(self, frame: pl.DataFrame) -> pl.Series:
        """Of each row, shape (n,)."""
        broken = frame.select(self._broken)
        found = [i for i in range(len(self.checks)) if broken[str(i)].any()]
        if not found:
            return pl.zeros(frame.height, pl.UInt64, eager=True)
        bits = [pl.col(str(i)).cast(pl.UInt64) * (1 << i) for i in found]
        return broken.select(pl.sum_horizontal(bits)).to_series()

    def counts(self, marks: pl.Series) -> list[int]:
        """How many rows break each check."""
        if not marks.max():
            return [0] * len(self.checks)
        bits = [((pl.first() & (1 << i)) != 0).sum().alias(str(i)) for i in range(len(self.checks))]
        return list(marks.to_frame().select(bits).row(0))

    def reasons(self, rows: pl.DataFrame, marks: pl.Series, bits: int) -> pl.DataFrame:
        """Why `rows` are out: `code` of the first check that each breaks, and `reason`, of all, among those of `bits`.

        Meant for the few rows that break any.
        """
        chosen = [i for i in range(len(self.checks)) if bits >> i & 1]
        held = [(pl.col("$marks") & (1 << i)) != 0 for i in chosen]
        code = pl.coalesce(
            pl.when(h).then(pl.lit(code_of(self.checks[i].path))) for i, h in zip(chosen, held, strict=True)
        )
        texts = [pl.when(h).then(self._texts[i]) for i, h in zip(chosen, held, strict=True)]
        return rows.with_columns(marks.alias("$marks")).select(
            code.alias("code"), pl.concat_str(texts, separator="; ", ignore_nulls=True).alias("reason")
        )

    def rules(self, marks: pl.Series, bits: int) -> pl.Series:
        """The paths of the checks, among those of `bits`, that each row breaks: List(String), shape (n,)."""
        parts = [
            pl.when((pl.col("$marks") & (1 << i)) != 0).then(pl.lit(check.path))
            for i, check in enumerate(self.checks)
            if bits >> i & 1
        ]
        return marks.alias("$marks").to_frame().select(pl.concat_list(parts).list.drop_nulls()).to_series()


def results_of(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows of the table of results, by its columns; `time` in ms."""
    return pl.DataFrame(rows, schema={**RESULTS, "time": pl.Int64()}).cast({"time": RESULTS["time"]})


def streamed(stretches: Sequence[Mapping[str, Any]], pipeline: str, time: int) -> pl.DataFrame:
    """What became of rules in a stretch of a pipeline, as rows of the table of results; `time` in ms."""
    rows = [
        {
            "time": time,
            "kind": "stream",
            "run": pipeline,
            "value": None,
            "passed": not one["broken"],
            "note": "",
            "loaded": True,
            **one,
        }
        for one in stretches
    ]
    return results_of(rows)


def duplicate_reasons(check: UniqueCheck, rows: pl.DataFrame) -> pl.Series:
    """Why `rows`, whose keys came before, break `check`."""
    shown = pl.concat_str([_shown(name) for name in check.columns], separator=", ", ignore_nulls=True)
    return rows.select(pl.concat_str(pl.lit(f"{check.path}: {check.says}: "), shown)).to_series()


def _broken(value: Value) -> pl.Expr:
    failed = [f.when.fill_null(False) for f in value.failures]
    return pl.any_horizontal(~value.expr.fill_null(True), *failed)


def _text(check: Check, value: Value) -> pl.Expr:
    said = f"{check.path}: {check.says}"
    text: pl.Expr = pl.lit(said)
    if check.shown:
        text = pl.concat_str([pl.lit(f"{said}: "), _shown(check.shown)], ignore_nulls=True)
    for failure in reversed(value.failures):
        cannot = pl.lit(f"{said}; it cannot be computed: {failure.message}")
        text = pl.when(failure.when.fill_null(False)).then(cannot).otherwise(text)
    return text


def _shown(name: str) -> pl.Expr:
    value = pl.col(name).cast(pl.String, strict=False)
    short = pl.when(value.str.len_chars() > _LONGEST).then(value.str.head(_LONGEST - 3) + "...").otherwise(value)
    return pl.concat_str(pl.lit("'"), short, pl.lit("'"))
