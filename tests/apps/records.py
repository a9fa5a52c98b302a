"""Simulated records for tests: made once for each set of arguments, as frames and as Python values."""

from __future__ import annotations

from functools import cache
from typing import Any

import polars as pl

from penstock.apps import events


@cache
def records(app: str, **arguments: Any) -> pl.DataFrame:
    """All records in the order of their topics: topic, key, value, timestamp, fault."""
    parts: dict[str, list[pl.DataFrame]] = {}
    for made in events(app, **arguments):
        for topic, frame in made.topics.items():
            parts.setdefault(topic, []).append(frame.with_columns(made.faults[topic], topic=pl.lit(topic)))
    return pl.concat([pl.concat(frames) for frames in parts.values()])


@cache
def told(app: str, **arguments: Any) -> pl.DataFrame:
    """The JSON of records without malformed ones, as columns, with `topic` and `sent`, in the order of event time."""
    made = records(app, **arguments)
    frame = pl.read_ndjson(b"\n".join(made["value"]), infer_schema_length=None)
    return frame.with_columns(made["topic"], made["timestamp"].alias("sent")).sort("timestamp", maintain_order=True)
