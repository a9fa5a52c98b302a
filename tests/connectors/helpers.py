"""Tables over files, and what is read of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast

import polars as pl

from penstock.connectors import CONNECTORS
from penstock.connectors.spec import TableOptions
from penstock.connectors.world import World
from penstock.core import types as t
from penstock.core.clock import ManualClock
from penstock.sql.catalog import Table, TableColumn
from penstock.sql.plan import Column, Scan, Sink, Values

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from penstock.core.edges import Chunk, Reader
    from penstock.core.types import DataType
    from penstock.log import Log

    Columns = Mapping[str, DataType | tuple[str, DataType]]
    """The columns of a table by name; a pair is METADATA FROM its first part."""

INT, STRING = t.INT, t.STRING


NO_LOG = cast("Log", None)
"""These connectors live outside of the log."""


def world(folder: Path, **changes: Any) -> World:
    return World(**{"log": NO_LOG, "folder": folder, "clock": ManualClock(), **changes})


def table(columns: Columns, partitioned_by: tuple[str, ...] = (), **options: Any) -> Table:
    """A table."""
    made = tuple(
        TableColumn(n, c[1], metadata=c[0], virtual=True) if isinstance(c, tuple) else TableColumn(n, c)
        for n, c in columns.items()
    )
    return Table(("c", "d", "t"), made, {k: str(v) for k, v in options.items()}, partitioned_by=partitioned_by)


def files(
    columns: Columns,
    path: Path | str,
    options: Mapping[str, Any] | None = None,
    *,
    partitioned_by: tuple[str, ...] = (),
    encoding: str = "json",
) -> Table:
    """A `filesystem` table."""
    return table(
        columns, partitioned_by, **{"connector": "filesystem", "path": path, "format": encoding, **(options or {})}
    )


def reader(of: Table, world: World, *needs: str) -> Any:
    """The reader of a scan of all stored columns, or of `needs`."""
    connector = CONNECTORS[of.connector]
    assert connector.make_reader is not None
    wanted = needs or tuple(c.name for c in of.columns)
    columns = tuple(Column(c.name, c.type) for c in of.columns)
    return connector.make_reader(Scan(columns, of), "key", TableOptions(of, connector), wanted, world)


def sink(into: Table, world: World, *, overwrite: bool = False) -> Any:
    connector = CONNECTORS[into.connector]
    assert connector.make_sink is not None
    columns = tuple(Column(c.name, c.type) for c in into.columns)
    plan = Sink(columns, Values(columns, ()), into, overwrite)
    return connector.make_sink(plan, TableOptions(into, connector), world)


def chunks(of: Reader, rows: int = 1000) -> list[Chunk]:
    """All there is to read now."""
    found = []
    while (job := of.read(rows)) is not None:
        found.append(job().chunks["key"])
    return found


def rows(of: Reader, rows: int = 1000) -> list[tuple[Any, ...]]:
    """The rows that there are to read now, without their places."""
    return [row for chunk in chunks(of, rows) for row in chunk.frame.select(pl.exclude("$seq")).rows()]


def again(position: Any) -> Any:
    """A position as the log keeps it."""
    return json.loads(json.dumps(position))


def parted(values: dict[str | None, list[int]]) -> pl.DataFrame:
    pairs = [(a, p) for p, numbers in values.items() for a in numbers]
    return pl.DataFrame(pairs, schema={"a": pl.Int32, "p": pl.String}, orient="row")


def checkpoint(out: Any) -> int:
    """A checkpoint; how many rows it showed."""
    prepared = out.prepare(1, None)
    out.snapshot()
    if prepared.token:
        out.commit(prepared.token)
    return int(prepared.rows)


def shown(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("[!._]*") if p.is_file() and "/." not in str(p))
