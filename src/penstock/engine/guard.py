"""The rules of a table over its stream: which rows are out, and how many broke what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.core.batch import KIND, SEQ, RowKind
from penstock.core.errors import DataError
from penstock.engine.checks import RowChecks, code_of, duplicate_reasons
from penstock.engine.columns import columns_of
from penstock.engine.keyed import KeyedState
from penstock.sql.checks import Check, UniqueCheck

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from penstock.sql.functions.spec import Context

__all__ = ["MARKS", "Guard", "Judged"]

MARKS = "$broken"
"""UInt64: the rules about single rows that a row breaks, as RowChecks has them."""

_OUT = {SEQ: pl.Int64(), "code": pl.String(), "reason": pl.String()}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a guard says of rows: the mask of those that stay, shape (n,), the others (SEQ, code, reason) in order.

    `failure` is the place of the first row that must not pass at all, and the sentence of its rule.
    """

    kept: NDArray[np.bool_]
    out: pl.DataFrame
    failure: tuple[int, DataError] | None


class Guard:
    """Judges the rows of one scan in their order.

    Keys that have to be unique are state, by rule and columns: a rule that is new knows them from then on.
    """

    def __init__(
        self, table: str, rules: Sequence[Check | UniqueCheck], types: Mapping[str, pl.DataType], context: Context
    ) -> None:
        self.table = table
        self.rules = tuple(rules)
        self._checks = RowChecks([r for r in rules if isinstance(r, Check)], context)
        self._out, self._fail = self._checks.bits("quarantine", "fail"), self._checks.bits("fail")
        self._unique = [
            (r, KeyedState(f"{r.path}({','.join(r.columns)})/", {n: types[n] for n in r.columns}, {}))
            for r in rules
            if isinstance(r, UniqueCheck)
        ]
        self.reads = self._checks.reads.union(*(r.columns for r, _ in self._unique))
        """The columns that it looks at."""
        self.passing = (pl.col(MARKS) & self._out) == 0
        """Whether a marked row breaks no rule about single rows, or those alone that warn."""
        self.seen = 0
        self.broken = dict.fromkeys((r.path for r in rules), 0)
        """Since the last `told`, as `seen`."""

    def marked(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with MARKS; rows that end those of their keys have no more than the key, and break nothing."""
        marks = self._checks.marks(frame)
        if KIND in frame.columns:
            marks = marks.set(frame[KIND] == RowKind.DELETE, 0)
        return frame.with_columns(marks.alias(MARKS))

    def judge(self, frame: pl.DataFrame) -> Judged:
        """What is to become of marked rows; they count."""
        marks = frame[MARKS]
        self.seen += frame.height
        kept = np.ones(frame.height, np.bool_)
        out: list[pl.DataFrame] = []
        failures: list[tuple[int, str]] = []
        if marks.max():
            for check, count in zip(self._checks.checks, self._checks.counts(marks), strict=True):
                self.broken[check.path] += count
            kept = ((marks & self._out) == 0).to_numpy()
        if not kept.all():
            rows = frame.filter(~kept)
            out.append(self._checks.reasons(rows, rows[MARKS], self._out).insert_column(0, rows[SEQ]))
            failing = rows.filter((pl.col(MARKS) & self._fail) != 0).head(1)
            if failing.height:
                why = self._checks.reasons(failing, failing[MARKS], self._fail)
                failures.append((failing[SEQ][0], why["reason"][0]))
        for unique, state in self._unique:
            at = np.flatnonzero(kept)[self._doubled(unique, state, frame.filter(kept))]
            self.broken[unique.path] += len(at)
            if unique.then == "warn" or not len(at):
                continue
            rows = frame[at]
            reasons = duplicate_reasons(unique, rows)
            out.append(rows.select(SEQ, pl.lit(code_of(unique.path)).alias("code"), reasons.alias("reason")))
            kept[at] = False
            if unique.then == "fail":
                failures.append((rows[SEQ][0], reasons[0]))
        together = pl.concat(out).sort(SEQ, maintain_order=True) if out else pl.DataFrame(schema=_OUT)
        return Judged(kept, together, self._failure(failures))

    def _failure(self, failures: list[tuple[int, str]]) -> tuple[int, DataError] | None:
        if not failures:
            return None
        seq, reason = min(failures)
        return seq, DataError(
            f"a quality rule stops the pipeline: {reason}",
            code="quality-fail",
            where=f"table {self.table}",
            hint="nothing is lost: mend the rule, or let it quarantine such rows, and start again",
        )

    @staticmethod
    def _doubled(check: UniqueCheck, state: KeyedState, rows: pl.DataFrame) -> NDArray[np.bool_]:
        """Which rows have a key that came before, in `rows` or earlier; shape (n,)."""
        keys = columns_of(rows, check.columns)
        whole = keys.select(pl.all_horizontal(pl.all().is_not_null())).to_series().to_numpy()
        new = np.zeros(rows.height, np.bool_)
        fresh = np.flatnonzero(whole)[state.find(keys.filter(whole)) < 0]
        first = keys[fresh].select(pl.struct(pl.all()).is_first_distinct()).to_series().to_numpy()
        new[fresh[first]] = True
        slots, _ = state.place(keys.filter(new))
        state.put(slots, pl.DataFrame(height=len(slots)))
        return whole & ~new

    def told(self) -> list[dict[str, Any]]:
        """What became of each rule, since this was last asked."""
        found = self.stretch()
        self.seen, self.broken = 0, dict.fromkeys(self.broken, 0)
        return found

    def stretch(self) -> list[dict[str, Any]]:
        """The same, and it goes on."""
        return [
            {
                "table": self.table,
                "rule": r.path,
                "form": "unique" if isinstance(r, UniqueCheck) else r.form,
                "then": r.then,
                "rows": self.seen,
                "broken": self.broken[r.path],
            }
            for r in self.rules
        ]

    # -- state -------------------------------------------------------------------------------------

    def snapshot(self) -> tuple[dict[str, Any], dict[str, bytes], frozenset[str]]:
        """JSON data, the blobs that are new since the last one, and the ids of all that live."""
        kept = {state.prefix: state.snapshot() for _, state in self._unique}
        meta = {"seen": self.seen, "broken": self.broken, "unique": {name: one for name, (one, _) in kept.items()}}
        new = {name: blob for _, blobs in kept.values() for name, blob in blobs.items()}
        return meta, new, frozenset(name for _, state in self._unique for name in state.live)

    def restore(self, meta: dict[str, Any], blobs: Mapping[str, bytes]) -> None:
        """Take over what `snapshot` gave, of the rules that are still there; keys where their blobs are."""
        self.seen = meta["seen"]
        self.broken |= {path: count for path, count in meta["broken"].items() if path in self.broken}
        for _, state in self._unique:
            known = meta["unique"].get(state.prefix)
            if known is not None and all(name in blobs for name in known["blobs"]):
                state.restore(known, blobs)

    @property
    def keys(self) -> int:
        """How many it holds."""
        return sum(len(state) for _, state in self._unique)

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(state.size for _, state in self._unique)
