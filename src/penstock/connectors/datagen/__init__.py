"""`datagen`: a table of made-up rows."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from penstock.connectors.datagen.columns import Bits, Rows
from penstock.connectors.datagen.fields import FIELD_OPTIONS, plan_columns
from penstock.connectors.spec import Connector
from penstock.core.batch import SEQ
from penstock.core.edges import Chunk, Scanned, no_bad_rows
from penstock.core.options import Option, integer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from penstock.connectors.datagen.fields import Plan
    from penstock.connectors.spec import TableOptions
    from penstock.connectors.world import World
    from penstock.sql.plan import Scan

__all__ = ["DATAGEN", "FIELD_OPTIONS", "DatagenReader", "datagen_reader"]

RATE = Option("rows-per-second", integer(1), 10_000, "How fast rows come.")
NUMBER: Option[int | None] = Option(
    "number-of-rows", integer(0), None, "How many rows there are; without it they never end."
)
SEED: Option[int | None] = Option(
    "seed",
    integer(),
    None,
    "With the same seed come the same rows. Without it, others each time.",
    own=True,
)
PARALLELISM = Option("scan.parallelism", integer(1), 1, "Without effect.")


class DatagenReader:
    """Makes the rows of one scan; the place of a row is its number.

    Rows are due at the rate since the first was read, or since reading went on. Timestamps tell when a
    row was due.
    """

    def __init__(
        self, name: str, table: str, key: str, plan: Plan, needs: tuple[str, ...], options: TableOptions, world: World
    ) -> None:
        values = options.values
        self.name = name
        self.table = table
        self.key = key
        self._makers = {n: plan.makers[n] for n in needs}
        self._clock = world.clock
        self._endless = world.endless
        self._rate = values[RATE]
        ends = [n for n in (values[NUMBER], plan.rows) if n is not None]
        self._end = min(ends) if ends else None
        self._given_seed = values[SEED]
        self.seek(None)

    def seek(self, position: Any) -> None:
        self._row: int = 0 if position is None else position["row"]
        seed = secrets.randbits(63) if self._given_seed is None else self._given_seed
        self._seed: int = seed if position is None else position["seed"]
        self._began: tuple[int, float, int] | None = None
        """The row, the clock's seconds and the time (ms) at which reading began."""

    def read(self, rows: int) -> Callable[[], Scanned] | None:
        if self._began is None:
            self._began = (self._row, self._clock.monotonic(), self._clock.now_ms())
        first, since, time = self._began
        due = first + int((self._clock.monotonic() - since) * self._rate) + 1
        start, stop = self._row, min(self._row + rows, due if self._end is None else min(due, self._end))
        if stop <= start:
            return None
        self._row = stop
        position = {"row": stop, "seed": self._seed}
        bits = Bits(self._seed % (1 << 64))

        def job() -> Scanned:
            number = np.arange(start, stop, dtype=np.int64)
            made = Rows(number.view(np.uint64), time + (number - first) * 1000 // self._rate)
            columns = [m.make(made, bits.inner(n)).alias(n) for n, m in self._makers.items()]
            frame = pl.DataFrame([*columns, pl.Series(SEQ, number)])
            chunk = Chunk(frame, stop - start, no_bad_rows(), self._origins)
            return Scanned({self.key: chunk}, stop - 1, position)

        return job

    def _origins(self, seq: NDArray[np.int64], /, *, raw: bool = True) -> pl.DataFrame:
        return pl.DataFrame({"offset": seq}).select(
            pl.lit(self.table).alias("topic"),
            pl.lit(0, dtype=pl.Int32).alias("partition"),
            "offset",
            pl.lit(None, dtype=pl.Binary).alias("raw"),
        )

    def bound(self) -> None:
        if self._end is None and not self._endless:
            self._end = self._row

    @property
    def ended(self) -> bool:
        return self._end is not None and self._row >= self._end

    def wait(self, seconds: float) -> bool:
        if self._began is None:
            return True
        first, since, _ = self._began
        left = (self._row - first) / self._rate - (self._clock.monotonic() - since)
        if left > 0:
            self._clock.sleep(min(seconds, left))
        return left <= seconds

    def group_offsets(self, position: Any) -> Mapping[str, Mapping[str, Mapping[int, int]]]:
        return {}

    def raw(self, places: pl.DataFrame) -> pl.Series:
        return pl.repeat(None, places.height, dtype=pl.Binary, eager=True).alias("raw")

    def tick(self) -> None:
        """Rows come at their rate; none is waited for."""

    def close(self) -> None:
        """Nothing is held."""


def datagen_reader(scan: Scan, key: str, options: TableOptions, needs: tuple[str, ...], world: World) -> DatagenReader:
    """The reader of one scan of a `datagen` table. Raises ConfigError and UnsupportedError for wrong options."""
    options.check_metadata()
    plan = plan_columns(options.physical, options.passed, options.where)
    name = f"datagen/{scan.table.name}/{key}"
    return DatagenReader(name, scan.table.name, key, plan, needs, options, world)


_NOTES = """
In `fields.#.` stands the name of a column for `#`. After a restart the rows go on where they were. With a `seed`,
the rows of two runs are the same, but for timestamps: these tell when a row was due.
"""

DATAGEN = Connector(
    name="datagen",
    text="Made-up rows, for trying things out.",
    notes=_NOTES,
    options=(RATE, NUMBER, SEED, PARALLELISM),
    prefixes=("fields.",),
    sink=False,
    make_reader=datagen_reader,
)
