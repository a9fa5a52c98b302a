"""Replaying: a rejected or late row is mended and appended to its topic again, tied to the original.

The copy carries a header that names the original, and the log keeps which record came of which: one event
counts once. A row whose windows have closed is late again; `rebuild` then computes those windows anew.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import LogError
from penstock.project.audit import audited, told_rows
from penstock.project.discards import require_kept
from penstock.project.fates import fates
from penstock.project.rebuild import Closed, Rebuilt, closed_windows_of, prepare_rebuild, settled_of
from penstock.project.replays import Place, Replay, record_at, record_replay, replays
from penstock.project.system import late, rejects
from penstock.project.topics import read_topics

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from penstock.log import Append
    from penstock.project.definition import PipelineDefinition
    from penstock.project.fates import Fate
    from penstock.project.penstock import Penstock
    from penstock.project.set_aside import Kind

__all__ = ["HEADER", "Closed", "Replayed", "closed_windows", "replay"]

HEADER = "penstock.replay.of"
"""The header of a copy: topic, partition and offset of the original, separated by colons."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was replayed: `id`, `topic`, `partition`, `offset` of each copy; NULL where the original itself
    was brought into windows that had closed.
    """

    copies: pl.DataFrame
    rebuilt: tuple[Rebuilt, ...] = ()


@dataclass(frozen=True, slots=True)
class _Row:
    """A row to be replayed: its number in the list, the original, and the record as it is to be now."""

    id: int
    original: Place
    record: pl.DataFrame
    mended: bool


def replay(
    penstock: Penstock,
    ids: Sequence[int],
    *,
    late_rows: bool = False,
    mend: Callable[[bytes], bytes] | None = None,
    force: bool = False,
    rebuild: bool = False,
) -> Replayed:
    """Append the rows `ids` of penstock.rejects (of penstock.late, if `late_rows`) to their topics again.

    `mend` makes the new value of the old one. With `rebuild` windows that have closed are computed again and
    their results replaced, which needs the engine stopped. Raises LogError for an id that is not there, was
    replayed or discarded already (unless `force`), or counts in part already; UnsupportedError and StateError where
    results cannot be replaced. Nothing was done then.
    """
    rows = _rows(penstock, ids, late_rows=late_rows, mend=mend, force=force)
    known = replays(penstock.log)
    if not force:
        _require_new(rows, known)
    became = _fates(penstock, rows)
    in_place = {r.original for r in rows if any(of.get(r.original) == "partly" for _, of in became)}
    _require_whole(rows, in_place, rebuild=rebuild)
    planned = [
        Replay(
            row.original,
            known[row.original].copies if row.original in known else (),
            tuple(d.name for d, of in became if of.get(row.original) == "counted"),
            rebuild,
            penstock.clock.now_ms(),
        )
        for row in rows
    ]
    if rebuild:
        with penstock.locked():
            planned = _settled(penstock, became, rows, planned)
            new = [(r, row.record) for r, row in zip(planned, rows, strict=True)]
            rebuilt = prepare_rebuild(penstock, [d for d, _ in became], new)()
            done = Replayed(_append(penstock, rows, planned, in_place), rebuilt)
    else:
        done = Replayed(_append(penstock, rows, planned, in_place))
    how = {"mended": [row.id for row in rows if row.mended], "forced": force, "rebuilt": rebuild}
    kind: Kind = "late" if late_rows else "rejected"
    audited(penstock.log, "rejects-replay", kind, **told_rows([row.id for row in rows]), **how)
    return done


def _settled(
    penstock: Penstock,
    became: Sequence[tuple[PipelineDefinition, dict[Place, Fate]]],
    rows: list[_Row],
    planned: list[Replay],
) -> list[Replay]:
    """`planned` with the pipelines that can use a row in no other way than the rebuild."""
    settled: dict[Place, list[str]] = {}
    for definition, of in became:
        out = [row for row in rows if of.get(row.original) == "out"]
        for number in settled_of(penstock, definition, [(row.original[0], row.record) for row in out]):
            settled.setdefault(out[number].original, []).append(definition.name)
    return [replace(replay_, settled=tuple(settled.get(replay_.original, ()))) for replay_ in planned]


def closed_windows(
    penstock: Penstock,
    ids: Sequence[int],
    *,
    late_rows: bool = False,
    mend: Callable[[bytes], bytes] | None = None,
) -> list[Closed]:
    """The windows that have closed already for rows about to be replayed, one line a row and operator."""
    rows = _rows(penstock, ids, late_rows=late_rows, mend=mend, force=True)
    found: list[Closed] = []
    for definition, of in _fates(penstock, rows):
        wanted = [r for r in rows if of.get(r.original) in ("out", "partly")]
        closed = closed_windows_of(penstock, definition, [(r.original[0], r.record) for r in wanted])
        found.extend(replace(c, row=wanted[c.row].id) for c in closed)
    return found


def _rows(
    penstock: Penstock, ids: Sequence[int], *, late_rows: bool, mend: Callable[[bytes], bytes] | None, force: bool
) -> list[_Row]:
    """The rows with their records; one that is listed several times is taken once, a discarded one only by `force`."""
    name = "late row" if late_rows else "reject"
    table = (late if late_rows else rejects)(penstock.log).filter(pl.col("id").is_in(list(ids)))
    missing = sorted(set(ids) - set(table["id"]))
    if missing:
        raise LogError(
            f"there is no {name} {missing[0]}", code="replay-unknown", hint="penstock rejects list shows what there is"
        )
    if not force:
        require_kept(table, name)
    topics = {t.name for t in penstock.log.topics()}
    rows: dict[Place, _Row] = {}
    for row in table.iter_rows(named=True):
        if row["offset"] is None or row["topic"] not in topics:
            where = f"it is from {row['topic']}" if row["topic"] else "a query made it, not one message"
            raise LogError(
                f"{name} {row['id']} cannot be replayed: {where}",
                code="replay-source",
                hint="mend it where it comes from",
            )
        place = (row["topic"], row["partition"], row["offset"])
        if place not in rows:
            rows[place] = _row(penstock, row["id"], place, mend)
    return list(rows.values())


def _row(penstock: Penstock, id_: int, place: Place, mend: Callable[[bytes], bytes] | None) -> _Row:
    record = record_at(penstock.log, place)
    if not record.height:
        raise LogError(
            f"row {id_} is no longer in topic '{place[0]}'", code="replay-gone", hint="retention has deleted it"
        )
    value = record["value"][0]
    mended = mend(value) if mend is not None else value
    record = record.with_columns(pl.lit(mended, dtype=pl.Binary).alias("value"))
    return _Row(id_, place, record, mended != value)


def _require_new(rows: list[_Row], known: dict[Place, Replay]) -> None:
    for row in rows:
        earlier = known.get(row.original)
        if earlier is None:
            continue
        how = "in place, into windows that had closed"
        if earlier.copies:
            _, partition, offset = earlier.copies[-1]
            how = f"as offset {offset} of partition {partition}"
        raise LogError(
            f"row {row.id} was replayed already, {how}",
            code="replay-twice",
            hint="--force replays it once more; the event then counts twice",
        )


def _fates(penstock: Penstock, rows: list[_Row]) -> list[tuple[PipelineDefinition, dict[Place, Fate]]]:
    """What became of the originals in each pipeline that reads their topics."""
    found = []
    for definition in penstock.definition.pipelines:
        topics = read_topics(definition.plan)
        places = [r.original for r in rows if r.original[0] in topics]
        if places:
            found.append((definition, fates(penstock, definition, places)))
    return found


def _require_whole(rows: list[_Row], in_place: set[Place], *, rebuild: bool) -> None:
    """A row that counts in some windows already must not be appended once more."""
    for row in rows:
        if row.original not in in_place:
            continue
        if row.mended:
            raise LogError(
                f"row {row.id} cannot be mended: it counts in some windows as it is",
                code="replay-partly",
                hint="replay it unchanged, with --rebuild",
            )
        if not rebuild:
            raise LogError(
                f"row {row.id} counts in some windows already; appended again it would count twice there",
                code="replay-partly",
                hint="--rebuild brings it into the windows that had closed, and into no other",
            )


def _append(penstock: Penstock, rows: list[_Row], planned: list[Replay], in_place: set[Place]) -> pl.DataFrame:
    """Append the copies, and tie each to its original, in one transaction."""
    made: list[tuple[_Row, Append | None]] = []
    with penstock.log.transaction() as transaction:
        for row, replay_ in zip(rows, planned, strict=True):
            copied = None
            if row.original not in in_place:
                copied = transaction.append(row.original[0], _with_header(row))
            record_replay(transaction, replay_, copied)
            made.append((row, copied))
    schema = {"id": pl.Int64, "topic": pl.String, "partition": pl.Int32, "offset": pl.Int64}
    places = [(None, None) if c is None else (c.result.partitions[0], c.result.offsets[0]) for _, c in made]
    return pl.DataFrame(
        [(row.id, row.original[0], *place) for (row, _), place in zip(made, places, strict=True)],
        schema=schema,
        orient="row",
    )


def _with_header(row: _Row) -> pl.DataFrame:
    """The copy as a record: key, timestamp and partition of the original, and the header that names it."""
    topic, partition, offset = row.original
    header = {"key": HEADER, "value": f"{topic}:{partition}:{offset}".encode()}
    headers = pl.lit([header], dtype=pl.List(pl.Struct({"key": pl.String, "value": pl.Binary})))
    return row.record.select(
        "key",
        "value",
        "timestamp",
        pl.col("partition").cast(pl.Int32),
        pl.concat_list(pl.col("headers").fill_null([]), headers).alias("headers"),
    )
