"""How rules went: one row a rule and run, kept in the log with all earlier ones."""

from __future__ import annotations

import json
import threading
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from penstock.core.errors import DataError
from penstock.engine.checks import RESULTS, RESULTS_TABLE, STRETCH, results_of, streamed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from penstock.log import Log
    from penstock.sql.checks import Consequence

__all__ = ["Kind", "Latest", "Result", "earlier_values", "record", "require_good", "results"]


Kind = Literal["batch", "stream", "replay"]

_MERGED = 65_536


@dataclass(frozen=True, slots=True)
class Result:
    """Of one rule: `rows` were looked at, `broken` of them break it.

    `value` is what a rule about the whole load has measured; its one verdict counts as 0 or 1 `broken`.
    `note` says what is wrong, or why nothing can be said.
    """

    rule: str
    form: str
    then: Consequence
    rows: int
    broken: int
    value: float | None = None
    note: str = ""

    @property
    def passed(self) -> bool:
        return not self.broken


def require_good(found: Iterable[Result]) -> None:
    """Raises DataError with the sentence of the first rule that is broken and means `fail`."""
    for one in found:
        if one.then == "fail" and one.broken:
            many = "" if one.value is not None else f"{one.broken:,} of {one.rows:,} rows break it: "
            raise DataError(
                f"quality rule {one.rule} stops the load: {many}{one.note}",
                code="quality-fail",
                where=f"quality/{one.rule.partition('.')[0]}.toml",
                hint="mend the rows where they come from, or let the rule quarantine them",
            )


def record(
    log: Log,
    found: Sequence[Result],
    *,
    time: int,
    kind: Kind,
    run: str,
    table: str,
    loaded: bool = True,
) -> None:
    """Add the results of a run of a batch, of rows that were replayed, or of a stretch of a pipeline; `time` in ms.

    `loaded`: the rows were kept. Those of a load that failed are listed, and never compared with.
    """
    if found:
        said = {"time": time, "kind": kind, "run": run, "table": table, "loaded": loaded}
        rows = [{**said, **asdict(one), "passed": one.passed} for one in found]
        log.tables.append(RESULTS_TABLE, results_of(rows))


def results(log: Log) -> pl.DataFrame:
    """All results, oldest first, with the columns of RESULTS; what a pipeline has not written down yet comes last."""
    parts = [pl.DataFrame(schema=RESULTS)]
    last = 0
    while True:
        last, frame = log.tables.rows(RESULTS_TABLE, after=last)
        if not frame.height:
            return pl.concat([*parts, *_going_on(log)])
        parts.append(frame.select(*RESULTS))


def _going_on(log: Log) -> Iterator[pl.DataFrame]:
    for key, value in log.facts.scan(STRETCH).items():
        said = json.loads(value)
        yield streamed([one for one in said["rules"] if one["rows"]], key.removeprefix(STRETCH), said["time"])


class Latest:
    """The newest result of each rule on each table, kept up to date: only what is new is read. Threads may share it.

    Rows that were replayed say nothing of how a rule went the last time: they are some that had broken one.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known = pl.DataFrame(schema=RESULTS)
        self._last = 0
        self._reading = threading.Lock()

    def drop_streams(self) -> None:
        """Forget what became of streams: they are read again from the beginning."""
        with self._reading:
            kept = results(self._log).filter(pl.col("kind") != "stream")
            self._log.tables.drop(RESULTS_TABLE)
            if kept.height:
                self._log.tables.append(RESULTS_TABLE, kept)
            self._known, self._last = pl.DataFrame(schema=RESULTS), 0

    def frame(self) -> pl.DataFrame:
        """With the columns of RESULTS, by table and rule; what a stream has, by pipeline, for all that is kept."""
        with self._reading:
            while True:
                last, frame = self._log.tables.rows(RESULTS_TABLE, after=self._last, limit=_MERGED)
                if not frame.height:
                    break
                self._last = last
                self._known = _folded([self._known, frame.select(*RESULTS).filter(pl.col("kind") != "replay")])
            known = self._known
        return _folded([known, *_going_on(self._log)]).sort("table", "rule", "run")


def _folded(frames: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Of several results of one thing the last; of a stretch of a stream the rows of all of them."""
    streamed = pl.col("kind") == "stream"
    together = pl.concat(frames).with_columns(pl.when(streamed).then("run").otherwise(pl.lit("")).alias("$of"))
    total = [
        pl.when(streamed.last()).then(pl.col(n).sum()).otherwise(pl.col(n).last()).alias(n) for n in ("rows", "broken")
    ]
    by = ["kind", "$of", "table", "rule"]
    last = together.group_by(by, maintain_order=True).agg(pl.exclude(*by, "rows", "broken").last(), *total)
    return last.with_columns(passed=pl.col("broken") == 0).select(*RESULTS)


def earlier_values(log: Log, table: str, rule: str, runs: int, run: str = "") -> list[float]:
    """What `rule` has measured in the last `runs` loads of `table` that were kept, newest first, `run` left out."""
    found: dict[str, float] = {}
    before = (1 << 63) - 1
    while len(found) < runs:
        before, frame = log.tables.rows_before(RESULTS_TABLE, before)
        if not frame.height:
            break
        mine = frame.reverse().filter(
            (pl.col("table") == table)
            & (pl.col("rule") == rule)
            & (pl.col("kind") == "batch")
            & (pl.col("run") != run)
            & pl.col("loaded")
            & pl.col("value").is_finite()
        )
        for name, value in mine.select("run", "value").iter_rows():
            found.setdefault(name, value)
    return list(found.values())[:runs]
