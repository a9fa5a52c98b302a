"""The order of rows inside partitions, as ORDER BY has it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from penstock.engine.aggregation import Aggregation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from penstock.engine.operators.calc import Stage
    from penstock.sql.expr import Order
    from penstock.sql.functions.spec import Context
    from penstock.sql.plan import FirstRows, TopN

__all__ = ["Ranking"]


class Ranking:
    """Partition keys as `keys`, the expressions of ORDER BY as `names`; `stage` computes both, and SEQ.

    `columns` are those of the rows themselves.
    """

    def __init__(self, plan: TopN | FirstRows, context: Context) -> None:
        groups = Aggregation(plan.partition, (), context)
        self.keys = groups.key_names
        self.key_schema = groups.key_schema
        self.order: tuple[Order, ...] = plan.order
        self.columns = [c.name for c in plan.input.columns]
        self.names = [f"o{i}" for i in range(len(plan.order))]
        self.stage: Stage = groups.input([(n, o.expr) for n, o in zip(self.names, plan.order, strict=True)])

    @property
    def schema(self) -> dict[str, pl.DataType]:
        """The Polars types of `names`."""
        return {n: o.expr.type.polars for n, o in zip(self.names, self.order, strict=True)}

    def sorted(self, rows: pl.DataFrame, *first: str) -> pl.DataFrame:
        """`rows` in order of the columns `first`, then of ORDER BY; equal ones as they are."""
        return rows.sort(
            *first,
            *self.names,
            descending=[False] * len(first) + [o.descending for o in self.order],
            nulls_last=[False] * len(first) + [not o.nulls_first for o in self.order],
            maintain_order=True,
        )

    def places(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """A number for each row: the less, the earlier in the order; the same for equal ones."""
        arranged = self.sorted(rows.with_row_index("$i"))
        found = np.empty(rows.height, np.int64)
        found[arranged["$i"].to_numpy()] = arranged.select(pl.struct(self.names).rle_id()).to_series().to_numpy()
        return found
