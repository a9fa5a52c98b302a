"""A program whose children kill themselves on the way of records from a source through a topic into the warehouse.

A line of JSON a kill: how many messages and rows there are when another child has done the same after it. It ends with
the first child that had nothing left to kill itself at.

    python -m tests.jobs.streamed FOLDER
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.clock import SystemClock
from penstock.log import Log
from penstock.warehouse import DuckDatabase, ingestion, migrate
from penstock.warehouse.duck import DuckSession
from penstock.warehouse.load import Load
from penstock.warehouse.schema_files import SchemaFiles
from penstock.warehouse.sources.source_file import read_source
from penstock.warehouse.sources.topic import read_topic
from tests.jobs.forks import forked
from tests.warehouse.loads import Told

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["COUNT"]

COUNT = 50
"""Records, each of which the source gives twice."""
SOURCE = (
    'kind = "topic"\ninto = "staging.users"\nmode = "changes"\ntopic = "data-stream"\ngroup = "g"\nschema = "users"'
)
SCHEMA = '[columns.id]\ntype = "BIGINT"\n[columns.name]\ntype = "STRING"\n'


class Users:
    """A source, and its one part."""

    name, mark = "users", "all"

    def parts(self, _: Mapping[str, str]) -> Iterator[Users]:
        yield self

    def frames(self) -> Iterator[pl.DataFrame]:
        ids = [str(number) for number in range(COUNT)] * 2
        yield pl.DataFrame({"id": ids, "name": [f"user {number}" for number in ids]})


def work(folder: Path, kill_at: int) -> None:
    """Both jobs; the process kills itself before or after its `kill_at`th commit or statement."""
    passed = 0

    def pass_by() -> None:
        nonlocal passed
        passed += 1
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    def passing(call: Any) -> Any:
        def passed_by(*given: Any) -> Any:
            pass_by()
            done = call(*given)
            pass_by()
            return done

        return passed_by

    if kill_at:
        Log.submit = passing(Log.submit)  # type: ignore[method-assign]
        DuckSession.run = passing(DuckSession.run)  # type: ignore[method-assign]
    ingestion._ROWS = 20
    log = Log.open(folder / "log.db", durability="relaxed")
    log.ensure_topic("data-stream", 2)
    ingestion.Ingestion(log, "data-stream", SystemClock()).ingest("users", Users(), lambda: None)
    database = DuckDatabase(folder / "dw.duckdb", threads=1)
    migrate(database)
    said = read_source("stream", SOURCE)
    load = Load(said, lambda _: read_topic(said.own, log), SchemaFiles(folder), database, SystemClock())
    if load.done("run") is None:
        load.do("run", Told())


def tell(folder: Path, kill_at: int) -> None:
    """What there is."""
    log = Log.open(folder / "log.db", durability="relaxed")
    with DuckDatabase(folder / "dw.duckdb", threads=1).transaction() as session:
        rows = session.rows("SELECT count(*), count(DISTINCT id), count(DISTINCT _run_id) FROM staging.users")
        marks = session.rows("SELECT sum(CAST(digest AS BIGINT)) FROM _parts")
    told = {"messages": sum(log.ends("data-stream").values()), "rows": rows[0], "read": int(marks[0][0])}
    print(json.dumps({"at": kill_at, **told}), flush=True)


def main(place: Path) -> None:
    killed, kill_at = True, -2
    while killed:
        kill_at += 3  # before one, after the next
        folder = place / str(kill_at)
        (folder / "schemas").mkdir(parents=True)
        (folder / "schemas" / "users.toml").write_text(SCHEMA)
        killed = forked(work, folder, kill_at)
        forked(work, folder, 0)
        forked(tell, folder, kill_at)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
