"""Constant rows (VALUES, SELECT without FROM) as a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from penstock.core.batch import SEQ
from penstock.core.edges import Chunk, Scanned, no_bad_rows
from penstock.core.errors import DataError
from penstock.engine.sideoutput import BAD, failure_columns
from penstock.sql.compile import compile_expr

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import Values

__all__ = ["ValuesReader", "evaluated"]


def evaluated(plan: Values, context: Context) -> pl.DataFrame:
    """The rows of VALUES. Raises DataError where Flink would fail on one."""
    frames: list[pl.DataFrame] = []
    for row in plan.rows:
        values = [compile_expr(e, context) for e in row]
        failures = [f for v in values for f in v.failures]
        exprs = [v.expr.cast(c.type.polars).alias(c.name) for v, c in zip(values, plan.columns, strict=True)]
        frame = pl.select(*exprs, *failure_columns(failures), pl.lit(len(frames), dtype=pl.Int64).alias(SEQ))
        if failures and frame[BAD][0]:
            failure = failures[frame[BAD][0] - 1]
            where = f"{failure.expression} in VALUES" if failure.expression else "VALUES"
            raise DataError(failure.message, code=failure.code, where=where)
        frames.append(frame.select(*(c.name for c in plan.columns), SEQ))
    return pl.concat(frames)


class ValuesReader:
    """All VALUES of a pipeline, each under the key of its scan; read in one poll."""

    name = "values"

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self.frames = frames
        self._done = False

    def seek(self, position: Any) -> None:
        self._done = position is not None

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        if self._done:
            return None
        self._done = True
        height = max(f.height for f in self.frames.values())
        chunks = {key: Chunk(frame, frame.height, no_bad_rows(), self._origins) for key, frame in self.frames.items()}
        return lambda: Scanned(chunks, height - 1, {"done": True})

    @staticmethod
    def _origins(seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:  # noqa: ARG004  # there are no bytes
        missing = {"partition": pl.Int32, "offset": pl.Int64, "raw": pl.Binary}
        return pl.DataFrame({"topic": ["VALUES"] * len(seq)}).with_columns(
            pl.lit(None, dtype=t).alias(n) for n, t in missing.items()
        )

    @property
    def ended(self) -> bool:
        return self._done

    def bound(self) -> None:
        """Constant rows are bounded."""

    def wait(self, seconds: float) -> bool:
        return False

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        return {}

    def raw(self, places: pl.DataFrame) -> pl.Series:
        return pl.repeat(None, places.height, dtype=pl.Binary, eager=True).alias("raw")

    def tick(self) -> None:
        """Time does not matter to constants."""

    def close(self) -> None:
        """Nothing is held."""
