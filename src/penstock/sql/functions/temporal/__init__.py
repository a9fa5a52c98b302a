"""Dates, times and timestamps."""

from __future__ import annotations

from typing import TYPE_CHECKING

from penstock.sql.functions.temporal import arithmetic, clock, extract, readings, rounding, texts, watermark

if TYPE_CHECKING:
    from penstock.sql.functions.spec import Function

__all__ = ["FUNCTIONS"]

FUNCTIONS: tuple[Function, ...] = (
    *extract.FUNCTIONS,
    *rounding.FUNCTIONS,
    *arithmetic.FUNCTIONS,
    *texts.FUNCTIONS,
    *readings.FUNCTIONS,
    *clock.FUNCTIONS,
    *watermark.FUNCTIONS,
)
