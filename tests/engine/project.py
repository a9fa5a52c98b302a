"""A small project in a folder: events of three partitions, SQL, and what the tests ask of it."""

from __future__ import annotations

import datetime as dt
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core.clock import ManualClock
from penstock.project.build import make_pipeline
from penstock.project.definition import read_definition
from penstock.project.home import HOME
from penstock.project.penstock import Penstock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from penstock.core.clock import Clock
    from penstock.engine.pipeline import Pipeline

START = dt.datetime(2024, 1, 1)  # noqa: DTZ001  # a TIMESTAMP(3) has no zone
NOW = 1_704_067_200_000
"""The same moment, in ms."""

EVENTS = """
CREATE TABLE e (id BIGINT, k STRING, v BIGINT, ts TIMESTAMP(3), WATERMARK FOR ts AS ts - INTERVAL '5' SECOND)
WITH ('connector' = 'kafka', 'topic' = 'e', 'format' = 'json');
"""

RESULTS = """
CREATE TABLE r (k STRING, window_end TIMESTAMP(3), n BIGINT, s BIGINT)
WITH ('connector' = 'kafka', 'topic' = 'r', 'format' = 'json');
"""

COUNT = """
INSERT INTO r SELECT k, window_end, COUNT(*), SUM(v)
FROM TABLE(TUMBLE(TABLE e, DESCRIPTOR(ts), INTERVAL '10' SECOND)) GROUP BY k, window_start, window_end;
"""

TOTALS = EVENTS + RESULTS + COUNT
"""Ten seconds' count and sum per key."""


def write_project(folder: Path, sql: str, *, partitions: int = 1, **engine: object) -> Path:
    """A project whose topic e has so many partitions; `engine` are settings (`_` for `-`)."""
    (folder / "sql").mkdir(parents=True, exist_ok=True)
    settings = {"threads": 1, **engine}
    lines = [f"{name.replace('_', '-')} = {orjson.dumps(value).decode()}" for name, value in settings.items()]
    text = "[engine]\n" + "\n".join(lines) + f'\n[log]\ndurability = "relaxed"\n[topics.e]\npartitions = {partitions}\n'
    (folder / "penstock.toml").write_text(text)
    (folder / "sql" / "1-main.sql").write_text(sql)
    return folder


def opened(folder: Path, clock: Clock | None = None) -> Penstock:
    """The project as a new process would find it; time stands still if no clock says otherwise."""
    return Penstock(read_definition(folder), folder / HOME, clock or ManualClock(NOW))


@contextmanager
def restored(penstock: Penstock, **how: Any) -> Iterator[Pipeline]:
    """The project's only pipeline, where its last checkpoint left it, to be run by hand; a crash if left as it is."""
    (definition,) = penstock.definition.pipelines
    pipeline = make_pipeline(definition, penstock.world, penstock.settings, **how)
    try:
        pipeline.restore()
        yield pipeline
    finally:
        pipeline.close()


def event(number: int, second: float | None, key: str = "a", value: int = 1) -> dict[str, Any]:
    """A row of table e at `second` after START; None: without a time."""
    time = None if second is None else START + dt.timedelta(seconds=second)
    return {"id": number, "k": key, "v": value, "ts": time}


def append(penstock: Penstock, events: Iterable[Mapping[str, Any]], partition: int | None = None) -> None:
    """Append rows of table e, to one partition if it is given."""
    rows = list(events)
    if partition is None:
        penstock.append("e", rows)
        return
    values = [orjson.dumps({**r, "ts": r["ts"] and r["ts"].isoformat(sep=" ", timespec="milliseconds")}) for r in rows]
    append_raw(penstock, values, partition)


def append_raw(penstock: Penstock, values: list[bytes], partition: int = 0) -> None:
    """Append records of these bytes to the topic of table e."""
    schema = {"value": pl.Binary, "partition": pl.Int32}
    penstock.append("e", pl.DataFrame({"value": values, "partition": [partition] * len(values)}, schema=schema))


def seconds(moment: dt.datetime | None) -> float | None:
    return None if moment is None else (moment.replace(tzinfo=None) - START).total_seconds()


def rows(penstock: Penstock, table: str = "r") -> list[tuple[Any, ...]]:
    """What was committed to a table, sorted; moments as seconds after START."""
    found = penstock.query(f'SELECT * FROM "{table}"' if "." not in table else f"SELECT * FROM {table}").rows()
    plain = [tuple(seconds(v) if isinstance(v, dt.datetime) else v for v in row) for row in found]
    return sorted(plain, key=repr)


def fates(penstock: Penstock) -> dict[str, dict[str, int]]:
    """The ledger, by operator, without zeros."""
    lines = penstock.ledger().to_dicts()
    return {
        line.pop("operator"): {k: v for k, v in line.items() if k not in ("pipeline", "kind") and v} for line in lines
    }


def late(penstock: Penstock) -> list[tuple[Any, ...]]:
    """(id, first window lost, windows lost, watermark then, reason, lost altogether) of the late rows."""
    found = penstock.query("SELECT * FROM penstock.late").dicts()
    return [
        (
            orjson.loads(r["raw"])["id"],
            seconds(r["window_end"]),
            r["windows"],
            seconds(r["watermark"]),
            r["reason"],
            r["lost"],
        )
        for r in found
    ]
