"""Rules about all rows of a load, as questions to the database that holds them."""

from __future__ import annotations

import datetime as dt
import math
import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from penstock.core.errors import DataError
from penstock.core.options import duration_text
from penstock.core.sql_text import quoted
from penstock.engine.checks import code_of, duplicate_reasons
from penstock.quality import rule as said
from penstock.quality.results import Result
from penstock.quality.rules import OUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from penstock.quality.rule import Rule
    from penstock.quality.rules import Rules

__all__ = ["Asked", "Found", "Staged", "found_in"]

_FEWEST = 3
"""With fewer earlier runs nothing is unusual."""
_MEASURES = {
    "rows": "CAST(COUNT(*) AS DOUBLE PRECISION)",
    "mean": "AVG(CAST({0} AS DOUBLE PRECISION))",
    "sum": "CAST(SUM({0}) AS DOUBLE PRECISION)",
    "min": "CAST(MIN({0}) AS DOUBLE PRECISION)",
    "max": "CAST(MAX({0}) AS DOUBLE PRECISION)",
    "nulls": "AVG(CASE WHEN {0} IS NULL THEN 1.0E0 ELSE 0.0E0 END)",
    "distinct": "CAST(COUNT(DISTINCT {0}) AS DOUBLE PRECISION)",
}


class Asked(Protocol):
    """A transaction of a database; parameters are $1, $2, ... in the SQL."""

    def rows(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]: ...

    def frame(self, sql: str, *parameters: Any) -> pl.DataFrame: ...


@dataclass(frozen=True, slots=True)
class Staged:
    """The rows of a load that have passed so far: `table` as SQL names it, and its column with each row's place.

    Places are distinct whole numbers in the order of the rows. `now` is the time of the run in ms, and `earlier`
    tells what a rule, by its path, has measured in so many runs before, newest first.
    """

    table: str
    place: str
    now: int
    earlier: Callable[[str, int], list[float]]


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule says of a load: its result, and the rows that are out for it (OUT, `row` their Int64 place)."""

    result: Result
    out: pl.DataFrame


def found_in(rules: Rules, session: Asked, staged: Staged) -> Iterator[Found]:
    """What each rule about the whole load says, in order.

    Rows that are out are to be gone from the table before the next is asked for: no rule counts them. Raises
    DataError where a table that one refers to is not there, ConfigError where that has not the column.
    """
    for rule in rules.set_rules:
        yield _ASK[rule.form](rule, rules, session, staged)


def _count(session: Asked, staged: Staged) -> int:
    ((count,),) = session.rows(f"SELECT COUNT(*) FROM {staged.table}")  # names are quoted
    return int(count)


def _nothing() -> pl.DataFrame:
    return pl.DataFrame(schema={**OUT, "row": pl.Int64})


def _out(rule: Rule, places: pl.Series, reasons: pl.Series) -> pl.DataFrame:
    """Rows that are out for one rule alone; none where it only warns."""
    if rule.then == "warn":
        return _nothing()
    return pl.DataFrame(
        [
            places.cast(pl.Int64).alias("row"),
            pl.repeat(code_of(rule.path), len(places), eager=True).alias("code"),
            pl.repeat([rule.path], len(places), dtype=pl.List(pl.String), eager=True).alias("rules"),
            reasons.alias("reason"),
        ]
    )


def _rows_out(rule: Rule, session: Asked, staged: Staged, broken: pl.DataFrame, reasons: pl.Series) -> Found:
    note = str(reasons[0]) if len(reasons) else ""
    result = Result(rule.path, rule.form, rule.then, _count(session, staged), broken.height, note=note)
    return Found(result, _out(rule, broken["$place"], reasons))


def _unique(rule: Rule, rules: Rules, session: Asked, staged: Staged) -> Found:
    names = [quoted(n) for n in rule.columns]
    place, keys = quoted(staged.place), ", ".join(names)
    same = " AND ".join(f"r.{n} = d.{n}" for n in names)
    there = " AND ".join(f"{n} IS NOT NULL" for n in names)
    broken = session.frame(
        f'SELECT r.{place} AS "$place", {", ".join("r." + n for n in names)} FROM {staged.table} r'
        f' JOIN (SELECT {keys}, MIN({place}) AS "$first" FROM {staged.table} WHERE {there}'
        f' GROUP BY {keys} HAVING COUNT(*) > 1) d ON {same} AND r.{place} > d."$first" ORDER BY r.{place}'
    )
    return _rows_out(rule, session, staged, broken, duplicate_reasons(rules.unique[rule.path], broken))


def _foreign_key(rule: Rule, _: Rules, session: Asked, staged: Staged) -> Found:
    schema, table, column = rule.values[said.REFERENCES].split(".")
    known = session.rows(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2", schema, table
    )
    if not known:
        raise DataError(
            f"rule {rule.path} refers to {schema}.{table}, which is not there",
            code="quality-references",
            where=rule.where(said.REFERENCES.name),
            hint="load that table first: sources are loaded in the order in which the job names them",
        )
    if (column,) not in known:
        raise rule.error(
            f"{schema}.{table} has no column '{column}'",
            "quality-references",
            said.REFERENCES.name,
            "columns are " + ", ".join(sorted(str(n) for (n,) in known)),
        )
    (name,) = rule.columns
    place, own, other = quoted(staged.place), f"r.{quoted(name)}", f"o.{quoted(column)}"
    broken = session.frame(
        f'SELECT r.{place} AS "$place", {own} FROM {staged.table} r WHERE {own} IS NOT NULL AND NOT EXISTS'
        f" (SELECT 1 FROM {quoted(schema)}.{quoted(table)} o WHERE {other} = {own}) ORDER BY r.{place}"
    )
    says = rule.description or f"{name} is not in {rule.values[said.REFERENCES]}"
    value = pl.col(name).cast(pl.String)
    reasons = broken.select(pl.concat_str(pl.lit(f"{rule.path}: {says}: '"), value, pl.lit("'"))).to_series()
    return _rows_out(rule, session, staged, broken, reasons)


def _verdict(rule: Rule, rows: int, value: float | None, wrong: str, unknown: str = "") -> Found:
    """The verdict about a load as a whole: it is `wrong`, good, or `unknown`."""
    says = f"{rule.path}: {rule.description or wrong}" if wrong else unknown
    return Found(Result(rule.path, rule.form, rule.then, rows, int(bool(wrong)), value, says), _nothing())


def _few(earlier: list[float]) -> str:
    return f"{len(earlier)} earlier runs are too few to compare with" if len(earlier) < _FEWEST else ""


def _rows(rule: Rule, _: Rules, session: Asked, staged: Staged) -> Found:
    rows, values = _count(session, staged), rule.values
    for option, worse in ((said.FROM, "fewer"), (said.TO, "more")):
        bound = int(values[option]) if values.given(option) else rows
        if (rows < bound) if worse == "fewer" else (rows > bound):
            return _verdict(rule, rows, rows, f"the load has {rows:,} rows, {worse} than {bound:,}")
    change = values[said.CHANGE]
    if change is None:
        return _verdict(rule, rows, rows, "")
    earlier = staged.earlier(rule.path, values[said.RUNS])
    if unknown := _few(earlier):
        return _verdict(rule, rows, rows, "", unknown)
    mean = statistics.fmean(earlier)
    wrong = abs(rows - mean) > change * mean
    text = f"the load has {rows:,} rows, more than {change:.0%} off the mean of {len(earlier)} runs, {mean:,.0f}"
    return _verdict(rule, rows, rows, text if wrong else "")


def _fresh(rule: Rule, _: Rules, session: Asked, staged: Staged) -> Found:
    (name,) = rule.columns
    ((newest, rows),) = session.rows(f"SELECT MAX({quoted(name)}), COUNT(*) FROM {staged.table}")
    if newest is None:
        return _verdict(rule, rows, None, f"no row has a time in {name}")
    at = _ms(newest)
    within = rule.values[said.WITHIN]
    if within is not None:
        text = f"the newest {name} is {newest}, more than {duration_text(within)} before the run"
        return _verdict(rule, rows, at, text if at < staged.now - within else "")
    earlier = staged.earlier(rule.path, 1)
    if not earlier:
        return _verdict(rule, rows, at, "", "there is no earlier run to compare with")
    before = dt.datetime.fromtimestamp(earlier[0] / 1_000, dt.UTC).replace(tzinfo=None)
    text = f"the newest {name} is {newest}, older than that of the run before, {before}"
    return _verdict(rule, rows, at, text if at < earlier[0] else "")


def _ms(value: Any) -> float:
    """A date or a time in ms; one without a zone is in UTC."""
    if not isinstance(value, dt.datetime):
        value = dt.datetime(value.year, value.month, value.day, tzinfo=dt.UTC)
    return float((value if value.tzinfo else value.replace(tzinfo=dt.UTC)).timestamp() * 1_000)


def _anomaly(rule: Rule, _: Rules, session: Asked, staged: Staged) -> Found:
    (name,) = rule.columns
    of, most = rule.values[said.OF], rule.values[said.Z]
    measure = _MEASURES[of].format(quoted(name))
    ((found, rows),) = session.rows(f"SELECT {measure}, COUNT(*) FROM {staged.table}")
    if found is None:
        return _verdict(rule, rows, None, "", f"there is no value in {name}")
    value = float(found)
    if not math.isfinite(value):  # one NaN among the values is enough
        return _verdict(rule, rows, None, f"the {of} of {name} is {value:g}, which is no number")
    earlier = staged.earlier(rule.path, rule.values[said.RUNS])
    if unknown := _few(earlier):
        return _verdict(rule, rows, value, "", unknown)
    mean, deviation = statistics.fmean(earlier), statistics.stdev(earlier)
    off = abs(value - mean)
    if off <= most * deviation:
        return _verdict(rule, rows, value, "")
    times = f"{off / deviation:.1f} standard deviations from" if deviation else "while it was always"
    text = f"the {of} of {name} is {value:g}, {times} {mean:g}, the mean of {len(earlier)} runs"
    return _verdict(rule, rows, value, text)


_ASK: dict[str, Callable[[Rule, Rules, Asked, Staged], Found]] = {
    "unique": _unique,
    "foreign_key": _foreign_key,
    "rows": _rows,
    "fresh": _fresh,
    "anomaly": _anomaly,
}
