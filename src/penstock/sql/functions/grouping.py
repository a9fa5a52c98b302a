"""GROUPING and GROUPING_ID: the binder puts their values in per grouping set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.core import types as t
from penstock.sql.functions.signatures import ANY, takes
from penstock.sql.functions.spec import Function

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from penstock.core.types import DataType
    from penstock.sql.functions.spec import Context, Value

__all__ = ["FUNCTIONS"]


def _never(_context: Context, _args: Sequence[Value], _result: DataType, _clauses: Mapping[str, Any]) -> pl.Expr:
    raise TypeError("GROUPING has a value in a grouped query only")


_LONG = t.BIGINT.with_nullable(False)

FUNCTIONS = tuple(
    Function(
        name=name,
        kind="grouping",
        syntax=f"{name}(key, ...)",
        text="A bit per key, 1 where the row's grouping set leaves the key out.",
        bind=takes(ANY, variadic=ANY, gives=lambda _: _LONG),
        build=_never,
    )
    for name in ("GROUPING", "GROUPING_ID")
)
