"""A pipeline as its SQL file is now, run again over the log beside the live one, and what both give compared.

Both run from the first record on, so that windows open at the time asked for are whole; only what they give of the
records since then is compared. The live one is run again too: what has ever stood in the file does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.batch import KIND, RowKind
from penstock.core.errors import ConfigError, StateError, UnsupportedError, did_you_mean
from penstock.core.render import plain_rows
from penstock.core.types import Field
from penstock.project.browse import time_of
from penstock.project.definition import definition_of, read_definition
from penstock.project.edit.files import applied_texts
from penstock.project.fates import manifest_of
from penstock.project.past import past_of, past_over, results_since
from penstock.project.topics import beside_topics, read_topics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from penstock.project.definition import Definition, PipelineDefinition
    from penstock.project.past import Past
    from penstock.project.penstock import Penstock
    from penstock.sql.plan import Sink

__all__ = ["Compared", "Comparison", "compare"]

MOST_ROWS = 5_000_000
"""Of each of the two, so that they have room in memory."""
_SAMPLE = 20
_HERE, _THERE = "$here", "$there"


@dataclass(frozen=True, slots=True)
class Compared:
    """One table: how many rows both give, only the file's query (`only_here`), only the live one (`only_there`).

    Rows of the same `key` that are not equal are `differing`; without a key they are only here and only there. Columns
    that one of the two has not are left out. `sample` has some of what is not equal: `here` and `there`, a row or None.
    """

    table: str
    columns: list[str]
    key: list[str]
    equal: int
    only_here: int
    only_there: int
    differing: int
    sample: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a pipeline gives of `records` since `since_ms`, by table."""

    pipeline: str
    since_ms: int
    records: int
    tables: list[Compared]


def compare(penstock: Penstock, name: str, since: str, key: Sequence[str] = ()) -> Comparison:
    """Run pipeline `name` as its file is now, and as it was applied, over what it has read by its last checkpoint.

    What both give of records with a timestamp from `since` (ISO) on is compared. Rows are told apart by `key`, by
    default the table's primary key. Nothing is changed, and an engine may run. Raises ConfigError for a pipeline that
    is not in both, SqlError where the files are wrong, StateError where it has read nothing, UnsupportedError where it
    reads something else than topics.
    """
    moment = time_of(since)
    here = _found(read_definition(penstock.folder, penstock.settings), name, "in the SQL files")
    there = _found(_applied(penstock), name, "among those that were applied")
    for one in (here, there):
        if other := beside_topics(one.plan):
            raise UnsupportedError(
                f"the pipeline reads {other}",
                code="compare-source",
                where=f"pipeline '{name}'",
                hint="only what was read from topics alone can be read again in the same order",
            )
    past = past_of(manifest_of(penstock.log, name))
    if past is None:
        raise StateError(f"pipeline '{name}' has read nothing yet", code="compare-nothing", hint="run it first")
    new, old = (past_over(past, read_topics(one.plan), penstock.log) for one in (here, there))
    place, records = _since(penstock, new, moment)
    gives = results_since(penstock, here, new, place, MOST_ROWS)
    gave = results_since(penstock, there, old, place, MOST_ROWS)
    sinks = {sink.table.name: sink for sink in there.plan.parts}
    tables = [
        _compared(sink, sinks[sink.table.name], gives, gave, key)
        for sink in here.plan.parts
        if sink.table.name in sinks
    ]
    return Comparison(name, moment, records, tables)


def _applied(penstock: Penstock) -> Definition:
    texts = applied_texts(penstock.log)
    if texts is None:
        return penstock.definition
    return definition_of(penstock.folder, penstock.settings, texts)


def _found(definition: Definition, name: str, where: str) -> PipelineDefinition:
    known = {one.name: one for one in definition.pipelines}
    if name not in known:
        hint = did_you_mean(name, known) or ("there are " + ", ".join(known) if known else "")
        raise ConfigError(f"there is no pipeline '{name}' {where}", code="pipeline-unknown", hint=hint)
    return known[name]


def _since(penstock: Penstock, past: Past, moment: int) -> tuple[int, int]:
    """The place before the first record with a timestamp of `moment` or later, and how many were read since."""
    place, records = past.last, 0
    for topic, following in past.following.items():
        found = penstock.log.offsets_for_times(topic, dict.fromkeys(penstock.log.starts(topic), moment))
        first = {p: o for p, o in found.items() if o is not None and p < len(following) and o < following[p]}
        if first:
            place = min(place, penstock.log.seq_before(topic, first))
            records += sum(following[p] - o for p, o in first.items())
    return place, records


# -- tables --------------------------------------------------------------------------------------------


def _compared(
    here: Sink, there: Sink, gives: Mapping[str, pl.DataFrame], gave: Mapping[str, pl.DataFrame], asked: Sequence[str]
) -> Compared:
    name = here.table.name
    types = {c.name: c.type.polars for c in there.columns}
    fields = [Field(c.name, c.type) for c in here.columns if types.get(c.name) == c.type.polars]
    columns = [f.name for f in fields]
    if unknown := [c for c in asked if c not in columns]:
        raise ConfigError(
            f"table {name} has no column '{unknown[0]}' that both have",
            code="compare-key",
            hint=did_you_mean(unknown[0], columns) or "there are " + ", ".join(columns),
        )
    key = [*asked] or [k for k in here.table.primary_key if k in columns]
    empty = pl.DataFrame(schema={c: types[c] for c in columns})
    frames = [_last(of[name], columns, key) if name in of else empty for of in (gives, gave)]
    return _keyed(name, fields, key, *frames) if key else _counted(name, fields, *frames)


def _last(frame: pl.DataFrame, columns: list[str], key: list[str]) -> pl.DataFrame:
    """The rows given; where they have a key the last of each, without those that are taken back."""
    if not key:
        return frame.select(columns)
    last = frame.unique(key, keep="last", maintain_order=True)
    if KIND in last.columns:
        last = last.filter(~pl.col(KIND).is_in([RowKind.DELETE.value, RowKind.UPDATE_BEFORE.value]))
    return last.select(columns)


def _keyed(name: str, fields: list[Field], key: list[str], here: pl.DataFrame, there: pl.DataFrame) -> Compared:
    columns = [f.name for f in fields]
    others = [c for c in columns if c not in key]
    only_here = here.join(there, on=key, how="anti", nulls_equal=True, maintain_order="left")
    only_there = there.join(here, on=key, how="anti", nulls_equal=True, maintain_order="left")
    paired = here.join(there, on=key, how="inner", suffix=_THERE, nulls_equal=True, maintain_order="left")
    unlike = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c + _THERE)) for c in others) if others else pl.lit(False)
    differing = paired.filter(unlike)
    again = differing.select(*key, *(pl.col(c + _THERE).alias(c) for c in others)).select(columns)
    rows = zip(
        plain_rows(differing.select(columns).head(_SAMPLE), fields),
        plain_rows(again.head(_SAMPLE), fields),
        strict=True,
    )
    sample = [{"here": one, "there": other} for one, other in rows]
    sample += _sampled(fields, only_here, only_there)
    equal = paired.height - differing.height
    return Compared(name, columns, key, equal, only_here.height, only_there.height, differing.height, sample)


def _counted(name: str, fields: list[Field], here: pl.DataFrame, there: pl.DataFrame) -> Compared:
    """Rows without a key, each as often as it comes."""
    columns = [f.name for f in fields]
    left = here.group_by(columns, maintain_order=True).len(_HERE)
    right = there.group_by(columns, maintain_order=True).len(_THERE)
    more = _more(left, right, columns, _HERE, _THERE)
    less = _more(right, left, columns, _THERE, _HERE)
    only_here, only_there = (int(f["more"].sum()) for f in (more, less))
    sample = _sampled(fields, more.select(columns), less.select(columns))
    return Compared(name, columns, [], here.height - only_here, only_here, only_there, 0, sample)


def _more(one: pl.DataFrame, other: pl.DataFrame, columns: list[str], count: str, than: str) -> pl.DataFrame:
    """The rows that come more often in `one`, and how much `more`."""
    joined = one.join(other, on=columns, how="left", nulls_equal=True, maintain_order="left")
    more = pl.col(count).cast(pl.Int64) - pl.col(than).fill_null(0).cast(pl.Int64)
    return joined.with_columns(more.alias("more")).filter(pl.col("more") > 0)


def _sampled(fields: list[Field], here: pl.DataFrame, there: pl.DataFrame) -> list[dict[str, Any]]:
    found = [{"here": row, "there": None} for row in plain_rows(here.head(_SAMPLE), fields)]
    return found + [{"here": None, "there": row} for row in plain_rows(there.head(_SAMPLE), fields)]
