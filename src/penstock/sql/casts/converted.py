"""What a cast gives: the value, and where there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

__all__ = ["Converted"]


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted value, NULL where there is none.

    `lost` holds where CAST fails and TRY_CAST gives NULL; `fatal` where both fail. None means never.
    """

    expr: pl.Expr
    lost: pl.Expr | None = None
    fatal: pl.Expr | None = None
