"""Flink SQL statements on a project: they change its catalog, define pipelines, and answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from penstock.core.errors import ConfigError
from penstock.history import Result
from penstock.project.evaluate import rows_of
from penstock.sql.session import Answer, Rows, Write

if TYPE_CHECKING:
    from penstock.project.penstock import Penstock

__all__ = ["execute"]


def execute(penstock: Penstock, text: str) -> Result | None:
    """Execute them one after the other; the result of the last that has one. Raises SqlError at the first wrong one."""
    result: Result | None = None
    for outcome in penstock.session.run(text):
        if isinstance(outcome, Answer):
            schema = {c.name: c.type.polars for c in outcome.query.columns}
            frames = list(rows_of(outcome.query, outcome.context, penstock.world, penstock.settings))
            result = Result(pl.concat([pl.DataFrame(schema=schema), *(f.select(*schema) for f in frames)]))
        elif isinstance(outcome, Rows):
            result = Result(pl.DataFrame(outcome.rows, schema=list(outcome.names), orient="row", strict=False))
        elif isinstance(outcome, Write):
            if penstock.current is not None:
                raise ConfigError("the engine is running; stop it before you INSERT", code="running")
            penstock.definition.define(outcome)
    return result
