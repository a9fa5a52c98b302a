"""`ColumnFigures`: what a load found in the columns of a source; the table `column_figures` of the warehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.warehouse.database import Table

if TYPE_CHECKING:
    import datetime as dt

    from penstock.warehouse.database import Session

__all__ = ["ColumnFigures"]

_TABLE = Table("", "column_figures")
_TIME = pl.Datetime("us", "UTC")


class ColumnFigures:
    """Of one source in one run, added up frame by frame: how many values are missing, and the latest of each time.

    Columns whose names begin with `_` are the system's own and left out.
    """

    def __init__(self) -> None:
        self._rows = 0
        self._missing: dict[str, int] = {}
        self._latest: dict[str, dt.datetime] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Count the rows of one more frame."""
        self._rows += frame.height
        own = frame.select(name for name in frame.columns if not name.startswith("_"))
        if not own.columns:
            return
        for name, missing in own.null_count().row(0, named=True).items():
            self._missing[name] = self._missing.get(name, 0) + missing
        times = {name: kind for name, kind in own.schema.items() if isinstance(kind, (pl.Date, pl.Datetime))}
        if not times:
            return
        found = own.select(_instant(name, kind).max() for name, kind in times.items())
        for name, latest in found.row(0, named=True).items():
            if latest is not None:
                self._latest[name] = max(latest, self._latest.get(name, latest))

    def write(self, session: Session, run: str, source: str, at: dt.datetime) -> None:
        """Keep them, as what `run` found in `source` at a moment; those that it has left there before are replaced."""
        session.run(f"DELETE FROM {_TABLE.sql} WHERE run = $1 AND source = $2", run, source)
        count = self._rows
        rows = [
            (run, source, name, at, count, missing, missing / count if count else None, self._latest.get(name))
            for name, missing in self._missing.items()
        ]
        schema: dict[str, Any] = {"run": pl.String, "source": pl.String, "name": pl.String, "time": _TIME}
        schema |= {"rows": pl.Int64, "missing": pl.Int64, "missing_rate": pl.Float64, "latest": _TIME}
        session.append(_TABLE, [pl.DataFrame(rows, schema, orient="row")])


def _instant(name: str, kind: pl.DataType) -> pl.Expr:
    """A column as moments; local times and days are taken for those of UTC."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        return column.dt.convert_time_zone("UTC").dt.cast_time_unit("us")
    return column.cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
