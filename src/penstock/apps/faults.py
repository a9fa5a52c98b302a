"""The faults of a real system, as a simulation injects them, and events as JSON text, with the spoilt among them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.apps.chance import pick
from penstock.apps.scenario import member

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

    from penstock.apps.scenario import Scenario

__all__ = ["DUPLICATE", "FAULTS", "LATE", "MALFORMED", "NONE", "draw_faults", "texts"]

FAULTS = ("none", "late", "duplicate", "broken_json", "missing_field", "wrong_type", "unknown_type", "future")
"""What can be wrong with a record.

`late`: sent long after it happened. `duplicate`: the bytes of an earlier record again. The rest are malformed:
`broken_json` is cut off within, `missing_field` lacks a required field (or has a timestamp of null), `wrong_type` has
its timestamp as ISO text, `unknown_type` an event type that the schema does not know, `future` a timestamp 2 to 400
days ahead of when it was sent.
"""

NONE, LATE, DUPLICATE, MALFORMED, MISSING_FIELD, WRONG_TYPE, UNKNOWN_TYPE, FUTURE = range(8)
"""Codes of `FAULTS`; those from MALFORMED on are the malformed ones, the first of them broken JSON."""

_DAY_MS = 86_400_000


def draw_faults(count: int, late: float, duplicate: float, malformed: float, rng: Generator) -> NDArray[np.uint8]:
    """A fault for each of `count` records, by their probabilities, shape (count,)."""
    kinds = len(FAULTS) - MALFORMED
    weights = [1 - late - duplicate - malformed, late, duplicate, *[malformed / kinds] * kinds]
    return pick(np.maximum(weights, 0), rng.random(count)).astype(np.uint8)


def texts(frame: pl.DataFrame, scenario: Scenario, rng: Generator) -> pl.Series:
    """Each row as an event's JSON, spoilt as its `$fault` says.

    `frame` has `$id`, `$time` (ms), `$fault` and the fields of a `Scene`, in the order in which they are written.
    """
    parts = {
        "$open": pl.lit(f'{{"{scenario.id_field}":"'),
        "$id": pl.col("$id"),
        "$close": pl.lit('",'),
        **{name: pl.col(name) for name in frame.columns if not name.startswith("$")},
        "$name": pl.lit('"timestamp":'),
        "$time": pl.col("$time").cast(pl.String),
        "$end": pl.lit("}"),
    }
    plain = frame.select(text=pl.concat_str(*parts.values())).to_series()
    at = np.flatnonzero(frame["$fault"].to_numpy() >= MALFORMED)
    if not len(at):
        return plain
    spoilt = _spoilt(frame[at], parts, scenario, rng)
    place = np.arange(frame.height)
    place[at] = frame.height + np.arange(len(at))
    return plain.append(spoilt).gather(place)


def _spoilt(frame: pl.DataFrame, parts: dict[str, pl.Expr], scenario: Scenario, rng: Generator) -> pl.Series:
    fault = pl.col("$fault")
    required = (scenario.id_field, *scenario.required, "timestamp")
    frame = frame.with_columns(
        pl.Series("$missing", rng.integers(0, len(required), frame.height)),
        pl.Series("$ahead", rng.integers(2 * _DAY_MS, 400 * _DAY_MS, frame.height)),
        pl.Series("$cut", rng.random(frame.height)),
    )

    def missing(name: str) -> pl.Expr:
        return (fault == MISSING_FIELD) & (pl.col("$missing") == required.index(name))

    changed = dict(parts)
    no_id = missing(scenario.id_field)
    changed["$open"] = pl.when(no_id).then(pl.lit("{")).otherwise(parts["$open"])
    for name in ("$id", "$close"):
        changed[name] = pl.when(no_id).then(pl.lit("")).otherwise(parts[name])
    for name in scenario.required:
        changed[name] = pl.when(missing(name)).then(pl.lit("")).otherwise(parts[name])
    foreign = pl.lit(member(scenario.type_field, f'"{scenario.foreign_type}"'))
    kind = scenario.type_field
    changed[kind] = pl.when(fault == UNKNOWN_TYPE).then(foreign).otherwise(changed[kind])
    time = pl.col("$time")
    iso = pl.from_epoch(time, "ms").dt.to_string('"%Y-%m-%dT%H:%M:%S%.3fZ"')
    changed["$time"] = (
        pl.when(missing("timestamp"))
        .then(pl.lit("null"))
        .when(fault == WRONG_TYPE)
        .then(iso)
        .when(fault == FUTURE)
        .then((time + pl.col("$ahead")).cast(pl.String))
        .otherwise(parts["$time"])
    )
    text = pl.concat_str(*changed.values())
    cut = 1 + (pl.col("$cut") * (text.str.len_chars() - 1)).cast(pl.Int64)
    broken = pl.when(fault == MALFORMED).then(text.str.head(cut)).otherwise(text)
    return frame.select(text=broken).to_series()
