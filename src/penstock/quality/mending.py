"""Rows that were set aside, mended: values put into them, or computed from what they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from penstock.core import types as t
from penstock.core.errors import DataError, SqlError
from penstock.core.json_object import object_in
from penstock.sql.bind.expressions import ExpressionBinder
from penstock.sql.bind.scope import Origin, Scope
from penstock.sql.compile import compile_expr
from penstock.sql.functions.spec import Context
from penstock.sql.grammar import parse_expression
from penstock.sql.plan import Column

if TYPE_CHECKING:
    from collections.abc import Mapping

    from penstock.core.types import DataType

__all__ = ["Mending"]

_LARGEST = (1 << 63) - 1
_KINDS: dict[type, DataType] = {bool: t.BOOLEAN, int: t.BIGINT, float: t.DOUBLE, str: t.STRING, type(None): t.STRING}


class Mending:
    """Mends rows that are JSON objects.

    `values` are put in their place as they are; of `expressions`, in the dialect, each sees the row as it was: texts
    as STRING, numbers as BIGINT or DOUBLE, members of other kinds, and numbers beyond BIGINT, not at all.
    """

    def __init__(
        self, values: Mapping[str, Any], expressions: Mapping[str, str], context: Context | None = None
    ) -> None:
        """Raises SqlError for an expression that is none."""
        self._values = dict(values)
        self._texts = dict(expressions)
        self._parsed = {name: parse_expression(text) for name, text in expressions.items()}
        self._context = context or Context()

    def __call__(self, raw: bytes) -> bytes:
        """The row as it is to be.

        Raises DataError for one that is no JSON object, or of which a value cannot be computed, SqlError for an
        expression that does not fit its columns.
        """
        found = object_in(raw)
        if found is None:
            raise DataError(
                "only rows that are JSON objects can be mended by column",
                code="quality-row",
                where=raw[:200].decode("utf-8", "replace"),
                hint="penstock rejects replay DIR --id ID --edit opens a row of a stream as it is",
            )
        computed = {name: self._computed(name, found) for name in self._texts}
        return orjson.dumps({**found, **self._values, **computed}, default=str)

    def _computed(self, name: str, row: Mapping[str, Any]) -> Any:
        text = self._texts[name]
        known = {column: value for column, value in row.items() if _is_known(value)}
        columns = {column: _KINDS[type(value)] for column, value in known.items()}
        scope = Scope.of(Origin(text, "", self._context), (Column(n, kind) for n, kind in columns.items()))
        try:
            value = compile_expr(ExpressionBinder(scope, place="in a row").bind(self._parsed[name]), self._context)
        except SqlError as error:
            error.message = f"{name} = {text}: {error.message}"
            raise
        frame = pl.DataFrame({"": [0], **{n: pl.Series([v], dtype=columns[n].polars) for n, v in known.items()}})
        for failure in value.failures:
            if frame.select(failure.when.fill_null(False).any()).item():
                raise DataError(f"{name} = {text}: {failure.message}", code=failure.code)
        return frame.select(value.expr).item()


def _is_known(value: object) -> bool:
    return type(value) in _KINDS and not (type(value) is int and value > _LARGEST)
