"""Rows that loads have set aside in the warehouse: listed, mended, and loaded through cleaning and rules once more."""

from __future__ import annotations

import json
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

import polars as pl

from penstock.core.errors import DataError, LogError, did_you_mean
from penstock.core.sql_text import quoted
from penstock.engine.checks import code_of
from penstock.jobs.run import run_id
from penstock.project.warehouse.loads import Loads
from penstock.quality.rule import SET_FORMS, read_files, rules_on
from penstock.warehouse.sources.source import RAW

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from penstock.project.penstock import Penstock
    from penstock.warehouse import Session
    from penstock.warehouse.loaded import Loaded
    from penstock.warehouse.schema import Column, Schema
    from penstock.warehouse.sources.source_file import SourceFile

__all__ = ["REPLAYED", "RowOfLoad", "discard_loaded", "fix_loaded", "listed", "replay_loaded"]

_ASKED_SECONDS = 30.0
_COLUMNS = ("id", "source", "run", "part", "line", "code", "rules", "reason", "row", "state")
_LISTED = ", ".join(map(quoted, _COLUMNS))
_NAMED = "(SELECT unnest(string_to_array(CAST(${0} AS VARCHAR), ',')))"
"""A parameter that has ids with commas between them, as a set."""
_WAITS = "state IN ('open', 'fixed')"
_PART = "quarantine"

REPLAYED: dict[str, Any] = {
    "into": pl.String, "read": pl.Int64, "loaded": pl.Int64, "quarantined": pl.Int64, "why": pl.String,
}  # fmt: skip
"""What became of rows that were brought in again `into` a source; of a topic nobody knows yet what was loaded.

`why` has the rules that have set rows aside again, each with how many: ``orders.sane 2, clean 1``.
"""

RowOfLoad = dict[str, Any]
"""A row of the table quarantine, by its columns."""


def listed(
    penstock: Penstock,
    rows: int | None = None,
    *,
    rule: str | None = None,
    state: str | None = None,
    ids: Sequence[str] | None = None,
) -> pl.DataFrame:
    """The newest rows, or `ids`: their `id`, `time`, `run`, `table` (the source), `rule`, `reason`, `row`, `state`.

    `discarded_by` and `discarded_reason` are of those that were given up.
    """
    one_of = "strpos(', ' || q.rules || ',', ', ' || CAST(${0} AS VARCHAR) || ',') > 0"
    wanted = [(one_of, rule), ("q.state = ${0}", state), (f"q.id IN {_NAMED}", None if ids is None else ",".join(ids))]
    given = [(condition, value) for condition, value in wanted if value is not None]
    where = "".join(f" AND {condition.format(n)}" for n, (condition, _) in enumerate(given, 1))
    limit = "" if rows is None else f" LIMIT {rows:d}"
    with penstock.warehouse.snapshot(_ASKED_SECONDS) as session:
        return session.frame(
            'SELECT q.id, CAST(l.loaded_at AS TIMESTAMP WITH TIME ZONE) AS "time", q.run, q.source AS "table",'
            ' q.rules AS "rule", q.reason, q."row", q.state, q.discarded_by, q.discarded_reason FROM quarantine AS q'
            " LEFT JOIN _loads AS l ON l.run = q.run AND l.source = q.source"
            f" WHERE 1 = 1{where} ORDER BY l.loaded_at DESC, q.source, q.line, q.id{limit}",
            *(value for _, value in given),
        )


def _chosen(session: Session, ids: Sequence[str]) -> list[RowOfLoad]:
    """The rows `ids` that wait. Raises LogError for one that is not there, or that was done with."""
    told = session.rows(f"SELECT {_LISTED} FROM quarantine WHERE id IN {_NAMED.format(1)}", ",".join(ids))
    known = {row["id"]: row for row in (dict(zip(_COLUMNS, one, strict=True)) for one in told)}
    for id_ in ids:
        if id_ not in known:
            raise LogError(
                f"there is no row {id_}", code="replay-unknown", hint="penstock quality show DIR lists what there is"
            )
        if (state := known[id_]["state"]) not in ("open", "fixed"):
            raise LogError(f"row {id_} was {state} already", code="quality-done")
    return [known[id_] for id_ in dict.fromkeys(ids)]


def fix_loaded(penstock: Penstock, ids: Sequence[str], mend: Callable[[bytes], bytes]) -> None:
    """Mend rows in their table, all of them or none. Raises as `_chosen` and as what `mend` gives."""
    loads = Loads(penstock)
    with penstock.warehouse.database().transaction() as session:
        rows = _chosen(session, ids)
        schemas = {name: loads.schema(loads.source(name)) for name in {row["source"] for row in rows}}
        for row in rows:
            text = _mended(row, schemas[row["source"]], mend)
            done = session.run(
                f"UPDATE quarantine SET \"row\" = $1, state = 'fixed' WHERE id = $2 AND {_WAITS}", text, row["id"]
            )
            _require_all(1, done)


def discard_loaded(penstock: Penstock, ids: Sequence[str], by: str, reason: str) -> int:
    """Give rows up, all of them or none: how many, each counted once. Raises as `_chosen`."""
    with penstock.warehouse.database().transaction() as session:
        rows = _chosen(session, ids)
        at = datetime.fromtimestamp(penstock.clock.now_ms() / 1000, UTC)
        done = session.run(
            "UPDATE quarantine SET state = 'discarded', discarded = $2, discarded_by = $3, discarded_reason = $4"
            f" WHERE id IN {_NAMED.format(1)} AND {_WAITS}",
            *(",".join(ids), at, by, reason),
        )
        _require_all(len(rows), done)
    return len(rows)


def _require_all(wanted: int, done: int) -> None:
    """Raises LogError where somebody else has done something with rows since they were looked at."""
    if done != wanted:
        raise LogError(
            "somebody else has mended, replayed or discarded one of the rows meanwhile",
            code="quality-meanwhile",
            hint="penstock quality show DIR lists what there is now",
        )


def _mended(row: RowOfLoad, schema: Schema | None, mend: Callable[[bytes], bytes]) -> str:
    """A row mended by the names that its source has for columns, or by those of its schema."""
    said: dict[str, Any] = json.loads(row["row"])
    columns = () if schema is None else schema.columns
    other = {c.name: c.raw for c in columns if c.name not in said and c.raw in said}
    wanted: dict[str, Any] = json.loads(
        mend(json.dumps({**said, **{n: said[raw] for n, raw in other.items()}}).encode())
    )
    known = {*said, *other, *(c.raw for c in columns)}
    for name in wanted:
        if name not in known and set(said) != {RAW}:
            raise DataError(
                f"row {row['id']} has no column '{name}'",
                code="quality-column",
                hint=did_you_mean(name, known) or "columns are " + ", ".join(sorted(known)),
            )
    named = {raw: wanted[name] for name, raw in other.items() if wanted[name] != said[raw]}
    return json.dumps({**{name: value for name, value in wanted.items() if name not in other}, **named})


def replay_loaded(penstock: Penstock, ids: Sequence[str]) -> pl.DataFrame:
    """Load rows again, those of each source in one transaction; what is set aside again is open again.

    Gives REPLAYED, a row for each source. Raises as `_chosen`, and what stops a load: nothing of that source has
    happened then.
    """
    with penstock.warehouse.database().transaction() as session:
        rows = _chosen(session, ids)
    done = []
    for source in dict.fromkeys(row["source"] for row in rows):
        mine = [row for row in rows if row["source"] == source]
        run = run_id("replay", penstock.clock.now_ms(), alone=False)
        loaded = _again(penstock, source, mine, run)
        counts, why = loaded.counts, ", ".join(f"{rule} {rows:,}" for rule, rows in loaded.rules.items())
        done.append((source, counts.read, counts.loaded, counts.quarantined, why))
    return pl.DataFrame(done, schema=REPLAYED, orient="row")


def _again(penstock: Penstock, source: str, rows: list[RowOfLoad], run: str) -> Loaded:
    from penstock.warehouse.sources.given import GivenRows

    loads = Loads(penstock)
    said = loads.source(source)
    schema = loads.schema(said)
    sets = rules_on(read_files(penstock.folder), str(said.into))
    clean = {code_of(rule.path) for rule in sets if rule.form in SET_FORMS}
    frames = [_frame(row, schema if row["code"] in clean else None) for row in rows]
    load = loads.again(source, run, GivenRows(_PART, _joined(frames)), lambda session: _kept(session, said, rows))
    return load.do(run, _Silent())


@contextmanager
def _kept(session: Session, source: SourceFile, rows: list[RowOfLoad]) -> Iterator[None]:
    """The rows leave their table, so that each can come into it again; those that do not were brought in.

    Raises LogError where they wait no more, or have been mended, since they were looked at.
    """
    session.lock(str(source.into))  # whoever replays the same rows at this time waits here
    ids = [row["id"] for row in rows]
    is_as_then = _chosen(session, ids) == rows
    gone = session.run(f"DELETE FROM quarantine WHERE id IN {_NAMED.format(1)} AND {_WAITS}", ",".join(ids))
    _require_all(len(rows), gone if is_as_then else 0)
    yield
    again = {id_ for (id_,) in session.rows(f"SELECT id FROM quarantine WHERE id IN {_NAMED.format(1)}", ",".join(ids))}
    places = ", ".join(f"${n}" for n in range(1, len(_COLUMNS) + 1))
    for row in rows:
        if row["id"] not in again:
            values = {**row, "state": "replayed"}
            session.run(f"INSERT INTO quarantine ({_LISTED}) VALUES ({places})", *values.values())
    session.run("DELETE FROM _parts WHERE source = $1 AND part = $2", source.name, _PART)


def _frame(row: RowOfLoad, schema: Schema | None) -> pl.DataFrame:
    """A row as the raw columns of its source; one that was clean already has the types of `schema`."""
    said: Mapping[str, Any] = json.loads(row["row"])
    if set(said) == {RAW}:
        raise LogError(
            f"row {row['id']} could not be read at all, so it has no columns",
            code="quality-raw",
            where=str(said[RAW])[:200],
            hint="put them in: penstock quality fix DIR ID --set COLUMN=VALUE",
        )
    if schema is None:
        return pl.DataFrame([{name: value for name, value in said.items() if name != RAW}])
    return pl.DataFrame([_clean(column, said[column.name]) for column in schema.columns if column.name in said])


def _clean(column: Column, value: Any) -> pl.Series:
    """A value as it stands in a row that was clean, under the name that the source has for its column."""
    given = pl.Series(column.raw, [value])
    match column.polars:
        case pl.Date() if isinstance(value, str):
            return given.str.to_date(strict=False)
        case pl.Time() if isinstance(value, str):
            return given.str.to_time(strict=False)
        case pl.Datetime(time_unit=unit, time_zone=zone) if isinstance(value, str):
            return given.str.to_datetime(time_unit=unit, time_zone=zone, strict=False)
    return given.cast(column.polars, strict=False)


def _joined(frames: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Those of the same columns together."""
    alike: dict[str, list[pl.DataFrame]] = {}
    for frame in frames:
        alike.setdefault(repr(frame.schema), []).append(frame)
    return [pl.concat(group) for group in alike.values()]


class _Silent:
    """Nobody hears how the load goes: its counts say it."""

    def __call__(self, line: str, level: Literal["info", "warning", "error"] = "info") -> None: ...

    def phase(self, name: str) -> None: ...

    def interrupting(self, _: Callable[[], None]) -> AbstractContextManager[None]:
        return nullcontext()
